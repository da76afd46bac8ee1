package dev.varve.compact;

import dev.varve.compact.SnapshotBuilder.Datum;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementKind;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Of every element in a run its newest version, and what all its versions did together. */
final class NewestOfEach {

  private final VersionRun versions;
  private final VersionCodec codec = new VersionCodec();
  private final AvroOutput rewritten = new AvroOutput();
  private boolean ahead;
  private byte[] record = new byte[512];
  private int length;
  private ElementKind kind = ElementKind.VERTEX;
  private String id = "";
  private @Nullable VersionHeader header;
  private @Nullable Provenance provenance;
  private Fingerprint moved = Fingerprint.EMPTY;

  NewestOfEach(VersionRun versions) throws IOException {
    this.versions = versions;
    this.ahead = versions.next();
  }

  /** Moves to the next element; false at the end. */
  boolean next() throws IOException {
    if (!ahead) {
      return false;
    }
    kind = versions.kind();
    id = versions.id();
    moved = Fingerprint.EMPTY;
    do {
      VersionHeader next = versions.header();
      header = next;
      provenance = versions.provenance();
      moved = moved.after(next);
      Datum datum = versions.datum();
      length = datum.length();
      if (record.length < length) {
        record = new byte[length * 2];
      }
      System.arraycopy(datum.bytes(), datum.offset(), record, 0, length);
      ahead = versions.next();
    } while (ahead && versions.kind() == kind && versions.id().equals(id));
    return true;
  }

  ElementKind kind() {
    return kind;
  }

  String id() {
    return id;
  }

  VersionHeader header() {
    VersionHeader known = header;
    if (known == null) {
      throw new IllegalStateException("next() comes first");
    }
    return known;
  }

  /** Where the newest version comes from. */
  Provenance provenance() {
    Provenance known = provenance;
    if (known == null) {
      throw new IllegalStateException("next() comes first");
    }
    return known;
  }

  /** The newest version as it is; valid until {@link #next}. */
  Datum datum() {
    return new Datum(record, 0, length);
  }

  /**
   * The newest version's header, made to lead from what was before the oldest of its versions: what
   * it replaces is then no version in between, but the one that all of them took the place of.
   */
  VersionHeader headerOfAll() {
    VersionHeader newest = header();
    if (newest.lost()) {
      return newest;
    }
    Fingerprint before =
        Fingerprint.EMPTY
            .after(alone(newest, Optional.empty()))
            .minus(new ElementHash(moved.high(), moved.low()));
    Optional<ElementHash> replaced =
        before.equals(Fingerprint.EMPTY)
            ? Optional.empty()
            : Optional.of(new ElementHash(before.high(), before.low()));
    return replaced.equals(newest.replaced()) ? newest : alone(newest, replaced);
  }

  /** The newest version with {@link #headerOfAll}; valid until {@link #next}. */
  Datum datumOfAll() {
    VersionHeader wanted = headerOfAll();
    if (wanted == header()) {
      return datum();
    }
    AvroInput in = new AvroInput(record, 0, length);
    rewritten.clear().writeString(in.readString());
    codec.readHeader(in);
    codec.writeHeader(wanted, rewritten);
    rewritten.raw(record, in.position(), in.remaining());
    return new Datum(rewritten.array(), 0, rewritten.length());
  }

  private static VersionHeader alone(VersionHeader header, Optional<ElementHash> replaced) {
    return new VersionHeader(
        header.dot(),
        header.committedAtMicros(),
        header.weight(),
        header.vector(),
        header.hash(),
        replaced,
        header.lost(),
        header.alteredLabels(),
        header.alteredProperties());
  }
}
