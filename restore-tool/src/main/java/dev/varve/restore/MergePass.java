package dev.varve.restore;

import dev.varve.archive.DamagedException;
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
  private Fingerprint sum = Fingerprint.EMPTY;
  private long live;
  private boolean ended;

  /**
   * What a whole pass adds up to.
   *
   * @param live elements
   * @param sum of their hashes
   * @param moved by how much the versions of partial manifests move the fingerprint
   * @param versions read
   */
  record Totals(long live, Fingerprint sum, Fingerprint moved, long versions) {}

  MergePass(
      ElementKind kind,
      String location,
      NewestVersions newest,
      Consumer<ElementId> removed,
      Consumer<Totals> atEnd) {
    this.kind = kind;
    this.location = location;
    this.newest = newest;
    this.removed = removed;
    this.atEnd = atEnd;
  }

  @Override
  public @Nullable LiveElement next() {
    for (Version version = newest.next(); version != null; version = newest.next()) {
      if (version.header().hash().isPresent()) {
        ElementHash hash = version.header().hash().get();
        sum = sum.plus(hash);
        live++;
        return new Encoded(new ElementId(kind, version.id()), hash, version.state());
      }
      removed.accept(new ElementId(kind, version.id()));
    }
    if (!ended) {
      ended = true;
      atEnd.accept(new Totals(live, sum, newest.moved(), newest.versions()));
    }
    return null;
  }

  @Override
  public void close() {
    newest.close();
  }

  private final class Encoded implements LiveElement {
    private final ElementId id;
    private final ElementHash hash;
    private final byte[] bytes;

    Encoded(ElementId id, ElementHash hash, byte[] bytes) {
      this.id = id;
      this.hash = hash;
      this.bytes = bytes;
    }

    @Override
    public ElementId id() {
      return id;
    }

    @Override
    public ElementHash hash() {
      return hash;
    }

    @Override
    public int stateBytes() {
      return bytes.length;
    }

    @Override
    public Optional<AvroInput> encodedState() {
      return Optional.of(new AvroInput(bytes));
    }

    @Override
    public Element state() {
      try {
        Element state = codecs.get().readState(new AvroInput(bytes)).orElseThrow();
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
