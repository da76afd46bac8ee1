// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Change;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.values.storable.CoordinateReferenceSystem;
import org.neo4j.values.storable.DurationValue;
import org.neo4j.values.storable.PointValue;
import org.neo4j.values.storable.Values;

/** What {@code varve.cdc.read} makes of committed transactions, each test in its own part. */
class CdcReadTest {

  private static final Label PERSON = Label.label("Person");
  private static final RelationshipType KNOWS = RelationshipType.withName("KNOWS");

  @SuppressWarnings("NullAway.Init")
  private static TestDatabase database;

  @BeforeAll
  static void start(@TempDir Path home) {
    database = TestDatabase.start(home);
  }

  @AfterAll
  static void stop() {
    database.close();
  }

  @Test
  void everyPropertyTypeKeepsItsValueAndWidth() {
    String from = database.current();
    Map<String, Object> all = everyType();
    Node node =
        database.write(
            tx -> {
              Node created = tx.createNode(PERSON);
              all.forEach(created::setProperty);
              Relationship edge = created.createRelationshipTo(created, KNOWS);
              all.forEach(edge::setProperty);
              return created;
            });

    List<Change> changes = database.changes(from);

    assertThat(changes).hasSize(2);
    TreeMap<String, Value> expected = new TreeMap<>();
    all.forEach((key, value) -> expected.put(key, TestDatabase.value(value)));
    assertThat(state(changes.get(0)).properties()).isEqualTo(expected);
    assertThat(state(changes.get(1)).properties()).isEqualTo(expected);
    assertThat(changes.get(0).id()).isEqualTo(TestDatabase.vertexId(node));
  }

  @Test
  void anUpdateCarriesTheWholeStateAfterAndWhatItAltered() {
    Map<String, Object> all = everyType();
    Node node =
        database.write(
            tx -> {
              Node created = tx.createNode(PERSON, Label.label("Old"));
              all.forEach(created::setProperty);
              return created;
            });
    String from = database.current();
    database.write(
        tx -> {
          Node found = tx.getNodeByElementId(node.getElementId());
          found.setProperty("added", 1);
          found.setProperty("string", "changed");
          found.removeProperty("int");
          found.addLabel(Label.label("New"));
          found.removeLabel(Label.label("Old"));
          return found;
        });

    List<Change> changes = database.changes(from);

    assertThat(changes).hasSize(1);
    Change change = changes.get(0);
    assertThat(change.header().alteredProperties()).containsExactly("added", "int", "string");
    assertThat(change.header().alteredLabels()).containsExactly("New", "Old");
    assertThat(change.state()).contains(database.content().get(change.id()));
    assertThat(((Vertex) state(change)).labels()).containsExactly("New", "Person");
    assertThat(state(change).properties().get("added"))
        .isEqualTo(new Value.Int(1, Value.IntWidth.INT32));
  }

  @Test
  void aWidthThatChangesAloneIsAChange() {
    Node node = database.write(tx -> property(tx.createNode(), "n", 1));
    String from = database.current();
    database.write(tx -> property(tx.getNodeByElementId(node.getElementId()), "n", 1L));

    assertThat(database.changes(from))
        .singleElement()
        .satisfies(
            change -> assertThat(state(change).properties().get("n")).isEqualTo(Value.Int.of(1)));
  }

  @Test
  void anEdgeIsUpdatedAndRemoved() {
    Relationship edge =
        database.write(
            tx -> {
              Relationship created =
                  tx.createNode(PERSON).createRelationshipTo(tx.createNode(), KNOWS);
              created.setProperty("since", 1999L);
              created.setProperty("why", "school");
              return created;
            });
    String from = database.current();
    database.write(
        tx -> {
          Relationship found = tx.getRelationshipByElementId(edge.getElementId());
          found.setProperty("since", 2000L);
          found.removeProperty("why");
          return found;
        });
    String middle = database.current();
    database.run("MATCH ()-[r]->() WHERE r.since = 2000 DELETE r");

    List<Change> changes = database.changes(from);

    assertThat(changes).hasSize(2);
    assertThat(changes.get(0).header().alteredProperties()).containsExactly("since", "why");
    Edge state = (Edge) state(changes.get(0));
    assertThat(state.type()).isEqualTo("KNOWS");
    assertThat(state.properties()).isEqualTo(Map.of("since", Value.Int.of(2000)));
    assertThat(changes.get(1).header().removed()).isTrue();
    assertThat(changes.get(1).id()).isEqualTo(TestDatabase.edgeId(edge));
    assertThat(database.changes(middle)).hasSize(1);
  }

