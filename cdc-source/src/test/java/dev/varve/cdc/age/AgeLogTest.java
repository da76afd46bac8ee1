package dev.varve.cdc.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.container.age.AgeServer;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** The log of a real server, read as capture does by a role with no more than it needs. */
final class AgeLogTest {

  private static final String ROLE = "varve_reader";
  private static @Nullable AgeServer server;

  private String graph = "";
  private Connection sql = none();
  private AgeReplica replica =
      new AgeReplica(
          AgeReading.of(
              AgeSettings.of("postgresql://h/d", Optional.empty(), Optional.empty(), "none")));

  @SuppressWarnings("NullAway") // set before each test
  private static Connection none() {
    return null;
  }

  @BeforeAll
  static void start() throws SQLException {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    server = AgeServer.start();
    try (Connection connection = server().connect();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE ROLE " + ROLE + " LOGIN PASSWORD 'secret'");
    }
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  static AgeServer server() {
    AgeServer started = server;
    if (started == null) {
      throw new IllegalStateException("no server");
    }
    return started;
  }

  @BeforeEach
  void graph(TestInfo test) throws SQLException {
    graph = "G_" + Integer.toHexString(test.getDisplayName().hashCode());
    sql = server().connect();
    run("SELECT create_graph('" + graph + "')");
    String uri = "postgresql://127.0.0.1:" + server().port() + "/" + AgeServer.DATABASE;
    AgeSettings settings = AgeSettings.of(uri, Optional.of(ROLE), Optional.of("secret"), graph);
    assertThat(AgeSetup.run(sql, AgeSetup.missing(sql, settings))).isFalse();
    replica = new AgeReplica(AgeReading.of(settings));
  }

  @AfterEach
  void close() throws SQLException {
    replica.close();
    sql.close();
  }

  private void run(String statement) throws SQLException {
    try (Statement s = sql.createStatement()) {
      s.execute(statement);
    }
  }

  private void cypher(String text) throws SQLException {
    run("SELECT * FROM cypher('" + graph + "', $q$ " + text + " $q$) AS (a agtype)");
  }

  private Map<ElementId, Element> database() throws SQLException {
    return AgeReplica.inDatabase(sql, graph);
  }

  @Test
  void whatIsScannedAndWhatFollowsAreTheGraph() throws Exception {
    cypher(
        "CREATE (:Person {name: 'Ada', born: 1815})-[:KNOWS {since: 1833}]->(:Person {name: 'Charles'})");
    cypher("CREATE ({name: 'nobody'})");
    replica.scan();
    assertThat(replica.living).hasSize(4).isEqualTo(database());

    cypher("MATCH (p:Person {name: 'Ada'}) SET p.born = 1816, p.list = [1, 2.5, {a: null}]");
    cypher("MATCH (p:Person {name: 'Charles'}) DETACH DELETE p");
    cypher("CREATE (:Person {name: 'Grace'})");
    replica.read();
    assertThat(replica.living).hasSize(3).isEqualTo(database());
    assertThat(replica.transactions).hasSizeGreaterThanOrEqualTo(3);
    assertThat(replica.transactions.get(0).committedAtMicros())
        .isGreaterThan(1_600_000_000_000_000L);

    replica.restart();
    cypher("MATCH (n) DELETE n");
    replica.read();
    assertThat(replica.living).isEmpty();
  }

  @Test
  void labelsMadeDroppedAndTruncated() throws Exception {
    cypher("CREATE (:Old {a: 1})");
    replica.scan().read();
    cypher("CREATE (:New {a: 1}), (:New {a: 2})");
    cypher("MATCH (n:New {a: 2}) DELETE n"); // not in the log
    replica.read();
    assertThat(replica.living).hasSize(2).isEqualTo(database());
    assertThat(replica.schema.rules()).extracting(StoreSchema.Rule::name).contains("Old", "New");

    cypher("CREATE (:New {a: 3})");
    run("TRUNCATE \"" + graph + "\".\"Old\"");
    replica.read();
    assertThat(replica.living).hasSize(2).isEqualTo(database());

    run("SELECT drop_label('" + graph + "', 'New')");
    replica.read();
    assertThat(replica.living).isEmpty();
    assertThat(replica.schema.rules()).extracting(StoreSchema.Rule::name).containsExactly("Old");
  }

  @Test
  void largePropertiesThatStayAsTheyAre() throws Exception {
    replica.scan().read();
    String large = "x".repeat(20_000) + "ü";
    run("SELECT create_vlabel('" + graph + "', 'Big')");
    replica.read();
    cypher("CREATE (:Big {text: '" + large + "', n: 1})-[:AT {text: '" + large + "'}]->(:Big)");
    replica.read();
    // start and end move, properties stay where they are
    run("UPDATE \"" + graph + "\".\"AT\" SET start_id = end_id");
    run("UPDATE \"" + graph + "\".\"Big\" SET properties = properties");
    replica.read();
    assertThat(replica.living).hasSize(3).isEqualTo(database());
  }
}
