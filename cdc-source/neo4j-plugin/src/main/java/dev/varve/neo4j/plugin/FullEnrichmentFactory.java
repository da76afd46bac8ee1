// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import org.neo4j.common.Edition;
import org.neo4j.kernel.extension.ExtensionFactory;
import org.neo4j.kernel.extension.ExtensionType;
import org.neo4j.kernel.extension.context.ExtensionContext;
import org.neo4j.kernel.lifecycle.Lifecycle;
import org.neo4j.kernel.lifecycle.LifecycleAdapter;

/**
 * Gives every database of a Community server a {@link FullEnrichment}. Neo4j finds it through its
 * service file, provided that the plugin is on the server's class path when it starts.
 */
public final class FullEnrichmentFactory
    extends ExtensionFactory<FullEnrichmentFactory.Dependencies> {

  /** What the extension needs of the database: nothing. */
  public interface Dependencies {}

  public FullEnrichmentFactory() {
    super(ExtensionType.DATABASE, "varve-enrichment");
  }

  @Override
  public Lifecycle newInstance(ExtensionContext context, Dependencies dependencies) {
    // Enterprise has a strategy of its own, ruled by each database's txLogEnrichment option.
    return context.dbmsInfo().edition == Edition.COMMUNITY
        ? new FullEnrichment()
        : new LifecycleAdapter();
  }
}
