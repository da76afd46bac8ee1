// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import org.neo4j.kernel.lifecycle.LifecycleAdapter;
import org.neo4j.storageengine.api.enrichment.ApplyEnrichmentStrategy;
import org.neo4j.storageengine.api.enrichment.EnrichmentMode;

/**
 * Has Neo4j write each data transaction's changes, with whole states before, into its log. Being a
 * database's extension it is in that database's dependencies before Neo4j looks for a strategy.
 */
public final class FullEnrichment extends LifecycleAdapter implements ApplyEnrichmentStrategy {

  @Override
  public EnrichmentMode check() {
    return EnrichmentMode.FULL;
  }
}
