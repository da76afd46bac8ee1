package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.archive.Copy;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Ledger;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentFormat;
import dev.varve.archive.crypt.EncryptedRepository;
import dev.varve.archive.crypt.MasterKey;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code docs/format/read_chain.py}, written from the format's pages alone, rebuilds the same
 * graphs as Varve. Needs Python with Avro, Zstandard and Cryptography ({@code .ci/run} installs
 * them); is skipped where they are missing.
 */
class PythonReaderTest {

  private static final Path READER = Path.of("../docs/format/read_chain.py");

  @TempDir Path directory;
  private final Random random = new Random(3);
  private final RandomValues values = new RandomValues(random, false);
  private ChainLab lab = new ChainLab(Path.of("unset"));
  private long firstCut;

  private record Result(int exitCode, String out, String err) {}

  @BeforeEach
  void chain() throws Exception {
    Optional<String> python = python();
    assumeTrue(
        python.isPresent(), "skipped: no python3 with python3-avro, -zstandard, -cryptography");
    lab = new ChainLab(directory).versionsASegment(40);
    commit(10);
    lab.commit(Map.of(ElementId.vertex("61"), Optional.of(Vertex.of(Set.of("Odd"), odd()))));
    lab.base();
    firstCut = lab.seq();
    commit(8);
    lab.delta();
    commit(8);
    lab.delta();
    lab.checkpoint();
    commit(5);
    lab.delta();
  }

  /** What Neo4j does not store and other stores do. */
  private static Map<String, Value> odd() {
    List<Value> decimals = new ArrayList<>();
    for (String text :
        List.of(
            "0", "0.00", "1", "-1.50", "100", "0.05", "0.000001", "0.0000001", "1.5E-9", "12E40")) {
      decimals.add(new Value.Decimal(new BigDecimal(text)));
    }
    return Map.of(
        "decimals", Value.ListOf.of(decimals),
        "uuid", new Value.Uuid(UUID.fromString("00112233-4455-6677-8899-aabbccddeeff")),
        "shape", new Value.Geoshape("POINT (1 2)"),
        "instant", new Value.Timestamp(Instant.ofEpochSecond(-1, 999_999_999)),
        "doubles", Value.ListOf.of(List.of(Value.Float.of(Double.NaN), Value.Float.of(-0.0))),
        "\uffff", Value.Int.of(1),
        "😀", Value.Int.of(2));
  }

  private void commit(int transactions) {
    for (int i = 0; i < transactions; i++) {
      lab.tick(1000);
      lab.randomCommit(random, values);
    }
  }

  @Test
  void itRebuildsTheGraphAtEveryTransaction() throws Exception {
    assertThat(everyMoment(directory.resolve("repository"))).hasSizeGreaterThan(10);
  }

  @Test
  void itReadsAChainThatBeganWithABaseOfVersion1() throws Exception {
    lab = new ChainLab(directory.resolve("older")).versionsASegment(40);
    lab.basesOf(SegmentFormat.VERSIONS);
    commit(10);
    lab.base();
    firstCut = lab.seq();
    commit(8);
    lab.delta();
    commit(3);
    lab.delta();
    lab.basesOf(SegmentFormat.ELEMENTS).checkpoint();
    commit(5);
    lab.delta();
    assertThat(everyMoment(directory.resolve("older/repository"))).hasSizeGreaterThan(10);
  }

  @Test
  void itReadsMergedAndThinnedDeltasAndPassesOverWhatExpired() throws Exception {
    lab = new ChainLab(directory.resolve("merged")).versionsASegment(40);
    commit(10);
    lab.base();
    firstCut = lab.seq();
    commit(8);
    lab.delta();
    commit(8);
    lab.delta();
    long fineUntil = lab.seq();
    commit(4);
    long inside = lab.seq();
    commit(4);
    lab.delta();
    commit(8);
    lab.delta();
    lab.merged(0, 1);
    lab.thinned(2, 3);
    Path root = directory.resolve("merged/repository");
    Set<Long> all = lab.history.tailMap(firstCut).keySet();
    assertThat(moments(root, all)).hasSize(33); // by the original deltas
    lab.ledger(List.of(), List.of(new Ledger.Range(2, 5)));
    for (String key : lab.repository().list("g/")) {
      if (key.matches(".*/0{19}[2-5][.-].*")) {
        lab.repository().delete(key);
      }
    }
    Set<Long> left = new TreeSet<>(lab.history.subMap(firstCut, fineUntil + 1).keySet());
    left.add(lab.seq());
    assertThat(moments(root, left)).hasSize(18);
    Result thinned = read(root, "--at", "vv:" + vector(inside));
    assertThat(thinned.exitCode()).isEqualTo(2);
    assertThat(thinned.err()).contains("no way leads to");
  }

