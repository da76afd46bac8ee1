// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.StoreSchema;
import dev.varve.neo4j.plugin.CdcException.Code;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.neo4j.internal.recordstorage.Command;
import org.neo4j.kernel.impl.store.record.PropertyRecord;
import org.neo4j.kernel.impl.transaction.CommittedCommandBatchRepresentation;
import org.neo4j.storageengine.api.StorageCommand;
import org.neo4j.storageengine.api.enrichment.EnrichmentCommand;

/**
 * One transaction as the log has it.
 *
 * @param appendIndex the log's own number of it
 * @param committedAtMillis its commit time
 * @param data what it did to the graph; absent if nothing, as when it created a token or an index
 * @param schema what it did to the schema; absent if nothing
 */
record LoggedTransaction(
    long appendIndex,
    long txId,
    long committedAtMillis,
    int checksum,
    Optional<EnrichedTransaction> data,
    Optional<StoreSchema.Change> schema) {

  /**
   * Finds in a transaction's commands what matters.
   *
   * @throws CdcException if it changed data without enrichment
   */
  static LoggedTransaction of(
      CommittedCommandBatchRepresentation batch, Tokens tokens, SchemaRules rules) {
    EnrichmentCommand enrichment = null;
    boolean changesData = false;
    SchemaRules.Collector schema = rules.collector();
    for (StorageCommand command : batch.commandBatch()) {
      if (command instanceof EnrichmentCommand found) {
        if (enrichment != null) {
          throw new CdcException(
              Code.UNSUPPORTED_LOG,
              "Transaction " + batch.txId() + " has several enrichments.",
              "Install the plugin that belongs to this version of Neo4j.");
        }
        enrichment = found;
      } else if (command instanceof Command.SchemaRuleCommand rule) {
        schema.add(rule);
      } else {
        changesData |= isData(command);
      }
    }
    if (changesData && enrichment == null) {
      throw new CdcException(
          Code.UNENRICHED_TRANSACTION,
          "Transaction "
              + batch.txId()
              + " changed data while the log was not enriched: it was committed"
              + " without the plugin.",
          "Have capture scan the store anew, and never start the server without the plugin.");
    }
    return new LoggedTransaction(
        batch.appendIndex(),
        batch.txId(),
        batch.timeWritten(),
        batch.checksum(),
        decode(batch.txId(), enrichment, tokens),
        schema.change());
  }

  private static Optional<EnrichedTransaction> decode(
      long txId, @Nullable EnrichmentCommand command, Tokens tokens) {
    if (command == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new EnrichedTransaction(txId, EnrichmentCommand.extractForReading(command), tokens));
    } catch (IOException e) {
      throw new CdcException(
          Code.LOG_BROKEN,
          "The enrichment of transaction " + txId + " cannot be read: " + e.getMessage(),
          "Check the store's consistency and have capture scan it anew.",
          e);
    }
  }

  /** Whether the command changes an element, not a token, a schema rule or a count. */
  private static boolean isData(StorageCommand command) {
    if (command instanceof Command.PropertyCommand property) {
      return isOfElement(property.getBefore()) || isOfElement(property.getAfter());
    }
    return command instanceof Command.NodeCommand || command instanceof Command.RelationshipCommand;
  }

  private static boolean isOfElement(PropertyRecord properties) {
    return properties.isNodeSet() || properties.isRelSet();
  }

  /** The place after the change before {@code nextIndex}, or after the whole if that is 0. */
  LogPlace place(String store, int nextIndex) {
    return new LogPlace(store, appendIndex, txId, nextIndex, OptionalInt.of(checksum));
  }

  int changes() {
    return data.map(EnrichedTransaction::size).orElse(0);
  }
}
