package dev.varve.cli;

import dev.varve.cli.demo.Content;
import dev.varve.cli.demo.SqlScan;
import dev.varve.container.age.AgeServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import java.util.Set;

/** A graph in a server, written to and read with nothing but SQL and Cypher. */
record AgeGraph(AgeServer server, String name) {

  AgeGraph create() throws SQLException {
    run("SELECT create_graph('" + name + "')");
    return this;
  }

  void run(String... statements) throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      for (String one : statements) {
        statement.execute(one);
      }
    }
  }

  String cypher(String text) {
    return "SELECT * FROM cypher('" + name + "', $q$ " + text + " $q$) AS (a agtype)";
  }

  /** Writes something last; returns a place in the log before the end of its commit. */
  long last() throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute(cypher("CREATE (:Last)"));
      long lsn;
      try (ResultSet row =
          statement.executeQuery("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8")) {
        row.next();
        lsn = row.getLong(1);
      }
      connection.commit();
      return lsn + 1;
    }
  }

  /** Where the log ends, behind all that was committed. */
  long end() throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8")) {
      row.next();
      return row.getLong(1);
    }
  }

  /** Up to where the only slot has been released. */
  long confirmed() throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT (confirmed_flush_lsn - '0/0'::pg_lsn)::int8 FROM pg_replication_slots")) {
      row.next();
      return row.getLong(1);
    }
  }

  /** One step of a random workload, labels that come and go included. */
  void step(Connection connection, Random random) throws SQLException {
    String label = "L" + random.nextInt(5);
    String type = "E" + random.nextInt(3);
    int n = random.nextInt(40);
    // of vertices too, which leaves their edges without an end
    String table = "\"" + name + "\".\"" + (n % 2 == 0 ? type : label) + "\"";
    String sql =
        switch (random.nextInt(12)) {
          case 0, 1, 2 ->
              cypher("CREATE (:" + label + " {n: " + n + ", t: 'żółw 🐢', l: [1, {a: null}]})");
          case 3 -> cypher("UNWIND range(1, 50) AS i CREATE (:" + label + " {n: i})");
          case 4, 5 ->
              cypher(
                  "MATCH (a {n: "
                      + n
                      + "}), (b {n: "
                      + random.nextInt(40)
                      + "}) WITH a, b LIMIT 4 CREATE (a)-[:"
                      + type
                      + " {n: "
                      + n
                      + "}]->(b)");
          case 6 -> cypher("MATCH (a:" + label + ") WHERE a.n < " + n + " SET a.u = " + n);
          case 7 -> cypher("MATCH (a:" + label + " {n: " + n + "}) DETACH DELETE a");
          case 8 -> cypher("MATCH ()-[e:" + type + "]->() WHERE e.n < " + n + " DELETE e");
          case 9 -> cypher("CREATE ({n: " + n + ", big: '" + "y".repeat(9_000 + n) + "'})");
          case 10 -> random.nextInt(3) == 0 ? "TRUNCATE " + table : cypher("MATCH (n) RETURN n.n");
          default ->
              random.nextInt(4) == 0
                  ? "SELECT drop_label('" + name + "', '" + type + "')"
                  : cypher("CREATE (:" + label + ")-[:" + type + "]->(:" + label + ")");
        };
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      // a label that is not there, or is of the other kind
      if (!Set.of("3F000", "42P01", "42P07", "22023", "XX000", "42704")
          .contains(String.valueOf(e.getSQLState()))) {
        throw e;
      }
    }
  }

  /** Reads all of it. */
  Content content() throws SQLException {
    try (Connection connection = server.connect()) {
      return SqlScan.of(connection, name);
    }
  }
}