  @Test
  void aTransactionIsCreationsThenUpdatesThenRemovalsEdgesFirst() {
    database.run("CREATE (:Order {n: 1})-[:NEXT]->(:Order {n: 2}), (:Order {n: 3})");
    String from = database.current();
    database.run(
        "MATCH (a:Order {n: 1}), (c:Order {n: 3}) SET c.n = 4 CREATE (c)-[:NEXT]->(:Order {n: 5})"
            + " DETACH DELETE a");

    List<String> kinds = new ArrayList<>();
    for (Change change : database.changes(from)) {
      boolean update = !change.header().alteredProperties().isEmpty();
      kinds.add(
          (change.header().removed() ? "remove " : update ? "update " : "create ")
              + change.id().kind());
    }
    assertThat(kinds)
        .containsExactly(
            "create VERTEX", "create EDGE", "update VERTEX", "remove EDGE", "remove VERTEX");
    database.run("MATCH (n:Order) DETACH DELETE n");
  }

  @Test
  void whatATransactionCreatesAndRemovesAgainLeavesNoTrace() {
    String from = database.current();
    database.write(
        tx -> {
          Node kept = tx.createNode(PERSON);
          Node gone = tx.createNode(PERSON);
          kept.createRelationshipTo(gone, KNOWS).delete();
          gone.delete();
          return kept;
        });

    assertThat(database.changes(from)).hasSize(1);
  }

  @Test
  void aNodeRemovedBeforeItsEdgesAndAlteredBeforeIsRemovedOnce() {
    Node node =
        database.write(
            tx -> {
              Node created = tx.createNode(PERSON);
              created.setProperty("a", "b");
              created.createRelationshipTo(tx.createNode(), KNOWS);
              return created;
            });
    String from = database.current();
    database.write(
        tx -> {
          Node found = tx.getNodeByElementId(node.getElementId());
          found.setProperty("a", "c");
          found.removeLabel(PERSON);
          List<Relationship> edges = new ArrayList<>();
          found.getRelationships().forEach(edges::add);
          found.delete();
          edges.forEach(Relationship::delete);
          return found;
        });

    List<Change> changes = database.changes(from);

    assertThat(changes).hasSize(2).allMatch(change -> change.header().removed());
    assertThat(changes.get(1).id()).isEqualTo(TestDatabase.vertexId(node));
  }

  @Test
  void aRolledBackTransactionIsNotThere() {
    String from = database.current();
    try (var tx = database.api().beginTx()) {
      tx.createNode(PERSON).setProperty("never", true);
      tx.rollback();
    }
    assertThat(database.changes(from)).isEmpty();
  }

  @Test
  void headersCarrySiteSeqTimeHashAndWhatWasSeen() {
    String from = database.current();
    long before = System.currentTimeMillis();
    database.run("CREATE (:Person {name: 'Ada'})");
    long after = System.currentTimeMillis();

    List<TestDatabase.Row> rows =
        database.read(from, Map.of("site", "berlin@2", "seen", "paris@1=7,berlin@1=3"));

    TestDatabase.Row row = rows.get(0);
    Change change = row.changes().get(0);
    Transaction transaction = row.transactions().get(0);
    Site site = new Site("berlin", 2);
    long last = database.lastTxId();
    assertThat(change.header().dot()).isEqualTo(new Dot(site, transaction.seq(), 0));
    assertThat(change.header().seen()).isEqualTo(VersionVector.parse("paris@1=7,berlin@1=3"));
    assertThat(change.header().committedAtMicros()).isBetween(before * 1000, after * 1000);
    assertThat(change.header().hash())
        .contains(new ElementHasher().hash(change.id(), state(change)));
    assertThat(transaction.site()).isEqualTo(site);
    assertThat(transaction.committedAtMicros()).isEqualTo(change.header().committedAtMicros());
    assertThat(row.columns())
        .containsEntry("lastTxId", last)
        .containsEntry("current", last)
        .containsEntry("changes", 1L)
        .containsEntry("transactions", 1L)
        .containsEntry("committedAt", transaction.committedAtMicros());
  }

