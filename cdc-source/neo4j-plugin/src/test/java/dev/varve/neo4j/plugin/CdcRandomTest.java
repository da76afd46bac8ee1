// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Change;
import dev.varve.change.Transaction;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.neo4j.graphdb.Entity;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;

/**
 * Random transactions: what {@code read} gives, folded up to any of them, is what the database held
 * then. {@code -Dvarve.seeds=n} runs n seeds, {@code -Dvarve.seed=s} the one seed s.
 */
class CdcRandomTest {

  private static final int TRANSACTIONS = 150;
  private static final int MOST_STEPS = 12;
  private static final String[] LABELS = {"A", "B", "C", "D"};
  private static final String[] TYPES = {"X", "Y"};
  private static final String[] KEYS = {"k1", "k2", "k3", "k4", "k5"};

  private static final Object[] VALUES = CdcReadTest.everyType().values().toArray();

  static LongStream seeds() {
    Long one = Long.getLong("varve.seed");
    return one == null ? LongStream.range(0, Long.getLong("varve.seeds", 2)) : LongStream.of(one);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyTransactionsContentIsThatOfTheFold(long seed, @TempDir Path home) {
    Random random = new Random(seed);
    Map<Long, Map<ElementId, Element>> contents = new HashMap<>();
    String from;
    TestDatabase database = TestDatabase.start(home);
    try {
      from = database.current();
      for (int i = 0; i < TRANSACTIONS; i++) {
        transaction(database, random);
        contents.put(database.lastTxId(), database.content());
        if (random.nextInt(60) == 0) {
          database.close(); // ids are used again sooner after a restart
          database = TestDatabase.start(home);
        }
        if (random.nextInt(25) == 0) {
          database.rotate();
        }
      }
      check(seed, database, from, contents, random);
    } finally {
      database.close();
    }
  }

  private static void check(
      long seed,
      TestDatabase database,
      String from,
      Map<Long, Map<ElementId, Element>> contents,
      Random random) {
    ElementHasher hasher = new ElementHasher();
    for (long maxBytes : new long[] {1, 1 + random.nextInt(3000), 1 << 20}) {
      Map<ElementId, Element> model = new TreeMap<>();
      Set<Long> checked = new HashSet<>();
      List<Change> pending = new ArrayList<>();
      String at = from;
      while (true) {
        List<TestDatabase.Row> rows =
            database.read(at, Map.of("maxBytes", maxBytes, "maxRows", 1L + random.nextInt(50)));
        if (rows.isEmpty()) {
          break;
        }
        for (TestDatabase.Row row : rows) {
          pending.addAll(row.changes());
          for (Transaction done : row.transactions()) {
            List<Change> own = takeUpTo(pending, done.seq());
            assertThat(own).extracting(Change::id).doesNotHaveDuplicates();
            assertCounts(done, own);
            TestDatabase.fold(model, own);
            Map<ElementId, Element> content = contents.get(done.seq());
            if (content != null) {
              assertThat(model)
                  .as("-Dvarve.seed=%d, transaction %d, rows of %d", seed, done.seq(), maxBytes)
                  .isEqualTo(content);
              checked.add(done.seq());
            }
            own.stream()
                .filter(change -> change.state().isPresent())
                .forEach(
                    change ->
                        assertThat(change.header().hash())
                            .contains(hasher.hash(change.id(), CdcReadTest.state(change))));
          }
          at = row.id();
        }
      }
      assertThat(pending).isEmpty();
      assertThat(model).as("-Dvarve.seed=%d", seed).isEqualTo(database.content());
      assertThat(checked).hasSizeGreaterThan(TRANSACTIONS / 3);
    }
  }

  private static List<Change> takeUpTo(List<Change> pending, long seq) {
    List<Change> own = new ArrayList<>();
    while (!pending.isEmpty() && pending.get(0).header().dot().seq() <= seq) {
      Change change = pending.remove(0);
      assertThat(change.header().dot().seq()).isEqualTo(seq);
      assertThat(change.header().dot().index()).isEqualTo(own.size());
      own.add(change);
    }
    return own;
  }

  private static void assertCounts(Transaction transaction, List<Change> own) {
    for (ElementKind kind : ElementKind.values()) {
      long counted =
          transaction.counts().stream()
              .filter(count -> count.kind() == kind)
              .mapToLong(count -> count.created() + count.updated() + count.removed())
              .sum();
      assertThat(own.stream().filter(change -> change.id().kind() == kind)).hasSize((int) counted);
    }
  }

  private static void transaction(TestDatabase database, Random random) {
    try (var tx = database.api().beginTx()) {
      List<Node> nodes = new ArrayList<>();
      List<Relationship> edges = new ArrayList<>();
      try (var all = tx.getAllNodes()) {
        all.forEach(nodes::add);
      }
      try (var all = tx.getAllRelationships()) {
        all.forEach(edges::add);
      }
      int steps = 1 + random.nextInt(MOST_STEPS);
      for (int i = 0; i < steps; i++) {
        step(tx, nodes, edges, random);
      }
      if (random.nextInt(8) == 0) {
        tx.rollback();
      } else {
        tx.commit();
      }
    }
  }

  private static void step(
      org.neo4j.graphdb.Transaction tx, List<Node> nodes, List<Relationship> edges, Random random) {
    int step = nodes.isEmpty() ? 0 : random.nextInt(20);
    if (step < 4) {
      Node node = tx.createNode();
      alterLabels(node, random);
      alterProperties(node, random);
      nodes.add(node);
    } else if (step < 8) {
      Relationship edge =
          any(nodes, random)
              .createRelationshipTo(
                  any(nodes, random),
                  RelationshipType.withName(TYPES[random.nextInt(TYPES.length)]));
      alterProperties(edge, random);
      edges.add(edge);
    } else if (step < 11) {
      alterProperties(any(nodes, random), random);
    } else if (step < 14) {
      alterLabels(any(nodes, random), random);
    } else if (step < 16 && !edges.isEmpty()) {
      alterProperties(any(edges, random), random);
    } else if (step < 18 && !edges.isEmpty()) {
      Relationship edge = any(edges, random);
      edges.remove(edge);
      edge.delete();
      if (random.nextBoolean()) {
        edges.add(edge.getStartNode().createRelationshipTo(edge.getEndNode(), edge.getType()));
      }
    } else if (step == 18) {
      Node node = any(nodes, random);
      nodes.remove(node);
      boolean nodeFirst = random.nextBoolean();
      List<Relationship> own = new ArrayList<>();
      node.getRelationships().forEach(own::add);
      edges.removeAll(own);
      if (nodeFirst) {
        node.delete();
      }
      own.forEach(Relationship::delete);
      if (!nodeFirst) {
        node.delete();
      }
    }
  }

  private static void alterLabels(Node node, Random random) {
    for (String label : LABELS) {
      switch (random.nextInt(4)) {
        case 0 -> node.addLabel(Label.label(label));
        case 1 -> node.removeLabel(Label.label(label));
        default -> {}
      }
    }
  }

  private static void alterProperties(Entity entity, Random random) {
    for (String key : KEYS) {
      switch (random.nextInt(4)) {
        case 0, 1 -> entity.setProperty(key, VALUES[random.nextInt(VALUES.length)]);
        case 2 -> entity.removeProperty(key);
        default -> {}
      }
    }
  }

  private static <T> T any(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }
}
