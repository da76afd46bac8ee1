package dev.varve.cdc.connector;

import dev.varve.cdc.StoreLog;

/** Opens connections to a store. */
@FunctionalInterface
public interface LogOpener {

  /**
   * Opens one.
   *
   * @throws dev.varve.cdc.StoreUnavailableException if it may work later
   * @throws dev.varve.fault.VarveException if an operator has to do something first
   */
  StoreLog open();
}
