package dev.varve.restore.target.neo4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.embedded.EmbeddedServer;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.ChainLab;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.RandomValues;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.dir.DirTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that a directory target writes, given to Neo4j's own importer. */
class CsvImportTest {

  @TempDir Path directory;

  @Test
  void theImporterReadsTheSameGraph() throws Exception {
    ChainLab lab = new ChainLab(directory);
    Map<ElementId, Optional<Element>> all = new TreeMap<>();
    all.put(
        ElementId.vertex("1000"),
        Optional.of(new Vertex(new java.util.TreeSet<>(Set.of("Every")), properties())));
    all.put(
        ElementId.vertex("1001"),
        Optional.of(Vertex.of(Set.of("a;b", "c|d"), Map.of("age", Value.Text.of("old")))));
    all.put(
        ElementId.vertex("1002"),
        Optional.of(Vertex.of(Set.of("a;b", "c|d"), Map.of("age", Value.Int.of(7)))));
    all.put(ElementId.edge("1000"), Optional.of(new Edge("E", "1000", "1000", properties())));
    all.put(
        ElementId.vertex("1003"),
        Optional.of(
            Vertex.of(
                Set.of("Odd"),
                Map.of(
                    "quo\"te", Value.Int.of(1),
                    "back\\slash", Value.Int.of(2),
                    "semi;colon", Value.Int.of(3),
                    "'single'", Value.Int.of(4),
                    "ID", Value.Int.of(5),
                    "[]", Value.Int.of(6),
                    "}", Value.Int.of(7),
                    "long", Value.Text.of("x".repeat(5_000_000))))));
    lab.commit(all);
    Random random = new Random(4);
    RandomValues values = new RandomValues(random, true);
    for (int i = 0; i < 25; i++) {
      lab.randomCommit(random, values);
    }
    lab.base();

    Path files = directory.resolve("files");
    RestorePlan plan = Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest());
    RestoreReport report;
    try (DirTarget target = new DirTarget((TargetUri.Directory) TargetUri.parse("dir:" + files))) {
      report = Restore.run(plan, lab.repository(), target, false, Progress.NONE);
    }
    assertThat(report.actual()).isEqualTo(lab.fingerprint());

    Path home = directory.resolve("home");
    importInto(home, files);
    try (EmbeddedServer.Running server =
            ServiceLoader.load(EmbeddedServer.class)
                .findFirst()
                .orElseThrow()
                .start(home, Map.of());
        BoltSession session = new BoltSession(settings(server.address()));
        IdMap ids = new IdMap(directory)) {
      for (ElementId id : lab.alive().keySet()) {
        if (id.kind() == ElementKind.VERTEX) {
          ids.put(ids.add(id.id()), Long.parseLong(id.id()));
        }
      }
      assertThat(differences(session, lab)).isEmpty();
      assertThat(new BoltReadBack(session, Optional.of(ids), false, Progress.NONE).read())
          .isEqualTo(
              new dev.varve.restore.ReadBack(report.vertices(), report.edges(), report.actual()));
    }
  }

  /** Which properties of vertices differ, and how: says more than a fingerprint. */
  private static List<String> differences(BoltSession session, ChainLab lab) {
    List<String> differences = new ArrayList<>();
    session.stream(
        "MATCH (n) RETURN id(n), properties(n)",
        Map.of(),
        row -> {
          String id = Long.toString(row.get(0).asLong());
          Map<String, Value> found = BoltValues.fromBolt(row.get(1).asMap());
          Element model = java.util.Objects.requireNonNull(lab.alive().get(ElementId.vertex(id)));
          Set<String> keys = new TreeSet<>(found.keySet());
          keys.addAll(model.properties().keySet());
          for (String key : keys) {
            Value expected = model.properties().get(key);
            Value actual = found.get(key);
            if (expected == null || actual == null || !hash(expected).equals(hash(actual))) {
              differences.add("v" + id + "." + key + ": " + expected + " became " + actual);
            }
          }
        });
    return differences;
  }

  private static ElementHash hash(Value value) {
    return new ElementHasher()
        .hash(ElementId.vertex("0"), Vertex.of(Set.of(), Map.of("value", value)));
  }

  private static TreeMap<String, Value> properties() {
    TreeMap<String, Value> properties = new TreeMap<>(RandomValues.ofEveryType());
    properties.remove("empty"); // the importer would leave it out
    return properties;
  }

  private BoltSettings settings(String address) {
    return new BoltSettings(
        (TargetUri.Bolt) TargetUri.parse(address),
        Optional.empty(),
        2,
        100,
        1 << 20,
        Duration.ofSeconds(20),
        directory);
  }

  private void importInto(Path home, Path files) throws IOException, InterruptedException {
    Files.createDirectories(home.resolve("conf"));
    Path log = directory.resolve("import.log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                "org.neo4j.cli.AdminTool",
                "database",
                "import",
                "full",
                "neo4j",
                "@import.args",
                "--verbose")
            .directory(files.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("NEO4J_HOME", home.toString());
    builder.environment().put("NEO4J_CONF", home.resolve("conf").toString());
    int exit = builder.start().waitFor();
    assertThat(exit).as(Files.readString(log)).isZero();
  }
}
