package dev.varve.restore;

import dev.varve.archive.DamagedException;
import dev.varve.archive.HeldVersion;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.topology.Fingerprint;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One pass over the live elements of one kind. */
final class MergePass implements LiveElements {

  private final ElementKind kind;
  private final String location;
  private final NewestVersions newest;
  private final Consumer<ElementId> removed;
  private final Consumer<Totals> atEnd;
  private final ThreadLocal<ElementCodec> codecs = ThreadLocal.withInitial(ElementCodec::new);
  private final boolean hashed;
  private Fingerprint sum = Fingerprint.EMPTY;
  private long live;
  private boolean ended;

  /**
   * What a whole pass adds up to.
   *
   * @param live elements
   * @param sum of their hashes; absent if the pass did not ask for them
   * @param moved by how much the versions of partial manifests move the fingerprint
   * @param versions read
   */
  record Totals(long live, Optional<Fingerprint> sum, Fingerprint moved, long versions) {}

  /**
   * @param hashed whether the hashes of the elements are added up
   */
  MergePass(
      ElementKind kind,
      String location,
      NewestVersions newest,
      boolean hashed,
      Consumer<ElementId> removed,
      Consumer<Totals> atEnd) {
    this.kind = kind;
    this.location = location;
    this.newest = newest;
    this.hashed = hashed;
    this.removed = removed;
    this.atEnd = atEnd;
  }

  @Override
  public @Nullable LiveElement next() {
    for (Version version = newest.next(); version != null; version = newest.next()) {
      if (!version.held().removed()) {
        if (hashed) {
          sum = sum.plus(version.held().hash().orElseThrow());
        }
        live++;
        return new Encoded(new ElementId(kind, version.id()), version.held());
      }
      removed.accept(new ElementId(kind, version.id()));
    }
    if (!ended) {
      ended = true;
      Optional<Fingerprint> added = hashed ? Optional.of(sum) : Optional.empty();
      atEnd.accept(new Totals(live, added, newest.moved(), newest.versions()));
    }
    return null;
  }

  @Override
  public void close() {
    newest.close();
  }

  private final class Encoded implements LiveElement {
    private final ElementId id;
    private final HeldVersion version;

    Encoded(ElementId id, HeldVersion version) {
      this.id = id;
      this.version = version;
    }

    @Override
    public ElementId id() {
      return id;
    }

    @Override
    public ElementHash hash() {
      return version.hash().orElseThrow();
    }

    @Override
    public int stateBytes() {
      return version.stateBytes();
    }

    @Override
    public Optional<AvroInput> encodedState() {
      return Optional.of(version.state());
    }

    @Override
    public Element state() {
      try {
        Element state = codecs.get().readState(version.state()).orElseThrow();
        if (state.kind() == kind) {
          return state;
        }
        throw damaged("it has the state of a " + state.kind(), null);
      } catch (MalformedRecordException e) {
        throw damaged(String.valueOf(e.getMessage()), e);
      }
    }

    private DamagedException damaged(String what, @Nullable Throwable cause) {
      return new DamagedException("the state of " + id + " in " + location, what, cause);
    }
  }
}
