package dev.varve.restore.standby;

import dev.varve.archive.Reached;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.convert.Crossed;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What leads a standby from one cut to the next: of each element that changed the state at the next
 * cut. Applied twice it gives the same.
 */
public interface Advance {

  Reached from();

  Reached to();

  /** Hands out each changed element of a kind, in the order of the ids; as often as asked. */
  void each(ElementKind kind, Consumer<Changed> receiver);

  /** How many elements it has, removed ones included. */
  long elements();

  /** Indexes and constraints that the standby has now, in its own words. */
  default StoreSchema schemaBefore() {
    return from().schema();
  }

  /** Those that it is to have after it. */
  default StoreSchema schemaAfter() {
    return to().schema();
  }

  /** What a standby of another engine keeps with the next cut; absent for one of the same. */
  default Optional<Crossed> crossed() {
    return Optional.empty();
  }

  /**
   * An element that changed.
   *
   * @param encoded the state as {@link ElementCodec} reads it; of no length if it was removed
   * @param same whether it is certain that what the standby has under this id, if anything, is the
   *     same element, with the same type and ends
   */
  @SuppressWarnings("ArrayRecordComponent") // is never compared
  record Changed(ElementId id, byte[] encoded, boolean same) {

    public boolean removed() {
      return encoded.length == 0;
    }

    /** Decoded at each call. */
    public Element state() {
      return new ElementCodec().readState(new AvroInput(encoded)).orElseThrow();
    }

    /** The ends of an edge that is not removed: decoded without its properties. */
    public List<ElementId> ends() {
      AvroInput state = new AvroInput(encoded);
      ElementCodec.readCalled(state);
      return List.of(ElementId.vertex(state.readString()), ElementId.vertex(state.readString()));
    }

    /** Labels or type: decoded without the rest. */
    public ElementCodec.Called called() {
      return ElementCodec.readCalled(new AvroInput(encoded));
    }
  }
}
