// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import org.jspecify.annotations.Nullable;

/** A row of {@code varve.cdc.scan}. */
public final class ScanRow {

  /** The id to go on from; null if the scan is done. */
  public final @Nullable Long next;

  /** A {@link dev.varve.wire.LogBatch} of changes. */
  public final byte[] batch;

  /** How many elements it has. */
  public final long elements;

  ScanRow(@Nullable Long next, byte[] batch, long elements) {
    this.next = next;
    this.batch = batch;
    this.elements = elements;
  }
}