  @Test
  void itReadsAnEncryptedChain() throws Exception {
    String text = MasterKey.generate(new SecureRandom());
    Path key = Files.writeString(directory.resolve("key"), text);
    Path root = directory.resolve("encrypted");
    Repository raw = new DirectoryRepository(root);
    Repository encrypted = EncryptedRepository.open(raw, MasterKey.parse(text, "test"));
    try (Copy copy =
        new Copy(lab.repository(), encrypted, "g", directory.resolve("files"), Copy.Watcher.NONE)) {
      copy.run();
    }
    assertThat(everyMoment(root, "--key", key.toString())).hasSizeGreaterThan(10);
    Files.writeString(key, MasterKey.generate(new SecureRandom()));
    Result wrong = read(root, "--key", key.toString());
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err()).contains("this is not the key");
    Result plain = read(root);
    assertThat(plain.exitCode()).isEqualTo(2);
  }

  @Test
  void itSeesDamage() throws Exception {
    String key = lab.repository().list("g/segments/").get(0);
    Path file = directory.resolve("repository").resolve(key);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    Result result = read(directory.resolve("repository"), "--at", "vv:" + vector(firstCut));
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains(key);
  }

  private List<String> everyMoment(Path root, String... options) throws Exception {
    return moments(root, lab.history.tailMap(firstCut).keySet(), options);
  }

  private List<String> moments(Path root, Set<Long> seqs, String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(options));
    List<String> expected = new ArrayList<>();
    for (long seq : seqs) {
      arguments.addAll(List.of("--at", "vv:" + vector(seq)));
      Map<ElementId, Element> graph = lab.history.getOrDefault(seq, Map.of());
      long vertices = graph.keySet().stream().filter(id -> id.kind() == ElementKind.VERTEX).count();
      expected.add(
          vertices + " " + (graph.size() - vertices) + " " + ChainLab.fingerprintOf(graph));
    }
    Result result = read(root, arguments.toArray(String[]::new));
    assertThat(result.exitCode()).as(result.err()).isZero();
    List<String> found =
        result
            .out()
            .lines()
            .map(
                line ->
                    member(line, "vertices")
                        + " "
                        + member(line, "edges")
                        + " "
                        + member(line, "fingerprint"))
            .toList();
    assertThat(found).isEqualTo(expected);
    return found;
  }

  private static String vector(long seq) {
    return VersionVector.of(ChainLab.SITE, seq).toString();
  }

  private static String member(String json, String name) {
    return json.replaceAll(".*\"" + name + "\": \"?([0-9a-f]+).*", "$1");
  }

  private static Result read(Path root, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(python().orElseThrow(), READER.toAbsolutePath().toString()));
    command.addAll(List.of(options));
    command.addAll(List.of(root.toString(), ChainLab.GRAPH));
    return run(command);
  }

  private static Optional<String> python() throws InterruptedException {
    for (String python : List.of("/usr/bin/python3", "python3")) {
      try {
        String modules =
            "import avro, zstandard; from cryptography.hazmat.primitives.ciphers.aead import"
                + " AESGCM";
        if (run(List.of(python, "-c", modules)).exitCode() == 0) {
          return Optional.of(python);
        }
      } catch (IOException e) {
        // not there
      }
    }
    return Optional.empty();
  }

  private static Result run(List<String> command) throws IOException, InterruptedException {
    Path out = Files.createTempFile("python", ".out");
    Path err = Files.createTempFile("python", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      int exitCode = process.waitFor();
      return new Result(
          exitCode,
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }
}
