package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TargetUriTest {

  @Test
  void aServerIsNamedByBolt() {
    assertThat(TargetUri.parse("bolt://db.example:7687"))
        .isEqualTo(
            new TargetUri.Bolt(
                URI.create("bolt://db.example:7687"), Optional.empty(), Optional.empty()));
    assertThat(TargetUri.parse("neo4j+s://anna@db.example?database=orders"))
        .isEqualTo(
            new TargetUri.Bolt(
                URI.create("neo4j+s://db.example"), Optional.of("anna"), Optional.of("orders")));
  }

  @Test
  void aStoreIsNamedByItsHome() {
    assertThat(TargetUri.parse("neo4j-store:/var/lib/neo4j"))
        .isEqualTo(new TargetUri.Neo4jStore(Path.of("/var/lib/neo4j"), "neo4j"));
    assertThat(TargetUri.parse("neo4j-store:/n?database=x"))
        .isEqualTo(new TargetUri.Neo4jStore(Path.of("/n"), "x"));
  }

  @Test
  void aDirectoryHoldsBothFormatsUnlessItIsSaid() {
    assertThat(TargetUri.parse("dir:/tmp/out"))
        .isEqualTo(
            new TargetUri.Directory(
                Path.of("/tmp/out"), Set.of(TargetUri.Format.CSV, TargetUri.Format.AVRO)));
    assertThat(TargetUri.parse("dir:/tmp/out?format=avro"))
        .isEqualTo(new TargetUri.Directory(Path.of("/tmp/out"), Set.of(TargetUri.Format.AVRO)));
    assertThat(TargetUri.parse("dir:relative"))
        .isEqualTo(
            new TargetUri.Directory(
                Path.of("relative").toAbsolutePath(),
                Set.of(TargetUri.Format.CSV, TargetUri.Format.AVRO)));
  }

  @Test
  void aGraphOfAgeIsNamedByServerDatabaseAndName() {
    assertThat(TargetUri.parse("age:postgresql://anna@db.example:5433/orders/my%20graph+"))
        .isEqualTo(
            new TargetUri.Age(
                "db.example",
                OptionalInt.of(5433),
                Optional.of("anna"),
                "orders",
                "my graph+",
                Map.of()));
    TargetUri.Age v6 =
        (TargetUri.Age)
            TargetUri.parse(
                "age:postgresql://[::1]/d%2Fb/graph?sslmode=require&sslrootcert=/c%20a");
    assertThat(v6.tls()).isEqualTo(Map.of("sslmode", "require", "sslrootcert", "/c a"));
    assertThat(v6.jdbcUrl()).isEqualTo("jdbc:postgresql://[::1]/d%2Fb");
    assertThat(v6).hasToString("age:postgresql://[::1]/d/b/graph");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/tmp/out",
        "http://db.example",
        "bolt:",
        "bolt://",
        "bolt://db.example/orders",
        "bolt://db.example?db=orders",
        "neo4j-store:",
        "dir:",
        "dir:/tmp/out?format=xml",
        "dir:/tmp/out?format=",
        "age:",
        "age:soc",
        "age:postgresql://db.example",
        "age:postgresql://db.example/orders",
        "age:postgresql://db.example/orders/",
        "age:postgresql://db.example//soc",
        "age:postgresql://db.example/orders/soc/more",
        "age:postgresql:///orders/soc",
        "age:mysql://db.example/orders/soc",
        "age:postgresql://db.example/orders/soc?tls=on",
      })
  void whatIsNoTargetIsAUsageError(String text) {
    assertThatThrownBy(() -> TargetUri.parse(text))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining(text);
  }

  @Test
  void aPasswordInAUriIsRefusedAndNotSaidAgain() {
    assertThatThrownBy(() -> TargetUri.parse("bolt://anna:geheim@db.example"))
        .isInstanceOf(VarveException.class)
        .hasMessageNotContaining("geheim");
    assertThatThrownBy(() -> TargetUri.parse("age:postgresql://anna:geheim@db.example/a/soc"))
        .isInstanceOf(VarveException.class)
        .hasMessageNotContaining("geheim");
  }
}
