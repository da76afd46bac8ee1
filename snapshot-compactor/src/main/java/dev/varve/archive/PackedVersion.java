package dev.varve.archive;

import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementKind;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.VersionCodec;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A version in a {@code SegmentBlock}: where in the block its parts are. */
final class PackedVersion implements HeldVersion {

  private final ElementKind kind;
  private final String id;
  private final byte[] block;

  // set by the reader that goes through the block, once
  byte[] site = new byte[0];
  long seq;
  long index;
  long committedAt;
  int seenAt;
  int labelsAt;
  int propertiesAt;
  int stateAt;
  int stateEnd;
  boolean lost;
  boolean removed;

  private @Nullable ElementHash hash;

  PackedVersion(ElementKind kind, String id, byte[] block) {
    this.kind = kind;
    this.id = id;
    this.block = block;
  }

  @Override
  public boolean removed() {
    return removed;
  }

  @Override
  public Optional<ElementHash> hash() {
    return hash == null && !removed ? hash(new StateHashes(kind)) : Optional.ofNullable(hash);
  }

  /** The hash of the state, made by those if it was not yet. */
  Optional<ElementHash> hash(StateHashes hashes) {
    if (hash == null && !removed) {
      hash = hashes.read(id, state()).orElseThrow();
    }
    return Optional.ofNullable(hash);
  }

  @Override
  public VersionHeader header() {
    AvroOutput version = new AvroOutput();
    write(version);
    return new VersionCodec().readHeader(new AvroInput(version.array(), 0, version.length()));
  }

  @Override
  public AvroInput state() {
    return new AvroInput(block, stateAt, stateBytes());
  }

  @Override
  public int stateBytes() {
    return stateEnd - stateAt;
  }

  /** Writes the version as the tables have it. */
  void write(AvroOutput out) {
    out.raw(site, 0, site.length).writeLong(seq).writeLong(index).writeLong(committedAt);
    writeSeen(out);
    Optional<ElementHash> known = hash();
    if (known.isPresent()) {
      out.writeInt(1).writeFixedLong(known.get().high()).writeFixedLong(known.get().low());
    } else {
      out.writeInt(0);
    }
    out.writeInt(0); // what it replaced
    out.writeBoolean(lost);
    copyStrings(labelsAt, out);
    copyStrings(propertiesAt, out);
    out.raw(block, stateAt, stateBytes());
  }

  private void writeSeen(AvroOutput out) {
    AvroInput in = from(seenAt);
    if (in.readBranch(2) == ElementBlockWriter.NOTHING_MORE_SEEN) {
      out.writeLong(seq).writeInt(1).raw(site, 0, site.length).writeLong(seq).writeInt(0);
    } else {
      out.writeLong(in.readLong());
      int at = in.position();
      AvroSkips.vector(in);
      out.raw(block, at, in.position() - at);
    }
  }

  private void copyStrings(int at, AvroOutput out) {
    AvroInput in = from(at);
    AvroSkips.strings(in);
    out.raw(block, at, in.position() - at);
  }

  private AvroInput from(int at) {
    return new AvroInput(block, at, block.length - at);
  }
}
