package dev.varve.container.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

final class AgeServerTest {

  @Test
  void whatWasCommittedIsThereAfterAKill() throws Exception {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    try (AgeServer server = AgeServer.start()) {
      try (Connection connection = server.connect();
          Statement statement = connection.createStatement()) {
        statement.execute("SELECT create_graph('soc')");
        statement.execute(
            "SELECT * FROM cypher('soc', $$CREATE (:Person {name: 'Ada'})$$) AS (a agtype)");
      }
      server.kill();
      server.startAgain();
      try (Connection connection = server.connect();
          Statement statement = connection.createStatement();
          ResultSet found =
              statement.executeQuery(
                  "SELECT * FROM cypher('soc', $$MATCH (p:Person) RETURN p.name$$) AS (a agtype)")) {
        assertThat(found.next()).isTrue();
        assertThat(found.getString(1)).isEqualTo("\"Ada\"");
      }
    }
  }
}