  @Test
  void aTransactionCountsByKindAndLabel() {
    database.run("CREATE (:Count {n: 1})-[:OF]->(:Count:More {n: 2}), (:Count {n: 3})");
    String from = database.current();
    database.run(
        "MATCH (a:Count {n: 1}), (b:More), (c:Count {n: 3}) SET b:Most CREATE (:Count), (:Count)"
            + " DETACH DELETE a");

    assertThat(database.transactions(from))
        .filteredOn(each -> !each.counts().isEmpty())
        .singleElement()
        .extracting(Transaction::counts)
        .isEqualTo(
            List.of(
                new Transaction.Count(ElementKind.VERTEX, "Count", 2, 0, 1),
                new Transaction.Count(ElementKind.VERTEX, "Count:More:Most", 0, 1, 0),
                new Transaction.Count(ElementKind.EDGE, "OF", 0, 0, 1)));
    database.run("MATCH (n:Count) DETACH DELETE n");
  }

  @Test
  void whatAReplayWroteMovesThePositionAndIsNoChange() {
    String from = database.current();
    database.write(
        tx -> {
          tx.execute("CALL tx.setMetaData({varve: {graph: 'orders', vector: 'other@1=7'}})")
              .close();
          return tx.createNode(PERSON).createRelationshipTo(tx.createNode(), KNOWS);
        });
    long replayed = database.lastTxId();

    assertThat(database.changes(from)).isEmpty();
    assertThat(database.transactions(from)).isEmpty();
    assertThat(database.read(from))
        .singleElement()
        .satisfies(row -> assertThat(row.id()).contains(":" + replayed + ":0"));

    Node node = database.write(tx -> tx.createNode(PERSON));

    assertThat(database.changes(from))
        .singleElement()
        .satisfies(change -> assertThat(change.id()).isEqualTo(TestDatabase.vertexId(node)));
  }

  @Test
  void metadataThatTheClientSetArrives() {
    String from = database.current();
    database.write(
        tx -> {
          tx.execute("CALL tx.setMetaData({app: 'varve', n: 3, nested: {a: [1, 2]}})").close();
          return tx.createNode();
        });

    assertThat(database.transactions(from))
        .singleElement()
        .satisfies(
            transaction ->
                assertThat(transaction.metadata())
                    .containsEntry("txMetadata.app", "varve")
                    .containsKeys("txMetadata.n", "txMetadata.nested", "connectionType"));
  }

  @Test
  void aLargeTransactionIsSplitAndGoesOnInsideIt() {
    String from = database.current();
    database.run("UNWIND range(1, 50000) AS i CREATE (:Large {i: i, text: 'number ' + i})");

    List<Change> changes = new ArrayList<>();
    List<Transaction> transactions = new ArrayList<>();
    int calls = 0;
    String at = from;
    while (true) {
      // a client that is restarted after every row
      List<TestDatabase.Row> rows = database.read(at, Map.of("maxRows", 1L, "maxBytes", 1L << 19));
      if (rows.isEmpty()) {
        break;
      }
      assertThat(rows).hasSize(1);
      assertThat(rows.get(0).lengthBytes()).isLessThan((1 << 19) + 10_000);
      changes.addAll(rows.get(0).changes());
      transactions.addAll(rows.get(0).transactions());
      at = rows.get(0).id();
      calls++;
    }

    assertThat(calls).isGreaterThan(5);
    assertThat(changes).hasSize(50_000);
    assertThat(changes).extracting(change -> change.header().dot().index()).isSorted();
    assertThat(changes).extracting(Change::id).doesNotHaveDuplicates();
    assertThat(transactions).hasSize(1);
    assertThat(transactions.get(0).counts())
        .containsExactly(new Transaction.Count(ElementKind.VERTEX, "Large", 50_000, 0, 0));
    assertThat(database.read(from).stream().mapToInt(row -> row.changes().size()).sum())
        .isEqualTo(50_000);

    String beforeDelete = database.current();
    database.run("MATCH (n:Large) DELETE n");
    assertThat(database.changes(beforeDelete))
        .hasSize(50_000)
        .allMatch(change -> change.header().removed());
  }

