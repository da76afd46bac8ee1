// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import java.util.List;

/** The row of {@code varve.cdc.status}. */
public final class StatusRow {

  /** The store's identity. */
  public final String storeId;

  /** The database's name. */
  public final String database;

  /** {@code FULL} if capture can work, else {@code OFF} or {@code DIFF}. */
  public final String enrichment;

  public final String neo4jVersion;
  public final String pluginVersion;

  /** The place before the oldest transaction in the log. */
  public final String earliest;

  /** The place after the newest closed transaction. */
  public final String current;

  public final String retentionPolicy;

  /** What an operator should know, each a sentence; empty if all is well. */
  public final List<String> problems;

  StatusRow(
      String storeId,
      String database,
      String enrichment,
      String neo4jVersion,
      String pluginVersion,
      String earliest,
      String current,
      String retentionPolicy,
      List<String> problems) {
    this.storeId = storeId;
    this.database = database;
    this.enrichment = enrichment;
    this.neo4jVersion = neo4jVersion;
    this.pluginVersion = pluginVersion;
    this.earliest = earliest;
    this.current = current;
    this.retentionPolicy = retentionPolicy;
    this.problems = problems;
  }
}
