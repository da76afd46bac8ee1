// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import java.util.Map;

/** A row of {@code varve.cdc.query}, in the shape of Neo4j's own {@code db.cdc.query}. */
public final class EventRow {

  /** The place after the event, to go on from. */
  public final String id;

  public final long txId;

  /** The how-manyeth event of the transaction, from 0. */
  public final long seq;

  public final Map<String, Object> metadata;
  public final Map<String, Object> event;

  EventRow(
      String id, long txId, long seq, Map<String, Object> metadata, Map<String, Object> event) {
    this.id = id;
    this.txId = txId;
    this.seq = seq;
    this.metadata = metadata;
    this.event = event;
  }
}
