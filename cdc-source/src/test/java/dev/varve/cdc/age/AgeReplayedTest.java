package dev.varve.cdc.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.age.ReplayedMessage;
import dev.varve.change.InexactSpan;
import dev.varve.change.Transaction;
import dev.varve.container.age.AgeServer;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** What a replay writes into a real server is in the scan of it, and is passed over after that. */
final class AgeReplayedTest {

  private static final int ADVANCE_AT_MOST_S = 60;

  private static @Nullable AgeServer server;

  private String graph = "";
  private @Nullable Connection connection;
  private @Nullable AgeReplica replica;

  @BeforeAll
  static void start() {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    server = AgeServer.start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  private static AgeServer server() {
    return Objects.requireNonNull(server);
  }

  private Connection sql() {
    return Objects.requireNonNull(connection);
  }

  private AgeReplica replica() {
    return Objects.requireNonNull(replica);
  }

  @BeforeEach
  void graph(TestInfo test) throws SQLException {
    graph = "G_" + Integer.toHexString(test.getDisplayName().hashCode());
    Connection opened = server().connect();
    connection = opened;
    run("SELECT create_graph('" + graph + "')");
    String uri = "postgresql://127.0.0.1:" + server().port() + "/" + AgeServer.DATABASE;
    AgeSettings settings =
        AgeSettings.of(uri, Optional.of("reads_" + graph), Optional.of("secret"), graph);
    AgeSetup.run(opened, AgeSetup.missing(opened, settings));
    replica = new AgeReplica(AgeReading.of(settings));
    cypher("CREATE (:P {n: 1}), (:P {n: 2})");
  }

  @AfterEach
  void close() throws Exception {
    replica().close();
    sql().close();
  }

  private void run(String... statements) throws SQLException {
    try (Statement s = sql().createStatement()) {
      for (String statement : statements) {
        s.execute(statement);
      }
    }
  }

  private void cypher(String text) throws SQLException {
    run(inCypher(text));
  }

  private String inCypher(String text) {
    return "SELECT * FROM cypher('" + graph + "', $q$ " + text + " $q$) AS (a agtype)";
  }

  private long number(String query) throws SQLException {
    try (Statement s = sql().createStatement();
        ResultSet row = s.executeQuery(query)) {
      assertThat(row.next()).isTrue();
      return row.getLong(1);
    }
  }

  private long oid() throws SQLException {
    return number("SELECT graphid::int8 FROM ag_catalog.ag_graph WHERE name = '" + graph + "'");
  }

  /** As a replay does it: one transaction, which says so before anything else. */
  private void replayed(long graphOid, String... statements) throws SQLException {
    List<String> all = new ArrayList<>();
    all.add("BEGIN");
    all.add(
        "SELECT pg_logical_emit_message(true, '"
            + ReplayedMessage.PREFIX
            + "', '"
            + new ReplayedMessage(graphOid).text()
            + "')");
    all.addAll(List.of(statements));
    all.add("COMMIT");
    run(all.toArray(String[]::new));
  }

  private String table(String label) {
    return Sql.name(graph, label);
  }

  @Test
  void isInTheScanAndPassedOverAfterIt() throws Exception {
    replayed(oid(), inCypher("CREATE (:P {n: 3})"));
    replica().scan().read();
    assertThat(replica().living).hasSize(3).isEqualTo(database());
    int told = replica().transactions.size();

    replayed(
        oid(),
        inCypher("MATCH (p:P {n: 1}) DELETE p"),
        "SELECT create_vlabel('" + graph + "', 'Made')",
        "CREATE INDEX __varve_standby_9 ON " + table("Made") + " (id)",
        "ALTER TABLE ONLY " + table("Made") + " REPLICA IDENTITY FULL",
        inCypher("CREATE (:Made {n: 7})-[:TO]->(:P {n: 4})"),
        "ALTER TABLE ONLY " + table("TO") + " REPLICA IDENTITY FULL",
        "TRUNCATE " + table("TO"));
    replica().read();
    assertThat(replica().living).as("as it was before").hasSize(3);
    assertThat(replica().transactions).hasSize(told);

    cypher("MATCH (m:Made {n: 7}) SET m.n = 8");
    cypher("CREATE (:Made {n: 9})");
    cypher("MATCH (p:P {n: 2}) DELETE p");
    replica().restart();
    replica().read();
    assertThat(replica().transactions).as("the clients' alone").hasSize(told + 3);
    assertThat(replica().transactions.get(told).metadata()).doesNotContainKey(InexactSpan.METADATA);
    Map<ElementId, Element> expected = new TreeMap<>(database());
    // what only the replay wrote is for the primary to tell, and so is what it removed
    expected.keySet().removeIf(id -> !replica().living.containsKey(id));
    assertThat(expected).hasSize(3);
    assertThat(replica().living).hasSize(4).containsAllEntriesOf(expected);
  }

  @Test
  void ofAnotherGraphHidesNothing() throws Exception {
    replica().scan().read();
    replayed(oid() + 1, inCypher("CREATE (:P {n: 3})"));
    replica().read();
    assertThat(replica().living).hasSize(3).isEqualTo(database());
  }

  /** Else the server would hold its log back for ever where a replay alone writes. */
  @Test
  void placeGoesOnAndTheSlotWithIt() throws Exception {
    replica().scan().read();
    for (int i = 0; i < 20; i++) {
      replayed(oid(), inCypher("CREATE (:P {n: " + i + "})"));
    }
    long end = Lsn.parse(text("SELECT pg_current_wal_flush_lsn()::text"));
    long giveUpAt = System.nanoTime() + ADVANCE_AT_MOST_S * 1_000_000_000L;
    while (confirmed() < end) {
      assertThat(System.nanoTime()).as("the slot stands at %d", confirmed()).isLessThan(giveUpAt);
      replica().read();
      replica().log().acknowledge(replica().position);
      Thread.sleep(50);
    }
    assertThat(Position.parse(replica().position).end()).isGreaterThanOrEqualTo(end);
    assertThat(replica().living).hasSize(2);
  }

  private long confirmed() throws SQLException {
    return Lsn.parse(
        text(
            "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = '"
                + replica().reading().settings().slot()
                + "'"));
  }

  private String text(String query) throws SQLException {
    try (Statement s = sql().createStatement();
        ResultSet row = s.executeQuery(query)) {
      assertThat(row.next()).isTrue();
      return row.getString(1);
    }
  }

  @Test
  void standbyIsSeenByItsIndexesWhichAreNotItsSchema() throws Exception {
    assertThat(replica().log().follows()).isFalse();
    int rules = replica().log().schema().rules().size();
    run("CREATE INDEX __varve_standby_3 ON " + table("P") + " (id)");
    assertThat(replica().log().follows()).isTrue();
    assertThat(replica().log().schema().rules()).hasSize(rules);
    replica().scan().read();
    run("CREATE INDEX by_properties ON " + table("P") + " USING gin (properties)");
    int told = replica().transactions.size();
    replica().read();
    assertThat(replica().transactions).as("that is the primary's to tell").hasSize(told);
    run("DROP INDEX " + table("__varve_standby_3"));
    replica().read();
    assertThat(replica().transactions).hasSize(told + 1);
  }

  @Test
  void lookingAltersNothingAndTellsTheSameTwice() throws Exception {
    replica().scan().read();
    String from = replica().position;
    replica().close();
    cypher("CREATE (:Fresh {n: 1})");
    run("CREATE INDEX by_properties ON " + table("P") + " USING gin (properties)");
    List<Long> first = looked(from);
    assertThat(first).hasSize(1);
    assertThat(looked(from)).isEqualTo(first);
    assertThat(
            text(
                "SELECT relreplident FROM pg_class WHERE oid = '" + table("Fresh") + "'::regclass"))
        .isEqualTo("d");
  }

  /** The numbers of the transactions that a look at the log tells. */
  private List<Long> looked(String from) throws Exception {
    AgeReplica looker = new AgeReplica(replica().reading(), AgeLog.looking(replica().reading()));
    try (looker) {
      looker.position = from;
      assertThat(looker.read(Integer.MAX_VALUE)).isTrue();
      return looker.transactions.stream().map(Transaction::seq).toList();
    }
  }

  private Map<ElementId, Element> database() throws SQLException {
    return AgeReplica.inDatabase(sql(), graph);
  }
}
