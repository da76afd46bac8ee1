package dev.varve.cli.failover;

import dev.varve.cdc.CaptureState;
import dev.varve.change.VersionVector;
import java.time.Duration;
import java.util.Optional;

/** The standby that is to be the primary. */
public interface Seat {

  /** Where clients reach it, without anything secret. */
  String address();

  /**
   * The identity that capture will know it by.
   *
   * @throws dev.varve.cdc.StoreUnavailableException if it does not answer
   */
  String identity();

  /** How far it has come; absent if it is no standby, or no longer one. */
  Optional<VersionVector> cut();

  /**
   * Applies everything up to a cut; whoever applied before stops.
   *
   * @return how far it has come then, at least so far
   * @throws dev.varve.fault.VarveException if it does not get there in time
   */
  VersionVector applyUpTo(VersionVector wanted, Duration limit);

  /** Notes that everything is applied: from now on it may be captured. */
  void whole();

  /**
   * Takes away what Varve keeps in it; it may be written to meanwhile. What the elements were
   * called in the old primary is kept in the repository first.
   *
   * @param captured where the capture of that stood; absent if there was none
   */
  void tidy(Optional<CaptureState> captured);
}
