// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.neo4j.plugin.CdcException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.internal.schema.SchemaRule;
import org.neo4j.kernel.api.KernelTransaction;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.kernel.internal.Version;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;
import org.neo4j.storageengine.api.enrichment.ApplyEnrichmentStrategy;
import org.neo4j.storageengine.api.enrichment.EnrichmentMode;
import org.neo4j.token.TokenHolders;
import org.neo4j.values.ElementIdMapper;

/**
 * What capture calls over Bolt. All but {@code status} refuse while the database's log is not
 * enriched. They reach into the database, so {@code dbms.security.procedures.unrestricted} has to
 * name {@code varve.*}.
 */
@SuppressWarnings("NullAway.Init") // Neo4j sets the context
public final class CdcProcedures {

  @Context public GraphDatabaseAPI database;
  @Context public KernelTransaction transaction;
  @Context public TerminationGuard guard;

  @Procedure(name = "varve.cdc.earliest", mode = Mode.READ)
  @Description("The position before the oldest transaction that the log still has.")
  public Stream<PositionRow> earliest() {
    requireEnrichment();
    return Stream.of(new PositionRow(log().earliest().toString()));
  }

  @Procedure(name = "varve.cdc.current", mode = Mode.READ)
  @Description("The position after the newest transaction.")
  public Stream<PositionRow> current() {
    requireEnrichment();
    return Stream.of(new PositionRow(log().current().toString()));
  }

  @Procedure(name = "varve.cdc.query", mode = Mode.READ)
  @Description("The change events after a position, in the shape of db.cdc.query.")
  public Stream<EventRow> query(
      @Name(value = "from", defaultValue = "") String from,
      @Name(value = "selectors", defaultValue = "[]") List<Map<String, Object>> selectors) {
    requireEnrichment();
    TransactionLog log = log();
    return RowSource.stream(
        new EventRows(
            log,
            tokens(),
            database.getDependencyResolver().resolveDependency(ElementIdMapper.class),
            database.databaseId().databaseId().uuid().toString(),
            from.isEmpty() ? log.earliest() : LogPlace.parse(from),
            selectors.stream().map(EventSelector::new).toList(),
            guard),
        guard);
  }

  @Procedure(name = "varve.cdc.read", mode = Mode.READ)
  @Description("The changes after a position as batches, ready to be published.")
  public Stream<LogRow> read(
      @Name("from") String from,
      @Name(value = "options", defaultValue = "{}") Map<String, Object> options) {
    requireEnrichment();
    return RowSource.stream(
        new LogRows(
            log(),
            tokens(),
            LogPlace.parse(from),
            new Options(options, Set.of("site", "seen", "maxBytes", "maxRows")),
            guard),
        guard);
  }

  @Procedure(name = "varve.cdc.scan", mode = Mode.READ)
  @Description("All vertices or edges from an id on as batches of changes.")
  public Stream<ScanRow> scan(
      @Name("kind") String kind,
      @Name("fromId") long fromId,
      @Name("options") Map<String, Object> options) {
    requireEnrichment();
    if (fromId < 0) {
      throw new CdcException(
          Code.BAD_OPTION, "fromId must be >= 0, got " + fromId + ".", "Begin with 0.");
    }
    return RowSource.stream(
        new ScanRows(
            database.getDependencyResolver(),
            transaction,
            tokens(),
            kind(kind),
            fromId,
            new Options(
                options, Set.of("site", "seen", "seq", "committedAt", "maxBytes", "maxRows")),
            guard),
        guard);
  }

  @Procedure(name = "varve.cdc.schema", mode = Mode.READ)
  @Description("The indexes and constraints, each with the statement that creates it.")
  public Stream<SchemaRow> schema() {
    SchemaRules rules = new SchemaRules(tokens());
    List<StoreSchema.Rule> result = new ArrayList<>();
    for (Iterator<? extends SchemaRule> all :
        List.of(
            transaction.schemaRead().indexesGetAllNonLocking(),
            transaction.schemaRead().constraintsGetAllNonLocking())) {
      while (all.hasNext()) {
        SchemaRule rule = all.next();
        if (!SchemaRules.belongsToConstraint(rule)) {
          result.add(rules.rule(rule));
        }
      }
    }
    return new StoreSchema(result).rules().stream().map(SchemaRow::new);
  }

  @Procedure(name = "varve.cdc.status", mode = Mode.READ)
  @Description("Whether capture can work, and how far back the log goes.")
  public Stream<StatusRow> status() {
    TransactionLog log = log();
    EnrichmentMode enrichment = enrichment();
    String retention =
        database
            .getDependencyResolver()
            .resolveDependency(Config.class)
            .get(GraphDatabaseSettings.keep_logical_logs);
    return Stream.of(
        new StatusRow(
            log.storeId(),
            database.databaseName(),
            enrichment.name(),
            Version.getNeo4jVersion(),
            pluginVersion(),
            log.earliest().toString(),
            log.current().toString(),
            retention,
            problems(enrichment, retention)));
  }

  private static List<String> problems(EnrichmentMode enrichment, String retention) {
    List<String> problems = new ArrayList<>();
    if (enrichment != EnrichmentMode.FULL) {
      problems.add(enrichmentOff(enrichment).getMessage());
    }
    if (retention.matches("false|keep_none|0 .*")) {
      problems.add(
          "db.tx_log.rotation.retention_policy is '"
              + retention
              + "': the log may be pruned before it was read. Keep it for longer than capture may"
              + " be down.");
    }
    return problems;
  }

  private void requireEnrichment() {
    EnrichmentMode enrichment = enrichment();
    if (enrichment != EnrichmentMode.FULL) {
      throw enrichmentOff(enrichment);
    }
  }

  /** What this database's transactions are really logged with. */
  private EnrichmentMode enrichment() {
    return database.databaseId().isSystemDatabase()
        ? EnrichmentMode.OFF
        : database.getDependencyResolver().resolveDependency(ApplyEnrichmentStrategy.class).check();
  }

  private static CdcException enrichmentOff(EnrichmentMode enrichment) {
    return new CdcException(
        Code.ENRICHMENT_OFF,
        "Enrichment of the transaction log is " + enrichment + " for this database.",
        "The plugin has to be on the server's class path when it starts: put its jar into plugins/, start"
            + " the server with its own launcher, and do not use the system database. On Enterprise set the"
            + " database's option txLogEnrichment to FULL.");
  }

  private TransactionLog log() {
    return new TransactionLog(database.getDependencyResolver());
  }

  private Tokens tokens() {
    return new Tokens(database.getDependencyResolver().resolveDependency(TokenHolders.class));
  }

  private static ElementKind kind(String name) {
    return switch (name) {
      case "vertex" -> ElementKind.VERTEX;
      case "edge" -> ElementKind.EDGE;
      default ->
          throw new CdcException(
              Code.BAD_OPTION,
              "kind must be 'vertex' or 'edge', got '" + name + "'.",
              "Scan both.");
    };
  }

  private static String pluginVersion() {
    try (InputStream in = CdcProcedures.class.getResourceAsStream("plugin.properties")) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
