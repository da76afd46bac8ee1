package dev.varve.restore;

import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementId;
import dev.varve.wire.AvroInput;
import java.util.Optional;

/** An element as it was at the moment of a restore. */
public interface LiveElement {

  ElementId id();

  /** The hash that the chain holds of it. */
  ElementHash hash();

  /** The size of the encoded state: what decoding and writing it roughly costs. */
  int stateBytes();

  /**
   * The state as the chain has it: what {@link dev.varve.wire.ElementCodec} reads. Absent where it
   * is not what is to be written.
   */
  default Optional<AvroInput> encodedState() {
    return Optional.empty();
  }

  /**
   * Its labels or type, ends and properties. Decoded at each call, and on any thread: that is the
   * dear part of reading a chain, so ask where there is a free core and keep the result.
   */
  Element state();
}
