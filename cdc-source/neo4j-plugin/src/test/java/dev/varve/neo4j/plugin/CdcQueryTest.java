// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shape of {@code varve.cdc.query}: that of Neo4j's own change events. */
class CdcQueryTest {

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
  void aNodesEventHasItsStatesBeforeAndAfter() {
    database.run("CREATE (:Person {name: 'Ada', born: 1815})");
    String from = database.current();
    database.run("MATCH (n:Person {name: 'Ada'}) SET n.born = 1816, n:Author");

    Map<String, Object> row = events(from).get(0);

    assertThat(row).containsEntry("txId", database.lastTxId()).containsEntry("seq", 0L);
    assertThat(event(row))
        .containsEntry("eventType", "n")
        .containsEntry("operation", "u")
        .containsEntry("labels", List.of("Person"))
        .containsEntry("keys", Map.of())
        .containsEntry(
            "elementId",
            database.run("MATCH (n:Author) RETURN elementId(n) AS id").get(0).get("id"))
        .containsEntry(
            "state",
            Map.of(
                "before",
                Map.of(
                    "labels", List.of("Person"),
                    "properties", Map.of("name", "Ada", "born", 1815L),
                    "storedTypes", Map.of()),
                "after",
                Map.of(
                    "labels", List.of("Author", "Person"),
                    "properties", Map.of("name", "Ada", "born", 1816L),
                    "storedTypes", Map.of())));
    assertThat(map(row, "metadata"))
        .containsEntry("captureMode", "FULL")
        .containsKeys(
            "executingUser",
            "authenticatedUser",
            "serverId",
            "databaseId",
            "connectionType",
            "connectionClient",
            "connectionServer",
            "txStartTime",
            "txCommitTime",
            "txMetadata");
  }

  @Test
  void aRelationshipsEventHasItsEndsWithLabels() {
    String from = database.current();
    database.run("CREATE (:From {a: 1})-[:TO {w: 0.5}]->(:Target)");
    database.run("MATCH (:From)-[r:TO]->() DELETE r");

    List<Map<String, Object>> rows = events(from);

    assertThat(rows)
        .extracting(row -> event(row).get("operation"))
        .containsExactly("c", "c", "c", "d");
    Map<String, Object> created = event(rows.get(2));
    assertThat(created).containsEntry("eventType", "r").containsEntry("type", "TO");
    assertThat(map(created, "start")).containsEntry("labels", List.of("From"));
    assertThat(map(created, "end")).containsEntry("labels", List.of("Target"));
    assertThat(map(created, "state"))
        .containsEntry("before", null)
        .containsEntry("after", Map.of("properties", Map.of("w", 0.5), "storedTypes", Map.of()));
    assertThat(map(event(rows.get(3)), "state"))
        .containsEntry("before", Map.of("properties", Map.of("w", 0.5), "storedTypes", Map.of()))
        .containsEntry("after", null);
  }

  @Test
  void typesThatBoltDoesNotKeepAreNamed() {
    String from = database.current();
    database.write(
        tx -> {
          var node = tx.createNode();
          CdcReadTest.everyType().forEach(node::setProperty);
          return node;
        });

    Map<String, Object> after = map(map(event(events(from).get(0)), "state"), "after");

    assertThat(map(after, "properties")).hasSameSizeAs(CdcReadTest.everyType());
    assertThat(map(after, "storedTypes"))
        .containsEntry("byte", "byte")
        .containsEntry("short", "short")
        .containsEntry("int", "int")
        .containsEntry("float", "float")
        .containsEntry("char", "char")
        .containsEntry("ints", "int[]")
        .containsEntry("noInts", "int[]")
        .containsEntry("noLongs", "long[]")
        .doesNotContainKeys("long", "longs", "double", "string", "bytes", "point2d");
  }

  @Test
  void eachEventsIdGoesOnAfterIt() {
    String from = database.current();
    database.run("UNWIND range(1, 5) AS i CREATE (:Each {i: i})");
    database.run("CREATE (:Each {i: 6})");
    List<Map<String, Object>> all = events(from);
    assertThat(all).hasSize(6);
    for (int i = 0; i < all.size(); i++) {
      assertThat(events(TestDatabase.text(all.get(i), "id")))
          .isEqualTo(all.subList(i + 1, all.size()));
    }
    assertThat(database.read(TestDatabase.text(all.get(2), "id")))
        .singleElement()
        .satisfies(row -> assertThat(row.changes()).hasSize(3));
  }

  @Test
  void selectorsSelect() {
    String from = database.current();
    database.run("CREATE (:S1 {n: 1})-[:R1]->(:S2:S1), (:S3)");
    assertThat(selected(from, Map.of("select", "n"))).isEqualTo(3);
    assertThat(selected(from, Map.of("select", "r", "type", "R1"))).isEqualTo(1);
    assertThat(selected(from, Map.of("labels", List.of("S1")))).isEqualTo(2);
    assertThat(selected(from, Map.of("labels", List.of("S1", "S2")))).isEqualTo(1);
    assertThat(selected(from, Map.of("operation", "d"))).isZero();
    assertThat(selected(from, Map.of("select", "r"), Map.of("labels", List.of("S3")))).isEqualTo(2);
    assertThatThrownBy(() -> selected(from, Map.of("label", "S1")))
        .hasMessageStartingWith("VARVE-BAD-OPTION: A selector has no field 'label'");
  }

  @SafeVarargs
  private static int selected(String from, Map<String, Object>... selectors) {
    return database
        .run(
            "CALL varve.cdc.query($from, $selectors)",
            Map.of("from", from, "selectors", new ArrayList<>(Arrays.asList(selectors))))
        .size();
  }

  private static List<Map<String, Object>> events(String from) {
    return database.run("CALL varve.cdc.query($from)", Map.of("from", from));
  }

  private static Map<String, Object> event(Map<String, Object> row) {
    return map(row, "event");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Map<String, Object> of, String key) {
    return (Map<String, Object>) java.util.Objects.requireNonNull(of.get(key));
  }
}
