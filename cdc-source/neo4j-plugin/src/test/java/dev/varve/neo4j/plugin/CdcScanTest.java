// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Change;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.RelationshipType;

/** The initial scan: all elements once, in pieces, and with writers at work. */
class CdcScanTest {

  @Test
  void aScanInPiecesHasEveryElementOnce(@TempDir Path home) {
    try (TestDatabase database = TestDatabase.start(home)) {
      database.write(
          tx -> {
            Node node = tx.createNode(Label.label("Typed"));
            CdcReadTest.everyType().forEach(node::setProperty);
            var edge = node.createRelationshipTo(tx.createNode(), RelationshipType.withName("TO"));
            CdcReadTest.everyType().forEach(edge::setProperty);
            return node;
          });
      database.run("UNWIND range(1, 3000) AS i CREATE (:Scan {i: i})-[:TO {i: i}]->(:Scan:More)");
      database.run("MATCH (n:Scan) WHERE n.i % 3 = 0 DETACH DELETE n");

      for (long maxBytes : new long[] {1000, 1 << 20}) {
        Map<ElementId, Element> model = new TreeMap<>();
        for (ElementKind kind : ElementKind.values()) {
          List<Change> changes = scan(database, kind, maxBytes, 42);
          assertThat(changes).extracting(Change::id).doesNotHaveDuplicates().isSorted();
          assertThat(changes)
              .allSatisfy(
                  change -> {
                    long id = Long.parseLong(change.id().id());
                    assertThat(change.header().dot())
                        .isEqualTo(new Dot(new Site("neo4j", 1), 42, id * 2 + kind.ordinal()));
                    assertThat(change.header().committedAtMicros()).isEqualTo(17);
                  });
          TestDatabase.fold(model, changes);
        }
        assertThat(model).isEqualTo(database.content());
      }
    }
  }

  @Test
  void aScanOfAnEmptyStoreEnds(@TempDir Path home) {
    try (TestDatabase database = TestDatabase.start(home)) {
      List<Map<String, Object>> rows =
          database.run("CALL varve.cdc.scan('edge', 0, {seq: 1, committedAt: 0})");
      assertThat(rows).hasSize(1);
      assertThat(rows.get(0)).containsEntry("next", null).containsEntry("elements", 0L);
    }
  }

  @Test
  void aScanBesideWritersAndTheLogFromBeforeItMakeTheGraph(@TempDir Path home)
      throws InterruptedException, ExecutionException {
    try (TestDatabase database = TestDatabase.start(home)) {
      database.run(
          "UNWIND range(0, 999) AS i CREATE (:N {i: i, text: 'a text of some length, not inlined'})");
      database.run("CREATE INDEX FOR (n:N) ON (n.i)");
      AtomicBoolean stop = new AtomicBoolean();
      ExecutorService writers = Executors.newFixedThreadPool(2);
      try {
        List<Future<?>> running = new ArrayList<>();
        for (int writer = 0; writer < 2; writer++) {
          int half = writer;
          running.add(writers.submit(() -> write(database, half, stop)));
        }
        List<Map<ElementId, Element>> models = new ArrayList<>();
        List<String> starts = new ArrayList<>();
        for (int round = 0; round < 5; round++) {
          starts.add(database.current());
          Map<ElementId, Element> model = new TreeMap<>();
          for (ElementKind kind : ElementKind.values()) {
            TestDatabase.fold(model, scan(database, kind, 4096, 1));
          }
          models.add(model);
        }
        stop.set(true);
        for (Future<?> each : running) {
          each.get();
        }
        for (int round = 0; round < models.size(); round++) {
          TestDatabase.fold(models.get(round), database.changes(starts.get(round)));
          assertThat(models.get(round)).isEqualTo(database.content());
        }
      } finally {
        stop.set(true);
        writers.shutdownNow();
      }
    }
  }

  @Test
  void aReaderThatTailsWritersMissesNothing(@TempDir Path home)
      throws InterruptedException, ExecutionException {
    try (TestDatabase database = TestDatabase.start(home)) {
      String at = database.current();
      database.run("UNWIND range(0, 999) AS i CREATE (:N {i: i})");
      database.run("CREATE INDEX FOR (n:N) ON (n.i)");
      AtomicBoolean stop = new AtomicBoolean();
      ExecutorService writers = Executors.newFixedThreadPool(2);
      try {
        List<Future<?>> running =
            List.of(
                writers.submit(() -> write(database, 0, stop)),
                writers.submit(() -> write(database, 1, stop)));
        Map<ElementId, Element> model = new TreeMap<>();
        long lastTxId = LogPlace.parse(at).txId();
        long enough = lastTxId + 300;
        boolean writing = true;
        while (writing || lastTxId < database.lastTxId()) {
          if (writing && (lastTxId > enough || running.stream().anyMatch(Future::isDone))) {
            writing = false;
            stop.set(true);
            for (Future<?> each : running) {
              each.get();
            }
          }
          for (TestDatabase.Row row : database.read(at, Map.of("maxBytes", 1000L))) {
            TestDatabase.fold(model, row.changes());
            long txId = (Long) Objects.requireNonNull(row.columns().get("lastTxId"));
            assertThat(txId).isGreaterThanOrEqualTo(lastTxId);
            if (txId / 20 > lastTxId / 20) {
              database.rotate();
            }
            lastTxId = txId;
            at = row.id();
          }
        }
        assertThat(lastTxId).isEqualTo(database.lastTxId());
        assertThat(model).isEqualTo(database.content());
      } finally {
        stop.set(true);
        writers.shutdownNow();
      }
    }
  }

  /** Each writer has nodes of its own, so that the two do not fight for locks. */
  private static void write(TestDatabase database, int half, AtomicBoolean stop) {
    Random random = new Random(half);
    while (!stop.get()) {
      Map<String, Object> parameters =
          Map.of("i", (long) random.nextInt(500) * 2 + half, "s", "x".repeat(random.nextInt(200)));
      database.run(
          switch (random.nextInt(4)) {
            case 0 -> "MATCH (n:N {i: $i}) SET n.text = $s, n:M";
            case 1 -> "MATCH (n:N {i: $i}) REMOVE n.text SET n.other = [1, 2, 3] REMOVE n:M";
            case 2 -> "MATCH (n:N {i: $i}) CREATE (n)-[:TO {s: $s}]->(:N {i: $i, s: $s})";
            default -> "MATCH (n:N {i: $i})-[:TO]->(m) DETACH DELETE m";
          },
          parameters);
    }
  }

  private static List<Change> scan(
      TestDatabase database, ElementKind kind, long maxBytes, long seq) {
    List<Change> changes = new ArrayList<>();
    Long next = 0L;
    while (next != null) {
      Map<String, Object> parameters = new HashMap<>();
      parameters.put("kind", kind.name().toLowerCase(Locale.ROOT));
      parameters.put("from", next);
      parameters.put(
          "options", Map.of("seq", seq, "committedAt", 17L, "maxBytes", maxBytes, "maxRows", 3L));
      Long last = next;
      for (Map<String, Object> columns :
          database.run("CALL varve.cdc.scan($kind, $from, $options)", parameters)) {
        TestDatabase.Row row = TestDatabase.Row.of(columns);
        assertThat(columns).containsEntry("elements", (long) row.changes().size());
        changes.addAll(row.changes());
        next = (Long) columns.get("next");
      }
      assertThat(next).isNotEqualTo(last);
    }
    return changes;
  }
}
