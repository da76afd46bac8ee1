package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.cdc.StoreLog;
import dev.varve.cdc.age.AgeSettings;
import dev.varve.cdc.age.AgeSource;
import dev.varve.cli.demo.Content;
import dev.varve.container.age.AgeServer;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.target.age.AgeStandby;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A client of drills in a real PostgreSQL with AGE; skipped, saying so, without Docker. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AgeLinkIT {

  private static final Optional<String> USER = Optional.of(AgeServer.USER);
  private static final Optional<String> PASSWORD = Optional.of(AgeServer.PASSWORD);

  private Optional<AgeServer> server = Optional.empty();

  @BeforeAll
  void start() {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    server = Optional.of(AgeServer.start());
  }

  @AfterAll
  void stop() {
    server.ifPresent(AgeServer::close);
  }

  private AgeStore store(String graph) throws SQLException {
    run("SELECT create_graph('" + graph + "')");
    return AgeStore.of(settings(graph));
  }

  private AgeSettings settings(String graph) {
    String uri =
        "postgresql://%s:%d/%s"
            .formatted(
                server.orElseThrow().host(), server.orElseThrow().port(), AgeServer.DATABASE);
    return AgeSettings.of(uri, USER, PASSWORD, graph);
  }

  private void run(String... statements) throws SQLException {
    try (Connection connection = server.orElseThrow().connect();
        Statement statement = connection.createStatement()) {
      for (String one : statements) {
        statement.execute(one);
      }
    }
  }

  private long number(String query) throws SQLException {
    try (Connection connection = server.orElseThrow().connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  @Test
  void writtenOnceEvenIfWrittenAgain() throws Exception {
    AgeStore store = store("written");
    try (Link link = store.connect()) {
      Hand hand = link.hand(Handwriting.OF_VARVE);
      assertThat(hand.vertices()).isZero();
      assertThat(hand.times()).isEmpty();
      hand.prepare();
      long before = link.lastTransaction();
      for (long number : new long[] {0, 1, 1, 2, 1}) {
        hand.write(number, "text").get();
      }
      assertThat(link.lastTransaction()).isGreaterThan(before);
      assertThat(hand.times()).isEqualTo(Map.of(0L, 1L, 1L, 1L, 2L, 1L));
      assertThat(counts(link.scan())).containsExactly(5, 3);
      hand.write(5, "others are lost, and so is the edge to them").get();
      assertThat(hand.times()).containsOnlyKeys(0L, 1L, 2L, 5L);
      assertThat(counts(link.scan())).containsExactly(6, 3);
      assertThat(hand.vertices()).isEqualTo(6);
      assertThat(
              cypher(
                  "written",
                  "MATCH (a:VarveDrillHalf {i: 5})-[e:VARVE_DRILL_SAME {i: 5}]->"
                      + "(b:VarveDrillHalf {i: 5}) RETURN count(e)"))
          .isEqualTo(1);
      assertThat(
              cypher(
                  "written",
                  "MATCH (:VarveDrillWritten {i: 2, text: 'text'})"
                      + "-[e:VARVE_DRILL_AFTER]->(:VarveDrillWritten {i: 1}) RETURN count(e)"))
          .isEqualTo(1);
    }
  }

  private static long[] counts(Content content) {
    return new long[] {content.vertices(), content.edges()};
  }

  private long cypher(String graph, String query) throws SQLException {
    return number(
        "SELECT CAST(a AS int8) FROM cypher('%s', $$ %s $$) AS (a agtype)".formatted(graph, query));
  }

  @Test
  void labelsLogRemovalsFromTheStart() throws Exception {
    try (Link link = store("labels").connect()) {
      link.hand(Handwriting.OF_VARVE).prepare();
    }
    assertThat(
            number(
                "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    + " WHERE n.nspname = 'labels' AND relname ILIKE 'varve%drill%' AND relkind ="
                    + " 'r' AND relreplident = 'f'"))
        .isEqualTo(4);
  }

  @Test
  void scanFindsWhatTheProductReadsBack() throws Exception {
    AgeStore store = store("scanned");
    run(
        "SELECT * FROM cypher('scanned', $$ CREATE (:P {n: 1, t: 'żółw 🐢', l: [1, {a: null}],"
            + " f: 1.5, d: 1.50::numeric, b: true})-[:KNOWS {since: 7}]->({n: 2})"
            + " CREATE (:Odd_1)-[:KNOWS]->(:P) $$) AS (a agtype)");
    try (Link link = store.connect();
        AgeStandby product =
            new AgeStandby(
                dev.varve.restore.target.age.AgeSettings.of(store.uri(), store.password()))) {
      link.hand(Handwriting.OF_VARVE).prepare();
      Content content = link.scan();
      ReadBack read = product.readBack(Progress.NONE);
      assertThat(content)
          .isEqualTo(new Content(read.vertices(), read.edges(), read.fingerprint()))
          .isEqualTo(link.standbyScan());
      assertThat(counts(content)).containsExactly(6, 3);
    }
  }

  @Test
  void identityIsThatOfCapture() throws Exception {
    AgeStore store = store("known");
    String identity = store.ask(Link::identity);
    try (StoreLog log = AgeSource.of(settings("known")).open()) {
      assertThat(identity).isEqualTo(log.identity());
    }
    assertThat(store("other").ask(Link::identity)).isNotEqualTo(identity);
    assertThatThrownBy(() -> AgeStore.of(settings("nowhere")).ask(Link::identity))
        .hasMessageContaining("there is no graph 'nowhere'");
  }

  @Test
  void standbyIsToldByItsRow() throws Exception {
    AgeStore store = store("copy");
    try (Link link = store.connect()) {
      Hand hand = link.hand(Handwriting.OF_VARVE);
      hand.prepare();
      hand.write(0, "text").get();
      assertThat(link.isStandby()).isFalse();
      assertThat(hand.inStandby()).as("it is none").isZero();
      run(
          "CREATE SCHEMA IF NOT EXISTS varve",
          "CREATE TABLE varve.standby (graph text PRIMARY KEY, graphid oid NOT NULL)",
          "INSERT INTO varve.standby SELECT name, graphid FROM ag_graph WHERE name = 'copy'");
      assertThat(link.isStandby()).isTrue();
      assertThat(link.isConverted()).as("an earlier version made the table").isFalse();
      assertThat(hand.inStandby()).isEqualTo(1);
      run("ALTER TABLE varve.standby ADD COLUMN crossed text");
      assertThat(link.isConverted()).isFalse();
      run("UPDATE varve.standby SET crossed = 'neo4j'");
      assertThat(link.isConverted()).isTrue();
      run("UPDATE varve.standby SET graphid = 1");
      assertThat(link.isStandby()).as("of a graph that was dropped").isFalse();
      run("DROP TABLE varve.standby");
      assertThat(link.isStandby()).isFalse();
    }
  }

  @Test
  void removedWithItsLabels() throws Exception {
    AgeStore store = store("removed");
    Content before = store.ask(Link::scan);
    try (Link link = store.connect()) {
      Hand hand = link.hand(Handwriting.OF_VARVE);
      assertThat(hand.remove()).as("nothing is there").isZero();
      hand.prepare();
      hand.write(0, "text").get();
      assertThat(hand.remove()).isEqualTo(3);
      assertThat(link.scan()).isEqualTo(before);
      hand.prepare();
      run(store.removal(Handwriting.OF_VARVE));
      assertThat(hand.vertices()).isZero();
    }
    assertThat(
            number(
                "SELECT count(*) FROM ag_label l JOIN ag_graph g ON g.graphid = l.graph"
                    + " WHERE l.name ILIKE 'varve%' AND g.name = 'removed'"))
        .isZero();
  }

  @Test
  void ownerOfTheGraphNeedsNoSuperuser() throws Exception {
    run(
        "CREATE ROLE app LOGIN PASSWORD 'app'",
        "GRANT CREATE ON DATABASE " + AgeServer.DATABASE + " TO app",
        "GRANT USAGE ON SCHEMA ag_catalog TO app",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ag_catalog.ag_graph, ag_catalog.ag_label TO app",
        "SET ROLE app",
        "SELECT create_graph('owned')");
    AgeStore store = AgeStore.of(settings("owned").as("app", Optional.of("app")));
    assertThat(store.ask(Link::identity)).contains("/" + AgeServer.DATABASE + "/");
    assertThat(store.ask(Link::isStandby)).isFalse();
    try (Link link = store.connect()) {
      Hand hand = link.hand(Handwriting.OF_VARVE);
      for (int i = 0; i < 2; i++) { // the second one finds the labels
        hand.prepare();
        hand.write(0, "text").get();
        assertThat(counts(link.scan())).containsExactly(3, 1);
        assertThat(hand.remove()).isEqualTo(3);
        assertThat(counts(link.scan())).containsExactly(0, 0);
      }
    }
  }

  @Test
  void whoMayNotWriteIsToldSo() throws Exception {
    run("CREATE ROLE reader LOGIN PASSWORD 'reader'");
    AgeStore store = store("foreign");
    AgeStore asReader = AgeStore.of(settings("foreign").as("reader", Optional.of("reader")));
    assertThatThrownBy(
            () ->
                asReader.ask(
                    link -> {
                      link.hand(Handwriting.OF_VARVE).prepare();
                      return true;
                    }))
        .hasMessageContaining("cannot ask " + store + ": ERROR: permission denied");
  }

  @Test
  void whatHangsKeepsNobody() throws Exception {
    AgeStore store = store("hanging");
    try (Connection other = server.orElseThrow().connect();
        Statement statement = other.createStatement()) {
      CompletableFuture<?> answer;
      try (Link link = store.connect()) {
        Hand hand = link.hand(Handwriting.OF_VARVE);
        hand.prepare();
        other.setAutoCommit(false);
        statement.execute("LOCK TABLE hanging.\"VarveDrillHalf\"");
        answer = hand.write(0, "text");
        assertThatThrownBy(() -> answer.get(500, TimeUnit.MILLISECONDS))
            .isInstanceOf(java.util.concurrent.TimeoutException.class);
      }
      assertThatThrownBy(() -> answer.get(5, TimeUnit.SECONDS))
          .hasCauseInstanceOf(StoreFailure.class);
      other.rollback();
      assertThat(store.<Map<Long, Long>>ask(link -> link.hand(Handwriting.OF_VARVE).times()))
          .isEmpty();
    }
  }
}