  @Test
  void readingInPiecesOfAnySizeGivesTheSame() {
    String from = database.current();
    for (int i = 0; i < 20; i++) {
      database.run("CREATE (:Piece {i: $i})-[:TO]->(:Piece)", Map.of("i", (long) i));
    }
    List<Change> whole = database.changes(from);
    for (long maxBytes : new long[] {1, 100, 1000, 5000}) {
      List<TestDatabase.Row> rows = database.read(from, Map.of("maxBytes", maxBytes));
      assertThat(rows.stream().flatMap(row -> row.changes().stream())).isEqualTo(whole);
      assertThat(rows.stream().flatMap(row -> row.transactions().stream())).hasSize(20);
      for (TestDatabase.Row row : rows) {
        List<Change> rest = database.changes(row.id());
        assertThat(whole.subList(whole.size() - rest.size(), whole.size())).isEqualTo(rest);
      }
    }
    database.run("MATCH (n:Piece) DETACH DELETE n");
  }

  @Test
  void tokensAloneMoveThePositionWithoutAFrame() {
    String from = database.current();
    long before = database.lastTxId();
    database.write(
        tx -> {
          tx.execute("CALL db.createLabel('NeverUsed')").close();
          return "";
        });

    List<TestDatabase.Row> rows = database.read(from);

    assertThat(database.lastTxId()).isGreaterThan(before);
    assertThat(rows).hasSize(1);
    assertThat(rows.get(0).lengthBytes()).isZero();
    assertThat(rows.get(0).columns()).containsEntry("lastTxId", database.lastTxId());
    assertThat(rows.get(0).id()).isEqualTo(database.current());
    assertThat(database.read(database.current())).isEmpty();
  }

  @Test
  void theEarliestPositionReachesTheCurrentContent() {
    Map<ElementId, Element> model = new TreeMap<>();
    TestDatabase.fold(model, database.changes(database.earliest()));
    assertThat(model).isEqualTo(database.content());
  }

  @Test
  void wrongArgumentsAreRefusedByName() {
    String from = database.current();
    assertThatThrownBy(() -> database.read("somewhere"))
        .hasMessageStartingWith("VARVE-BAD-POSITION: 'somewhere'")
        .hasMessageContaining("HINT: ");
    assertThatThrownBy(() -> database.read(from, Map.of("maxByte", 1L)))
        .hasMessageStartingWith("VARVE-BAD-OPTION: There is no option 'maxByte'");
    assertThatThrownBy(() -> database.read(from, Map.of("maxBytes", 0L)))
        .hasMessageStartingWith("VARVE-BAD-OPTION: Option 'maxBytes'");
    assertThatThrownBy(() -> database.read(from, Map.of("site", "berlin")))
        .hasMessageStartingWith("VARVE-BAD-OPTION: Option 'site'");
    assertThatThrownBy(() -> database.run("CALL varve.cdc.scan('node', 0, {})"))
        .hasMessageStartingWith("VARVE-BAD-OPTION: kind must be");
    assertThatThrownBy(() -> database.run("CALL varve.cdc.scan('vertex', 0, {})"))
        .hasMessageStartingWith("VARVE-BAD-OPTION: Option 'seq'");
  }

  private static Node property(Node node, String key, Object value) {
    node.setProperty(key, value);
    return node;
  }

  static Element state(Change change) {
    return change.state().orElseThrow();
  }

