package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.target.neo4j.OfflineStore.Resources;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilderImplementation;
import org.neo4j.graphdb.QueryExecutionException;
import org.neo4j.graphdb.Transaction;
import org.neo4j.graphdb.schema.IndexDefinition;
import org.neo4j.graphdb.schema.Schema.IndexState;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * A Neo4j that has the staged store open, without a port: for what only a running one can do, and
 * to see that one does run on it.
 */
final class StagedServer implements AutoCloseable {

  private static final long INDEX_POLL_MS = 50;
  private static final long MIN_PAGE_CACHE_BYTES = 16 << 20;
  private static final String OWN_EXTENSIONS = "dev.varve.";

  private final DatabaseManagementService server;
  private final GraphDatabaseAPI database;

  private StagedServer(DatabaseManagementService server, GraphDatabaseAPI database) {
    this.server = server;
    this.database = database;
  }

  static StagedServer open(Path home, String database, Resources resources) {
    DatabaseManagementService server =
        new DatabaseManagementServiceBuilderImplementation(
                home, extension -> !extension.getName().startsWith(OWN_EXTENSIONS))
            .setConfig(GraphDatabaseSettings.initial_default_database, database)
            .setConfig(GraphDatabaseSettings.preallocate_logical_logs, false)
            .setConfig(GraphDatabaseSettings.debug_log_enabled, false)
            .setConfig(
                GraphDatabaseSettings.pagecache_memory,
                Math.max(MIN_PAGE_CACHE_BYTES, resources.memoryBytes() / 2))
            .setConfig(GraphDatabaseSettings.keep_logical_logs, "keep_none")
            .setConfigRaw(Map.of("dbms.usage_report.enabled", "false"))
            .build();
    try {
      return new StagedServer(server, (GraphDatabaseAPI) server.database(database));
    } catch (RuntimeException e) {
      server.shutdown();
      throw e;
    }
  }

  GraphDatabaseAPI database() {
    return database;
  }

  @Override
  public void close() {
    server.shutdown();
  }

  /**
   * Creates the rules that the importer did not, and waits until every index is filled. Constraints
   * come first: an index of the same columns would be in their way.
   */
  void create(List<StoreSchema.Rule> rules) {
    rules.stream()
        .sorted(Comparator.comparing(rule -> rule.form() == StoreSchema.Form.INDEX ? 1 : 0))
        .forEach(this::create);
    awaitIndexes();
  }

  private void create(StoreSchema.Rule rule) {
    String statement =
        rule.statement()
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.FAILED,
                        "the chain does not say how to create " + describe(rule),
                        "restore to an earlier moment, or into dir:<path>"));
    try {
      database.executeTransactionally(statement);
    } catch (QueryExecutionException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot create " + describe(rule) + ": " + e.getMessage(),
          "a rule that only another edition of Neo4j has can be restored over bolt:// to a server"
              + " of that edition",
          e);
    }
  }

  private static String describe(StoreSchema.Rule rule) {
    return (rule.form() == StoreSchema.Form.INDEX ? "index '" : "constraint '")
        + rule.name()
        + "' ("
        + rule.type()
        + ")";
  }

  /** Filling an index takes as long as it takes; a failed one ends it. */
  private void awaitIndexes() {
    while (anyIndexFilling()) {
      try {
        TimeUnit.MILLISECONDS.sleep(INDEX_POLL_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new VarveException(
            ExitCode.FAILED,
            "interrupted while indexes were filled",
            "run the same restore again; it starts from the beginning",
            e);
      }
    }
  }

  private boolean anyIndexFilling() {
    boolean filling = false;
    try (Transaction tx = database.beginTx()) {
      for (IndexDefinition index : tx.schema().getIndexes()) {
        IndexState state = tx.schema().getIndexState(index);
        if (state == IndexState.FAILED) {
          throw new VarveException(
              ExitCode.FAILED,
              "Neo4j could not fill index '"
                  + index.getName()
                  + "': "
                  + tx.schema().getIndexFailure(index),
              "restore to an earlier moment, or into dir:<path>");
        }
        filling |= state != IndexState.ONLINE;
      }
    }
    return filling;
  }
}
