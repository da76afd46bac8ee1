package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.target.neo4j.OfflineStore.Resources;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilderImplementation;
import org.neo4j.graphdb.QueryExecutionException;
import org.neo4j.graphdb.Result;
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

  private final Path home;
  private final DatabaseManagementService server;
  private final GraphDatabaseAPI database;

  private StagedServer(Path home, DatabaseManagementService server, GraphDatabaseAPI database) {
    this.home = home;
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
      return new StagedServer(home, server, (GraphDatabaseAPI) server.database(database));
    } catch (RuntimeException e) {
      server.shutdown();
      throw e;
    }
  }

  Path home() {
    return home;
  }

  GraphDatabaseAPI database() {
    return database;
  }

  @Override
  public void close() {
    server.shutdown();
  }

  /**
   * Makes the store's rules those of the schema, and waits until every index is filled. Constraints
   * come first: an index of the same columns would be in their way.
   */
  void createSchema(StoreSchema schema) {
    Set<String> wanted =
        schema.rules().stream().map(StoreSchema.Rule::name).collect(Collectors.toSet());
    List<String> there = names();
    for (String name : there) {
      if (!wanted.contains(name)) {
        database.executeTransactionally("DROP INDEX `" + name.replace("`", "``") + "`");
      }
    }
    List<StoreSchema.Rule> rules = new ArrayList<>(schema.rules());
    rules.sort(Comparator.comparing(rule -> rule.form() == StoreSchema.Form.INDEX ? 1 : 0));
    for (StoreSchema.Rule rule : rules) {
      if (!there.contains(rule.name())) {
        create(rule);
      }
    }
    awaitIndexes();
  }

  /** What the importer made by itself: the two token look-up indexes. */
  private List<String> names() {
    try (Transaction tx = database.beginTx();
        Result indexes = tx.execute("SHOW INDEXES YIELD name")) {
      return indexes.stream().map(row -> (String) row.get("name")).toList();
    }
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
