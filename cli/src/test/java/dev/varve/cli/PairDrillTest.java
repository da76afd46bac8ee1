package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The drill that breaks the configured pair: what it refuses before it does anything. */
final class PairDrillTest {

  private static final String TARGET = "--target=bolt://neo4j@127.0.0.1:1";

  @TempDir private Path directory;
  private Path broken = Path.of("unset");

  @BeforeEach
  void configure() throws IOException {
    broken = directory.resolve("broken");
    write("bolt://127.0.0.1:1");
  }

  private void write(String source) throws IOException {
    Files.writeString(
        directory.resolve("varve.yaml"),
        """
        graph: orders
        source: { uri: "%s", user: none }
        repository: { root: chains }
        kafka: { bootstrap: "127.0.0.1:1" }
        """
            .formatted(source));
  }

  @Test
  void withoutTheGraphsNameItOnlySaysWhatItWouldDo() {
    for (String agreed : List.of("", "--yes-break=order")) {
      Run refused = run(TARGET, "--announced=primary.json", "--mend=true", agreed);
      refused.assertUsage(
          "breaks the pair of graph 'orders'", "bolt://127.0.0.1:1", "run: touch", "run: true");
      assertThat(refused.err()).contains("--yes-break orders", ":VarveDrillWritten");
    }
  }

  @Test
  void optionsThatDoNotGoTogetherAreRefused() {
    run("--announced=primary.json").assertUsage("no --target");
    run(TARGET).assertUsage("no --announced", "--no-promotion");
    run(TARGET, "--announced=primary.json", "--lasts=1s").assertUsage("--lasts");
    run("--no-promotion", "--announced=primary.json").assertUsage("--no-promotion");
    run("--no-promotion", "--lasts=soon").assertUsage("--lasts 'soon'");
    run("--target=dir:/tmp/x", "--announced=primary.json").assertUsage("no running Neo4j");
    run(TARGET, "--announced=http://a b/").assertUsage("--announced");
    run(TARGET, "--announced=primary.json", "--within=0s").assertUsage("--within '0s'");
    run("--no-promotion", "--rate=0").assertUsage("--writes-per-second");
    run("--no-promotion", "--mend= ").assertUsage("--mend is empty");
    run("--no-promotion", "--html=" + directory.resolve("none/x.html")).assertUsage("report");
    assertThat(main("drill", "pair").exitCode()).as("--break is needed").isEqualTo(64);
  }

  @Test
  void pairOfAgeSaysWhatItWouldDoToo() throws IOException {
    write("postgresql://127.0.0.1:1/shop");
    run("--target=age:postgresql://127.0.0.1:2/shop/orders", "--announced=primary.json")
        .assertUsage(
            "breaks the pair of graph 'orders'",
            "age:postgresql://127.0.0.1:1/shop/orders, vertices :VarveDrillWritten",
            "--yes-break orders");
  }

  @Test
  void pairOfTwoKindsIsRefused() throws IOException {
    run("--no-promotion", "--target=age:postgresql://127.0.0.1:1/shop/orders")
        .assertUsage("is no running Neo4j, as the primary is");
    write("postgresql://127.0.0.1:1/shop");
    run("--no-promotion", TARGET).assertUsage("is no graph in PostgreSQL, as the primary is");
    run("--announced=primary.json").assertUsage("no --target", "age:postgresql://");
  }

  @Test
  void nothingIsBrokenIfThePrimaryDoesNotAnswer() {
    Run failed = run(TARGET, "--announced=primary.json", "--yes-break=orders");
    assertThat(failed.exitCode()).as(failed.err()).isEqualTo(1);
    assertThat(failed.err()).contains("the primary: cannot ask bolt://127.0.0.1:1", "nothing was");
  }

  @Test
  void norIfOneOfAgeDoesNot() throws IOException {
    write("postgresql://127.0.0.1:1/shop");
    Run failed = run("--no-promotion", "--yes-break=orders");
    assertThat(failed.exitCode()).as(failed.err()).isEqualTo(1);
    assertThat(failed.err())
        .contains(
            "the primary: cannot ask age:postgresql://127.0.0.1:1/shop/orders", "nothing was");
  }

  private record Run(int exitCode, String err) {
    void assertUsage(String... words) {
      assertThat(exitCode).as(err).isEqualTo(64);
      assertThat(err).contains(words).contains("HINT: ");
    }
  }

  private Run run(String... options) {
    List<String> all = new ArrayList<>(List.of("drill", "pair", "--break=touch '" + broken + "'"));
    all.addAll(List.of(options));
    all.removeIf(String::isEmpty);
    Run run = main(all.toArray(new String[0]));
    assertThat(broken).doesNotExist();
    return run;
  }

  private Run main(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("-c", directory.resolve("varve.yaml").toString()));
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode =
        Main.run(
            all.toArray(new String[0]),
            Map.of(),
            System.out,
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Run(exitCode, err.toString(StandardCharsets.UTF_8));
  }
}
