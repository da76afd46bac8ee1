package dev.varve.cdc.neo4j;

import dev.varve.cdc.LogHead;
import dev.varve.cdc.ScanPage;
import dev.varve.cdc.StoreLog;
import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.neo4j.driver.Record;
import org.neo4j.driver.Value;

/**
 * The log of a database through Neo4j's own change data capture ({@code db.cdc.*} of Enterprise and
 * Aura): one row an event. The scan is plain Cypher.
 *
 * <p>A position is the change identifier after the last whole transaction, and, behind a {@code #},
 * how many events of the next one are done: so a transaction that is taken up again in its midst is
 * counted whole.
 */
final class CdcQueryLog implements StoreLog {

  private static final int SCAN_ELEMENTS = 20_000;

  private final Neo4jSession session;
  private final String prefix;
  private final String identity;
  private final int rowBytes;

  private CdcQueryLog(Neo4jSession session, String prefix, String identity, int rowBytes) {
    this.session = session;
    this.prefix = prefix;
    this.identity = identity;
    this.rowBytes = rowBytes;
  }

  static CdcQueryLog open(Neo4jSession session, Neo4jSettings settings, String prefix) {
    String identity =
        session.one(
            "SHOW DATABASE $name YIELD databaseID RETURN databaseID",
            Map.of("name", settings.database()),
            row -> "neo4j:" + row.get("databaseID").asString());
    return new CdcQueryLog(session, prefix, identity, settings.rowBytes());
  }

  @Override
  public String identity() {
    return identity;
  }

  /**
   * Without a number: the one that {@code SHOW DATABASE} tells is of the last transaction that has
   * committed, and an earlier one may still come after the position.
   */
  @Override
  public LogHead head() {
    return session.one(
        "WITH timestamp() AS now CALL " + prefix + ".current() YIELD id RETURN now, id",
        Map.of(),
        row ->
            new LogHead(
                row.get("id").asString(), Optional.empty(), row.get("now").asLong() * 1_000));
  }

  @Override
  public ScanPage scan(ElementKind kind, Optional<String> cursor, ScanAs as) {
    String query =
        kind == ElementKind.VERTEX
            ? "MATCH (n) WHERE id(n) >= $from WITH n ORDER BY id(n) LIMIT $limit"
                + " RETURN id(n) AS id, labels(n) AS labels, properties(n) AS properties"
            : "MATCH (a)-[r]->(b) WHERE id(r) >= $from WITH a, r, b ORDER BY id(r) LIMIT $limit"
                + " RETURN id(r) AS id, type(r) AS type, id(a) AS start, id(b) AS end,"
                + " properties(r) AS properties";
    Page page = new Page(kind, as);
    session.all(
        query,
        Map.of("from", Long.parseLong(cursor.orElse("0")), "limit", SCAN_ELEMENTS),
        page::add);
    return page.finished();
  }

  /** Gathers a page of the scan. */
  private static final class Page {

    private final ElementKind kind;
    private final ScanAs as;
    private final ElementHasher hasher = new ElementHasher();
    private final ChangeCodec codec = new ChangeCodec();
    private final AvroOutput body = new AvroOutput();
    private final AvroOutput out = new AvroOutput();
    private final LogBatch.Writer writer = new LogBatch.Writer(out);
    private int elements;
    private long lastId = -1;

    Page(ElementKind kind, ScanAs as) {
      this.kind = kind;
      this.as = as;
    }

    boolean add(Record row) {
      lastId = row.get("id").asLong();
      ElementId id = new ElementId(kind, Long.toString(lastId));
      Element element =
          kind == ElementKind.VERTEX
              ? Vertex.of(
                  Set.copyOf(row.get("labels").asList(Value::asString)),
                  Neo4jValues.properties(row.get("properties"), Map.of()))
              : Edge.of(
                  row.get("type").asString(),
                  Long.toString(row.get("start").asLong()),
                  Long.toString(row.get("end").asLong()),
                  Neo4jValues.properties(row.get("properties"), Map.of()));
      Dot dot = new Dot(as.site(), as.seq(), lastId * 2 + (kind == ElementKind.EDGE ? 1 : 0));
      ChangeHeader header =
          new ChangeHeader(
              dot,
              as.committedAtMicros(),
              as.seen(),
              Optional.of(hasher.hash(id, element)),
              List.of(),
              List.of());
      codec.write(new Change(id, header, Optional.of(element)), body.clear());
      writer.change(id, body);
      elements++;
      return true;
    }

    ScanPage finished() {
      Optional<String> next =
          elements < SCAN_ELEMENTS ? Optional.empty() : Optional.of(Long.toString(lastId + 1));
      return new ScanPage(next, out.toByteArray());
    }
  }

  @Override
  public StoreSchema schema() {
    List<StoreSchema.Rule> rules =
        new ArrayList<>(
            session.all(
                "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties,"
                    + " owningConstraint, createStatement WHERE owningConstraint IS NULL"
                    + " RETURN name, type, entityType, labelsOrTypes, properties, createStatement",
                row -> rule(row, StoreSchema.Form.INDEX)));
    rules.addAll(
        session.all(
            "SHOW CONSTRAINTS YIELD name, type, entityType, labelsOrTypes, properties,"
                + " createStatement RETURN name, type, entityType, labelsOrTypes, properties,"
                + " createStatement",
            row -> rule(row, StoreSchema.Form.CONSTRAINT)));
    return new StoreSchema(rules);
  }

  private static StoreSchema.Rule rule(Record row, StoreSchema.Form form) {
    return new StoreSchema.Rule(
        row.get("name").asString(),
        form,
        row.get("type").asString(),
        row.get("entityType").asString().equals("NODE") ? ElementKind.VERTEX : ElementKind.EDGE,
        strings(row.get("labelsOrTypes")),
        strings(row.get("properties")),
        Optional.of(row.get("createStatement").asString()));
  }

  private static List<String> strings(Value value) {
    return value.isNull() ? List.of() : value.asList(Value::asString);
  }

  @Override
  public boolean read(String from, ReadAs as, RowReceiver rows) throws InterruptedException {
    int mark = from.lastIndexOf('#');
    String id = mark < 0 ? from : from.substring(0, mark);
    long done = mark < 0 ? 0 : Long.parseLong(from.substring(mark + 1));
    CdcEvents events = new CdcEvents(as, rowBytes, id, done);
    boolean ended =
        session.each(
            "CALL "
                + prefix
                + ".query($from, [])"
                + " YIELD id, txId, seq, metadata, event RETURN id, txId, seq, metadata, event",
            Map.of("from", id),
            row -> events.add(row, rows));
    return ended && events.end(rows);
  }

  @Override
  public void close() {
    session.close();
  }
}
