package dev.varve.cdc.neo4j;

import dev.varve.cdc.LogHead;
import dev.varve.cdc.LogRow;
import dev.varve.cdc.ScanPage;
import dev.varve.cdc.StoreLog;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.neo4j.driver.Record;
import org.neo4j.driver.Value;

/** The log of a database through Varve's plugin: batches that are ready to be published. */
final class PluginLog implements StoreLog {

  private static final String FULL = "FULL";

  /** A replay's node; promoted once everything that was captured of the old primary is applied. */
  private static final String STANDBYS =
      "MATCH (c:__VarveStandbyCut) WHERE c.promoted IS NULL RETURN count(c) AS standbys";

  private final Neo4jSession session;
  private final String identity;
  private final int rowBytes;

  private PluginLog(Neo4jSession session, String identity, int rowBytes) {
    this.session = session;
    this.identity = identity;
    this.rowBytes = rowBytes;
  }

  static PluginLog open(Neo4jSession session, Neo4jSettings settings) {
    return session.one(
        "CALL varve.cdc.status() YIELD storeId, enrichment, problems"
            + " RETURN storeId, enrichment, problems",
        Map.of(),
        row -> {
          String enrichment = row.get("enrichment").asString();
          if (!enrichment.equals(FULL)) {
            throw new VarveException(
                ExitCode.FAILED,
                "VARVE-ENRICHMENT-OFF: Neo4j writes its log for the database '"
                    + settings.database()
                    + "' with enrichment "
                    + enrichment
                    + ", so changes cannot be read from it; "
                    + row.get("problems").asList(Value::asString),
                "put the plugin's jar into the server's plugins/ directory and start the server"
                    + " with its own launcher, so that it is there when the database starts");
          }
          return new PluginLog(
              session, "neo4j:" + row.get("storeId").asString(), settings.rowBytes());
        });
  }

  @Override
  public String identity() {
    return identity;
  }

  /** The time is the server's, from before: nothing that comes after was committed earlier. */
  @Override
  public LogHead head() {
    return session.one(
        "WITH timestamp() AS now CALL varve.cdc.current() YIELD id RETURN now, id",
        Map.of(),
        row -> {
          Place place = Place.parse(row.get("id").asString());
          return new LogHead(
              place.text(), Optional.of(place.txId()), row.get("now").asLong() * 1_000);
        });
  }

  @Override
  public ScanPage scan(ElementKind kind, Optional<String> cursor, ScanAs as) {
    Map<String, Object> parameters =
        Map.of(
            "kind",
            kind.name().toLowerCase(Locale.ROOT),
            "from",
            Long.parseLong(cursor.orElse("0")),
            "options",
            Map.of(
                "site", as.site().toString(),
                "seen", as.seen().toString(),
                "seq", as.seq(),
                "committedAt", as.committedAtMicros(),
                "maxBytes", rowBytes,
                "maxRows", 1));
    return session
        .all(
            "CALL varve.cdc.scan($kind, $from, $options) YIELD next, batch RETURN next, batch",
            parameters,
            PluginLog::page)
        .stream()
        .findFirst()
        .orElseGet(() -> new ScanPage(Optional.empty(), new byte[0]));
  }

  private static ScanPage page(Record row) {
    Optional<String> next =
        row.get("next").isNull()
            ? Optional.empty()
            : Optional.of(Long.toString(row.get("next").asLong()));
    return new ScanPage(next, row.get("batch").asByteArray());
  }

  @Override
  public boolean follows() {
    return session.one(STANDBYS, Map.of(), row -> row.get("standbys").asLong() > 0);
  }

  @Override
  public StoreSchema schema() {
    return new StoreSchema(
        session.all(
            "CALL varve.cdc.schema() YIELD name, form, type, kind, labels, properties, statement"
                + " RETURN *",
            PluginLog::rule));
  }

  private static StoreSchema.Rule rule(Record row) {
    return new StoreSchema.Rule(
        row.get("name").asString(),
        StoreSchema.Form.valueOf(row.get("form").asString()),
        row.get("type").asString(),
        ElementKind.valueOf(row.get("kind").asString()),
        row.get("labels").asList(Value::asString),
        row.get("properties").asList(Value::asString),
        row.get("statement").isNull()
            ? Optional.empty()
            : Optional.of(row.get("statement").asString()));
  }

  @Override
  public boolean read(String from, ReadAs as, RowReceiver rows) throws InterruptedException {
    Map<String, Object> parameters =
        Map.of(
            "from",
            from,
            "options",
            Map.of(
                "site", as.site().toString(),
                "seen", as.seen().toString(),
                "maxBytes", rowBytes));
    return session.each(
        "CALL varve.cdc.read($from, $options) YIELD id, batch, committedAt, current"
            + " RETURN id, batch, committedAt, current",
        parameters,
        row -> rows.accept(row(row)));
  }

  private static LogRow row(Record row) {
    Place place = Place.parse(row.get("id").asString());
    return new LogRow(
        place.text(),
        place.whole(),
        place.txId(),
        row.get("committedAt").isNull() ? 0 : row.get("committedAt").asLong(),
        row.get("current").asLong(),
        row.get("batch").asByteArray());
  }

  @Override
  public void close() {
    session.close();
  }

  /**
   * The plugin's position: {@code <store>:<append index>:<transaction>:<next index>}, perhaps with
   * more behind.
   *
   * @param whole whether it is between two transactions
   */
  record Place(String text, long txId, boolean whole) {

    private static final int FIELDS_MIN = 4;

    static Place parse(String text) {
      String[] fields = text.split(":", -1);
      if (fields.length < FIELDS_MIN) {
        throw new IllegalStateException("not a position of the plugin: '" + text + "'");
      }
      return new Place(text, Long.parseLong(fields[2]), fields[3].equals("0"));
    }
  }
}
