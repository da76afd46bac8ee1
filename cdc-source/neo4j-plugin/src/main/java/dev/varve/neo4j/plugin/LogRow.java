// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

/** A row of {@code varve.cdc.read}. Neo4j takes its public fields for the columns. */
@SuppressWarnings("ArrayRecordComponent") // a row is only ever handed out
public final class LogRow {

  /** The place after the row. */
  public final String id;

  /** A {@link dev.varve.wire.LogBatch}. */
  public final byte[] batch;

  /** How many transactions it closes. */
  public final long transactions;

  /** How many changes it has. */
  public final long changes;

  /** The newest transaction that is wholly in this row or before it. */
  public final long lastTxId;

  /** When the transaction was committed that {@code id} is in or after; microseconds since 1970. */
  public final long committedAt;

  /** The store's newest closed transaction when the row was made. */
  public final long current;

  LogRow(
      String id,
      byte[] batch,
      long transactions,
      long changes,
      long lastTxId,
      long committedAt,
      long current) {
    this.id = id;
    this.batch = batch;
    this.transactions = transactions;
    this.changes = changes;
    this.lastTxId = lastTxId;
    this.committedAt = committedAt;
    this.current = current;
  }
}
