package dev.varve.restore.target.dir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.ChainLab;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.RandomValues;
import dev.varve.restore.Restore;
import dev.varve.restore.RestoreReport;
import dev.varve.restore.TargetUri;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirTargetTest {

  @TempDir Path directory;

  private RestoreReport restore(ChainLab lab, String options, boolean overwrite) {
    TargetUri uri = TargetUri.parse("dir:" + directory.resolve("out") + options);
    try (DirTarget target = new DirTarget((TargetUri.Directory) uri)) {
      return Restore.run(
          Restore.plan(lab.repository(), ChainLab.GRAPH, new Moment.Latest()),
          lab.repository(),
          target,
          overwrite,
          Progress.NONE);
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("out"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private String text(String name) throws IOException {
    return Files.readString(directory.resolve("out").resolve(name));
  }

  private ChainLab lab(Map<ElementId, Optional<Element>> elements) {
    ChainLab lab = new ChainLab(directory);
    lab.commit(new TreeMap<>(elements));
    lab.base();
    return lab;
  }

  private static Optional<Element> vertex(String label, Map<String, Value> properties) {
    return Optional.of(Vertex.of(Set.of(label), properties));
  }

  @Test
  void randomGraphsAreReadBackFromBothFormats() {
    for (long seed = 0; seed < Long.getLong("varve.seeds", 5); seed++) {
      ChainLab lab = new ChainLab(directory.resolve("seed" + seed));
      Random random = new Random(seed);
      RandomValues values = new RandomValues(random, true);
      for (int i = 0; i < 40; i++) {
        lab.randomCommit(random, values);
      }
      lab.base();
      assertThat(restore(lab, "", true).actual()).as("seed %d", seed).isEqualTo(lab.fingerprint());
    }
  }

  @Test
  void headersAreTypedAndFilesGroupedByLabelsAndTypes() throws IOException {
    ChainLab lab =
        lab(
            Map.of(
                ElementId.vertex("1"),
                vertex("P", Map.of("age", Value.Int.of(7), "name", Value.Text.of("a\"b"))),
                ElementId.vertex("2"),
                vertex("P", Map.of("name", Value.Text.of(""))),
                ElementId.vertex("3"),
                vertex("P", Map.of("age", Value.Text.of("old"))),
                ElementId.vertex("4"),
                vertex("Q", Map.of())));
    restore(lab, "?format=csv", false);
    assertThat(files())
        .containsExactly(
            "import.args",
            "schema.cypher",
            "varve.json",
            "vertices-00001-P-header.csv",
            "vertices-00001-P.csv",
            "vertices-00002-P-header.csv",
            "vertices-00002-P.csv",
            "vertices-00003-Q-header.csv",
            "vertices-00003-Q.csv");
    assertThat(text("vertices-00001-P-header.csv"))
        .isEqualTo(":ID,:LABEL,\"age:long\",\"name:string\"\n");
    assertThat(text("vertices-00001-P.csv")).isEqualTo("1,\"P\",7,\"a\"\"b\"\n2,\"P\",,\"\"\n");
    assertThat(text("vertices-00002-P-header.csv"))
        .isEqualTo(":ID,:LABEL,\"age:string\",\"name:string\"\n");
    assertThat(text("vertices-00002-P.csv")).isEqualTo("3,\"P\",\"old\",\n");
    assertThat(text("import.args"))
        .contains("--array-delimiter=U+003B\n")
        .contains("--nodes=vertices-00001-P-header.csv,vertices-00001-P.csv\n");
  }

  @Test
  void whatCsvCannotHoldIsRefusedBeforeAnythingIsWritten() throws IOException {
    ChainLab lab =
        lab(
            Map.of(
                ElementId.vertex("1"),
                vertex("P", Map.of("price", new Value.Decimal(new BigDecimal("1.10")))),
                ElementId.vertex("2"),
                vertex("P", Map.of("none", Value.ListOf.of(List.of()))),
                ElementId.vertex("3"),
                vertex(
                    "P",
                    Map.of(
                        "mixed", Value.ListOf.of(List.of(Value.Int.of(1), Value.Text.of("1")))))));
    assertThatThrownBy(() -> restore(lab, "", false))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("v1 has in 'price' a value of type Decimal")
        .hasMessageContaining("v2 has in 'none' an empty list")
        .hasMessageContaining("v3 has in 'mixed' a list of long and string");
    assertThat(files()).containsExactly(".varve-unfinished");
    assertThat(restore(lab, "?format=avro", false).actual()).isEqualTo(lab.fingerprint());
  }

  @Test
  void theSchemaIsWrittenAsCypher() throws IOException {
    ChainLab lab = new ChainLab(directory);
    lab.commit(
        Map.of(ElementId.vertex("1"), vertex("P", Map.of())),
        Optional.of(
            new StoreSchema.Change(
                true,
                List.of(
                    new StoreSchema.Rule(
                        "k",
                        StoreSchema.Form.INDEX,
                        "RANGE",
                        ElementKind.VERTEX,
                        List.of("P"),
                        List.of("k"),
                        Optional.of("CREATE INDEX k FOR (n:P) ON (n.k)"))),
                List.of())));
    lab.base();
    restore(lab, "?format=avro", false);
    assertThat(text("schema.cypher")).isEqualTo("CREATE INDEX k FOR (n:P) ON (n.k);\n");
  }

  @Test
  void anEarlierRestoreIsOverwrittenOnlyWhenAskedTo() {
    ChainLab lab = lab(Map.of(ElementId.vertex("1"), vertex("P", Map.of())));
    restore(lab, "", false);
    assertThatThrownBy(() -> restore(lab, "", false))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED))
        .hasMessageContaining("not empty");
    assertThat(restore(lab, "", true).vertices()).isEqualTo(1);
  }

  @Test
  void otherFilesAreNeverRemoved() throws IOException {
    ChainLab lab = lab(Map.of(ElementId.vertex("1"), vertex("P", Map.of())));
    Path precious = directory.resolve("out/precious.txt");
    Files.createDirectories(directory.resolve("out"));
    Files.writeString(precious, "x");
    for (boolean overwrite : new boolean[] {false, true}) {
      assertThatThrownBy(() -> restore(lab, "", overwrite)).isInstanceOf(VarveException.class);
    }
    assertThat(precious).exists();
  }

  @Test
  void aDamagedSegmentLeavesTheDirectoryUnfinished() throws IOException {
    ChainLab lab = new ChainLab(directory);
    lab.commit(Map.of(ElementId.vertex("1"), vertex("P", Map.of())));
    String key = lab.base().segments(ElementKind.VERTEX).get(0).object().key();
    Path file = directory.resolve("repository").resolve(key);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 2] ^= 1;
    Files.write(file, bytes);
    assertThatThrownBy(() -> restore(lab, "", false))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND));
    assertThat(files()).contains(".varve-unfinished").doesNotContain("varve.json");
  }
}
