package dev.varve.restore.target.neo4jstore;

import dev.varve.graph.StoreSchema;
import org.neo4j.batchimport.api.IndexConfig;
import org.neo4j.common.EntityType;
import org.neo4j.internal.schema.IndexPrototype;
import org.neo4j.internal.schema.IndexProviderDescriptor;
import org.neo4j.internal.schema.IndexType;
import org.neo4j.internal.schema.SchemaDescriptors;
import org.neo4j.internal.schema.SchemaNameUtil;

/**
 * The two token look-up indexes that a Neo4j database has from its first day, under names that
 * Neo4j derives: the importer can make these, and no other rule.
 */
final class TokenLookUps {

  private static final String OF_LABELS = name(EntityType.NODE);
  private static final String OF_TYPES = name(EntityType.RELATIONSHIP);

  private TokenLookUps() {}

  private static String name(EntityType kind) {
    return SchemaNameUtil.generateName(
        IndexPrototype.forSchema(SchemaDescriptors.forAnyEntityTokens(kind))
            .withIndexType(IndexType.LOOKUP)
            .withIndexProvider(new IndexProviderDescriptor("token-lookup", "1.0")));
  }

  /** Whether a rule is one of the two. */
  static boolean isOne(StoreSchema.Rule rule) {
    return rule.name().equals(OF_LABELS) || rule.name().equals(OF_TYPES);
  }

  /** Has the importer make those of the two that a schema has. */
  static IndexConfig wantedBy(StoreSchema schema) {
    IndexConfig config = IndexConfig.create();
    for (StoreSchema.Rule rule : schema.rules()) {
      if (rule.name().equals(OF_LABELS)) {
        config = config.withLabelIndex();
      } else if (rule.name().equals(OF_TYPES)) {
        config = config.withRelationshipTypeIndex();
      }
    }
    return config;
  }
}