  /** One of each type that Neo4j stores, by a key that names it. */
  static Map<String, Object> everyType() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("boolean", true);
    all.put("byte", Byte.MIN_VALUE);
    all.put("short", Short.MAX_VALUE);
    all.put("int", Integer.MIN_VALUE);
    all.put("long", Long.MAX_VALUE);
    all.put("float", 0.1f);
    all.put("floatNaN", Float.NaN);
    all.put("double", -0.0d);
    all.put("doubleInfinite", Double.NEGATIVE_INFINITY);
    all.put("char", 'ß');
    all.put("string", "näïve \uD83D\uDE80 text");
    all.put("stringEmpty", "");
    all.put("stringLong", "x".repeat(10_000));
    LocalDate date = LocalDate.of(-44, 3, 15);
    LocalTime time = LocalTime.of(23, 59, 59, 999_999_999);
    ZonedDateTime zoned = ZonedDateTime.of(2024, 10, 27, 2, 30, 0, 1, ZoneId.of("Europe/Berlin"));
    ZonedDateTime offset =
        ZonedDateTime.of(1969, 7, 20, 20, 17, 40, 0, ZoneOffset.ofHoursMinutes(-5, -30));
    all.put("date", date);
    all.put("localtime", time);
    all.put("time", OffsetTime.of(time, ZoneOffset.ofHours(-11)));
    all.put("localdatetime", LocalDateTime.of(date, time));
    all.put("datetimeZone", zoned);
    all.put("datetimeZoneLater", zoned.withLaterOffsetAtOverlap());
    all.put("datetimeOffset", offset);
    all.put("duration", DurationValue.duration(-14, 3, -5, 999_999_999));
    PointValue cartesian = Values.pointValue(CoordinateReferenceSystem.CARTESIAN, 1.5, -2.5);
    all.put("point2d", cartesian);
    all.put("point3d", Values.pointValue(CoordinateReferenceSystem.CARTESIAN_3D, 1, 2, 3));
    all.put("pointWgs", Values.pointValue(CoordinateReferenceSystem.WGS_84, 13.4, 52.5));
    all.put("pointWgs3d", Values.pointValue(CoordinateReferenceSystem.WGS_84_3D, 13.4, 52.5, 34));
    all.put("booleans", new boolean[] {true, false});
    all.put("bytes", new byte[] {-128, 0, 127});
    all.put("shorts", new short[] {-1, 1});
    all.put("ints", new int[] {Integer.MIN_VALUE, 5});
    all.put("longs", new long[] {Long.MIN_VALUE, 5});
    all.put("floats", new float[] {0.1f, Float.MAX_VALUE});
    all.put("doubles", new double[] {0.1, Double.MIN_VALUE});
    all.put("chars", new char[] {'a', '\u20AC'});
    all.put("strings", new String[] {"", "a", "ü".repeat(500)});
    all.put("dates", new LocalDate[] {date, LocalDate.EPOCH});
    all.put("localtimes", new LocalTime[] {time});
    all.put("times", new OffsetTime[] {OffsetTime.of(time, ZoneOffset.UTC)});
    all.put("localdatetimes", new LocalDateTime[] {LocalDateTime.of(date, time)});
    all.put("datetimes", new ZonedDateTime[] {zoned, offset});
    all.put("durations", new DurationValue[] {DurationValue.duration(1, 2, 3, 4)});
    all.put("points", new PointValue[] {cartesian});
    all.put("noBooleans", new boolean[0]);
    all.put("noBytes", new byte[0]);
    all.put("noShorts", new short[0]);
    all.put("noInts", new int[0]);
    all.put("noLongs", new long[0]);
    all.put("noFloats", new float[0]);
    all.put("noDoubles", new double[0]);
    all.put("noChars", new char[0]);
    all.put("noStrings", new String[0]);
    all.put("noDates", new LocalDate[0]);
    all.put("noLocaltimes", new LocalTime[0]);
    all.put("noTimes", new OffsetTime[0]);
    all.put("noLocaldatetimes", new LocalDateTime[0]);
    all.put("noDatetimes", new ZonedDateTime[0]);
    all.put("noDurations", new DurationValue[0]);
    // no empty array of points: 5.26 fails to commit one, with or without the plugin
    return all;
  }
}
