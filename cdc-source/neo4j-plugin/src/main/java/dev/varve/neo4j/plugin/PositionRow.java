// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

/** A row of {@code varve.cdc.earliest} and {@code varve.cdc.current}. */
public final class PositionRow {

  /** A place in the log. */
  public final String id;

  PositionRow(String id) {
    this.id = id;
  }
}
