// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.StoreSchema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A row of {@code varve.cdc.schema}: see {@link StoreSchema.Rule}. */
public final class SchemaRow {

  public final String name;
  public final String form;
  public final String type;
  public final String kind;
  public final List<String> labels;
  public final List<String> properties;
  public final @Nullable String statement;

  SchemaRow(StoreSchema.Rule rule) {
    this.name = rule.name();
    this.form = rule.form().name();
    this.type = rule.type();
    this.kind = rule.kind().name();
    this.labels = rule.labels();
    this.properties = rule.properties();
    this.statement = rule.statement().orElse(null);
  }
}
