// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Change;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.configuration.GraphDatabaseSettings;

/** Positions over the life of a store: restarts, pruned logs, other stores, missing enrichment. */
class CdcHistoryTest {

  private static final int LOG_FILE_BYTES = 1 << 20;

  @Test
  void aRestartedStoreGoesOnWhereItWas(@TempDir Path home) {
    String from;
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run("CREATE (:Before)");
      from = database.current();
      database.run("CREATE (:Between)-[:TO]->(:Between)");
    }
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run("CREATE (:After)");

      assertThat(database.changes(from)).hasSize(4);
      Map<ElementId, Element> model = new TreeMap<>();
      TestDatabase.fold(model, database.changes(database.earliest()));
      assertThat(model).isEqualTo(database.content()).hasSize(5);
    }
  }

  @Test
  void idsThatAreUsedAgainAreNewElements(@TempDir Path home) {
    ElementId first;
    String from;
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run("CREATE (:First {n: 1})");
      first = database.content().keySet().iterator().next();
      from = database.current();
      database.run("MATCH (n:First) DELETE n");
    }
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run("CREATE (:Second {m: 2})");
      assertThat(database.content().keySet()).containsExactly(first);

      List<Change> changes = database.changes(from);

      assertThat(changes).extracting(Change::id).containsExactly(first, first);
      assertThat(changes.get(0).header().removed()).isTrue();
      assertThat(changes.get(1).state())
          .isEqualTo(Optional.ofNullable(database.content().get(first)));
    }
  }

  @Test
  void aPrunedLogIsRefusedAndItsBeginningMoves(@TempDir Path home) {
    try (TestDatabase database = startWithShortLog(home)) {
      database.run("CREATE (:A {n: 0})");
      String old = database.current();
      fillLogs(database);

      assertThatThrownBy(() -> database.read(old))
          .hasMessageStartingWith("VARVE-LOG-PRUNED: ")
          .hasMessageContaining("after transaction " + LogPlace.parse(old).txId())
          .hasMessageContaining("HINT: ");
      assertThatThrownBy(() -> database.run("CALL varve.cdc.query($from)", Map.of("from", old)))
          .hasMessageStartingWith("VARVE-LOG-PRUNED: ");

      String earliest = database.earliest();
      assertThat(LogPlace.parse(earliest).txId()).isGreaterThan(LogPlace.parse(old).txId());
      assertThat(database.changes(earliest)).isNotEmpty();
      assertThat(database.read(database.current())).isEmpty();
    }
  }

  @Test
  void aLogThatIsPrunedUnderAnOpenCursorIsNoticed(@TempDir Path home) {
    try (TestDatabase database = startWithShortLog(home)) {
      database.run("CREATE (:A {n: 0})");
      TransactionLog log = new TransactionLog(database.api().getDependencyResolver());
      LogPlace from = log.earliest();
      for (int i = 0; i < 10; i++) {
        database.run("UNWIND range(1, 1000) AS i CREATE (:A {text: 'some more text ' + i})");
        database.rotate();
      }
      try (TransactionLog.Cursor cursor = log.open(from, () -> {})) {
        assertThat(cursor.next()).isNotNull();
        fillLogs(database);

        assertThatThrownBy(
                () -> {
                  while (cursor.next() != null) {
                    // to the end
                  }
                })
            .isInstanceOfSatisfying(
                CdcException.class,
                e -> assertThat(e.code()).isEqualTo(CdcException.Code.LOG_PRUNED));
      }
    }
  }

  @Test
  void anotherStoresPositionIsRefused(@TempDir Path home, @TempDir Path otherHome) {
    String position;
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run("CREATE (:A)");
      position = database.current();
    }
    try (TestDatabase other = TestDatabase.start(otherHome)) {
      for (int i = 0; i < 5; i++) {
        other.run("CREATE (:A)");
      }
      assertThatThrownBy(() -> other.read(position))
          .hasMessageStartingWith("VARVE-OTHER-STORE: ")
          .hasMessageContaining("HINT: ");
    }
  }

  @Test
  void aStoreThatWasPutBackIsNotTheSame(@TempDir Path root) throws IOException {
    Path home = root.resolve("home");
    Path copy = root.resolve("copy");
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run("CREATE (:A {n: 1})");
    }
    copyTree(home, copy);
    String inside;
    String after;
    try (TestDatabase database = TestDatabase.start(home)) {
      String before = database.current();
      database.run("UNWIND range(1, 5000) AS i CREATE (:A {n: i})");
      inside = database.read(before, Map.of("maxBytes", 1000L, "maxRows", 1L)).get(0).id();
      after = database.current();
    }
    try (TestDatabase database = TestDatabase.start(copy)) {
      // not there yet
      assertThatThrownBy(() -> database.read(after)).hasMessageStartingWith("VARVE-OTHER-STORE: ");
      assertThatThrownBy(() -> database.read(inside)).hasMessageStartingWith("VARVE-OTHER-STORE: ");
      // there, by another way
      database.run("CREATE (:A {n: -1})");
      assertThatThrownBy(() -> database.read(after)).hasMessageStartingWith("VARVE-OTHER-STORE: ");
      assertThatThrownBy(() -> database.read(inside)).hasMessageStartingWith("VARVE-OTHER-STORE: ");
      // past it
      database.run("CREATE (:A {n: -2})");
      assertThatThrownBy(() -> database.read(after)).hasMessageStartingWith("VARVE-OTHER-STORE: ");
      assertThatThrownBy(() -> database.read(inside)).hasMessageStartingWith("VARVE-OTHER-STORE: ");
    }
  }

  @Test
  void withoutEnrichmentAllButStatusRefuse(@TempDir Path home) {
    try (TestDatabase database = TestDatabase.startUnenriched(home)) {
      String from = "00000000-0000-0000-0000-000000000000:1:1:0";
      for (String call :
          List.of(
              "varve.cdc.current()",
              "varve.cdc.earliest()",
              "varve.cdc.query('" + from + "', [])",
              "varve.cdc.read('" + from + "', {})",
              "varve.cdc.scan('vertex', 0, {seq: 1, committedAt: 0})")) {
        assertThatThrownBy(() -> database.run("CALL " + call))
            .hasMessageStartingWith("VARVE-ENRICHMENT-OFF: ")
            .hasMessageContaining("HINT: ");
      }
      Map<String, Object> status = database.run("CALL varve.cdc.status()").get(0);
      assertThat(status).containsEntry("enrichment", "OFF");
      assertThat((List<?>) status.get("problems")).hasSize(1);
    }
  }

  @Test
  void whatChangedDataWithoutThePluginIsRefusedAndTheRestIsRead(@TempDir Path home) {
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run("CREATE (:A {n: 1})-[:TO {w: 1}]->(:A)");
    }
    Map<String, String> writes = new LinkedHashMap<>(); // by the position before it
    String beforeIndex;
    String afterIndex;
    try (TestDatabase database = TestDatabase.startUnenriched(home)) {
      TransactionLog log = new TransactionLog(database.api().getDependencyResolver());
      for (String write :
          List.of(
              "MATCH (n:A) SET n.n = 2",
              "MATCH (n:A) SET n:B",
              "MATCH ()-[r]->() SET r.w = 2",
              "MATCH ()-[r]->() DELETE r",
              "CREATE (:A)")) {
        writes.put(log.current().toString(), write);
        database.run(write);
      }
      beforeIndex = log.current().toString();
      database.run("CREATE INDEX a IF NOT EXISTS FOR (n:New) ON (n.x)");
      afterIndex = log.current().toString();
    }
    try (TestDatabase database = TestDatabase.start(home)) {
      writes.forEach(
          (before, write) ->
              assertThatThrownBy(() -> database.read(before))
                  .as(write)
                  .hasMessageStartingWith("VARVE-UNENRICHED-TRANSACTION: ")
                  .hasMessageContaining("HINT: "));
      assertThat(database.transactions(beforeIndex)).hasSize(1);
      database.run("CREATE (:C)");
      assertThat(database.changes(afterIndex)).hasSize(1);
    }
  }

  @Test
  void theDatabaseMayHaveAnyName(@TempDir Path home) {
    try (TestDatabase database =
        TestDatabase.start(
            home,
            "orders",
            builder ->
                builder.setConfig(GraphDatabaseSettings.initial_default_database, "orders"))) {
      String from = database.current();
      database.run("CREATE (:A)");
      assertThat(database.changes(from)).hasSize(1);
      assertThat(database.run("CALL varve.cdc.status()").get(0))
          .containsEntry("database", "orders");
    }
  }

  @Test
  void theStatusTellsTheStoreAndItsLog(@TempDir Path home) {
    try (TestDatabase database = TestDatabase.start(home)) {
      Map<String, Object> status = database.run("CALL varve.cdc.status()").get(0);
      assertThat(status)
          .containsEntry("database", "neo4j")
          .containsEntry("enrichment", "FULL")
          .containsEntry("retentionPolicy", "2 days")
          .containsEntry("problems", List.of())
          .containsEntry("current", database.current())
          .containsEntry("earliest", database.earliest());
      assertThat(TestDatabase.text(status, "neo4jVersion")).startsWith("5.26");
      assertThat(TestDatabase.text(status, "pluginVersion")).matches("\\d.*");
      assertThat(database.current()).startsWith(TestDatabase.text(status, "storeId") + ":");
    }
  }

  private static TestDatabase startWithShortLog(Path home) {
    return TestDatabase.start(
        home,
        builder ->
            builder
                .setConfig(GraphDatabaseSettings.keep_logical_logs, "1 files")
                .setConfig(
                    GraphDatabaseSettings.logical_log_rotation_threshold, (long) LOG_FILE_BYTES)
                .setConfig(GraphDatabaseSettings.preallocate_logical_logs, false));
  }

  /** Writes enough for several log files and has the old ones dropped. */
  private static void fillLogs(TestDatabase database) {
    for (int i = 0; i < 4; i++) {
      database.run("UNWIND range(1, 3000) AS i CREATE (:A {text: 'some text ' + i})");
      database.checkPointAndPrune();
    }
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }
}
