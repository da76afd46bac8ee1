package dev.varve.archive;

import dev.varve.graph.ElementHash;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import java.util.Optional;

/**
 * A version as its segment has it, which stays valid when the reader moves on. Holds the block that
 * it is in; what of it is decoded is up to the caller. For one thread at a time.
 */
public interface HeldVersion {

  boolean removed();

  /**
   * The hash of the state: the one that the version carries, or where the segment has none, made of
   * the state. Absent if the element is removed.
   *
   * @throws dev.varve.wire.MalformedRecordException if the state cannot be read
   */
  Optional<ElementHash> hash();

  /**
   * All of the version but the state.
   *
   * @throws dev.varve.wire.MalformedRecordException if it cannot be read
   */
  VersionHeader header();

  /** A new cursor over the encoded state. */
  AvroInput state();

  /** How long the encoded state is. */
  int stateBytes();
}
