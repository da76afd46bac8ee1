package dev.varve.archive;

import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.VersionCodec;
import java.util.Optional;

/**
 * Makes hashes of states in encoded form. Keeps buffers, so one instance serves one thread.
 *
 * <p>The hash of an element is defined on its content, not on its encoding: states are decoded, so
 * that {@link ElementHasher} stays the one place that knows it.
 */
final class StateHashes {

  private final ElementKind kind;
  private final ElementCodec states = new ElementCodec();
  private final VersionCodec versions = new VersionCodec();
  private final ElementHasher hasher = new ElementHasher();

  StateHashes(ElementKind kind) {
    this.kind = kind;
  }

  /**
   * The hash of a state; absent for a removal.
   *
   * @param in stands at the state, and then behind it
   * @throws MalformedRecordException if the bytes are not a state of this kind of element
   */
  Optional<ElementHash> read(String id, AvroInput in) {
    Optional<Element> state;
    try {
      state = states.readState(in);
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
    if (state.isEmpty()) {
      return Optional.empty();
    }
    if (state.get().kind() != kind) {
      throw new MalformedRecordException("found the state of a " + state.get().kind());
    }
    return Optional.of(hasher.hash(new ElementId(kind, id), state.get()));
  }

  /**
   * Compares a state with the hash that its version carries.
   *
   * @param in stands at the state, and then behind it
   * @throws StateMismatchException if they do not agree
   */
  void check(String id, AvroInput in, Optional<ElementHash> carried) {
    if (!read(id, in).equals(carried)) {
      throw new StateMismatchException(new ElementId(kind, id));
    }
  }

  /** The same of a whole version as the tables have it, without the id. */
  void check(String id, AvroInput version) {
    check(id, version, versions.readHeader(version).hash());
    version.expectEnd();
  }
}
