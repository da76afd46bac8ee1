package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;

/** What an operator can get wrong, and what can break: a clear error, the right exit code. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ErrorsIT {

  private static final String NOBODY = "bolt://127.0.0.1:1";

  @TempDir private static Path directory;
  private Path chain = Path.of("chain");

  @BeforeAll
  void layDownAChain() throws Exception {
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Driver driver = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("good"), store.address(), Optional.empty())) {
      ScriptedGraph graph = new ScriptedGraph(driver, new Random(1));
      long last = graph.transaction();
      pipeline.start("up");
      pipeline.awaitTransaction(last);
      for (int i = 0; i < 20; i++) {
        last = graph.transaction();
      }
      pipeline.awaitTransaction(last);
      assertThat(pipeline.stop("up")).isZero();
      chain = pipeline.repositoryRoot();
    }
  }

  @AfterAll
  void unmount() throws Exception {
    Path disk = directory.resolve("disk");
    if (Files.exists(disk)) {
      shell("umount", "-l", disk.toString());
    }
  }

  @Test
  void unknownKeyIsUsage() throws Exception {
    Pipeline pipeline = Pipeline.at(directory.resolve("key"), NOBODY, Optional.empty());
    Files.writeString(
        pipeline.directory().resolve("varve.yaml"),
        "compakt: {flushEvery: 1s}\n",
        StandardOpenOption.APPEND);
    failed(
        pipeline.run("up", "--output=json"), 64, "varve.yaml:8: unknown key 'compakt'", "compact");
  }

  @Test
  void storeThatCannotBeReached() throws Exception {
    Pipeline pipeline = Pipeline.at(directory.resolve("store"), NOBODY, Optional.empty());
    failed(pipeline.run("up", "--output=json"), 1, "127.0.0.1:1", "source.uri");
    Installed.Result doctor = pipeline.run("doctor");
    assertThat(doctor.exitCode()).as(doctor.toString()).isEqualTo(3);
    assertThat(doctor.out()).contains("PROBLEM  store", "HINT: ");
  }

  @Test
  void brokersThatCannotBeReached() throws Exception {
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source2"))) {
      Pipeline pipeline =
          Pipeline.at(directory.resolve("broker"), store.address(), Optional.of("127.0.0.1:1"));
      failed(pipeline.run("capture", "--output=json"), 1, "127.0.0.1:1", "kafka.bootstrap");
      Installed.Result doctor = pipeline.run("doctor");
      assertThat(doctor.exitCode()).as(doctor.toString()).isEqualTo(3);
      assertThat(doctor.out()).contains("OK       plugin", "PROBLEM  kafka");
    }
  }

  @Test
  void wrongPassword() throws Exception {
    try (Installed.Server store =
        Installed.Server.neo4j(directory.resolve("locked"), "auth=true", "password=right-one")) {
      Pipeline pipeline = Pipeline.at(directory.resolve("pw"), store.address(), Optional.empty());
      Map<String, String> wrong =
          Map.of("VARVE_SOURCE_USER", "neo4j", "VARVE_SOURCE_PASSWORD", "wrong-one");
      Installed.Result up = Installed.run(pipeline.directory(), wrong, "up", "--output=json");
      failed(up, 1, "", "assword");
      assertThat(up.toString()).doesNotContain("wrong-one");
      Installed.Result doctor = Installed.run(pipeline.directory(), wrong, "doctor");
      assertThat(doctor.exitCode()).as(doctor.toString()).isEqualTo(3);
      assertThat(doctor.out()).contains("PROBLEM  login").doesNotContain("wrong-one");
    }
  }

  @Test
  void storeWithoutThePlugin() throws Exception {
    try (Installed.Server store = Installed.Server.neo4jWithoutPlugin(directory.resolve("bare"))) {
      Pipeline pipeline = Pipeline.at(directory.resolve("np"), store.address(), Optional.empty());
      failed(pipeline.run("up", "--output=json"), 1, "varve.cdc", "plugins");
      Installed.Result doctor = pipeline.run("doctor");
      assertThat(doctor.exitCode()).as(doctor.toString()).isEqualTo(3);
      assertThat(doctor.out()).contains("PROBLEM  plugin");
    }
  }

  @Test
  void momentOutsideTheWindow() throws Exception {
    failed(restore(chain, "tx:neo4j@1/999999", "a"), 20, "", "");
    failed(restore(chain, "2001-01-01T00:00:00Z", "b"), 20, "", "");
    failed(restore(chain, "yesterday", "c"), 64, "yesterday", "latest");
    assertThat(directory.resolve("a")).doesNotExist();
  }

  @Test
  void repositoryThatIsNotThere() throws Exception {
    failed(restore(directory.resolve("nowhere"), "latest", "d"), 10, "", "");
    failed(
        command("info", "--repository", directory.toString(), "--graph", "x", "--offline"),
        10,
        "",
        "");
  }

  /** The shell makes the name: this JVM may run without a language itself. */
  @Test
  void nameThatIsNotAsciiForAServiceWithoutALanguage() throws Exception {
    String script =
        "name=$(printf 'm\\303\\266ve'); cp -r \"$2\" \"$1/$name\" && LC_ALL=C \"$3\" info --offline"
            + " --repository \"$1/$name\" --graph orders | grep -q \"/$name\"";
    assertThat(
            shell(
                "sh",
                "-c",
                script,
                "sh",
                directory.toString(),
                chain.toString(),
                Installed.HOME.resolve("varve").toString()))
        .isZero();
  }

  @Test
  void segmentThatIsCutOff() throws Exception {
    Path copy = copy("cut");
    Path segment = verticesOfTheBase(copy);
    try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    damaged(copy);
  }

  @Test
  void segmentThatWasAltered() throws Exception {
    Path copy = copy("altered");
    Path segment = verticesOfTheBase(copy);
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);
    damaged(copy);
  }

  @Test
  void manifestThatWasAltered() throws Exception {
    Path copy = copy("manifest");
    Path manifest = copy.resolve("orders/manifests/00000000000000000001.json");
    Files.writeString(manifest, Files.readString(manifest).replaceFirst("\\d", "9"));
    damaged(copy);
    Installed.Result info = command(copy, "info", "--offline");
    assertThat(info.exitCode()).as(info.toString()).isEqualTo(2);
    assertThat(info.json().get("damage")).isNotEmpty();
  }

  @Test
  void fullDiskLosesNothing() throws Exception {
    Path disk = Files.createDirectories(directory.resolve("disk"));
    assumeTrue(
        shell("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk.toString()) == 0,
        "a small disk can be mounted by root only: not tried here");
    try (Installed.Server store = Installed.Server.neo4j(directory.resolve("source3"));
        Driver driver = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("full"), store.address(), Optional.empty())) {
      Path yaml = pipeline.directory().resolve("varve.yaml");
      Files.writeString(
          yaml, Files.readString(yaml).replace("\"chains of varve\"", "\"" + disk + "\""));
      ScriptedGraph graph = new ScriptedGraph(driver, new Random(2));
      long last = 0;
      for (int i = 0; i < 150; i++) {
        last = graph.transaction();
      }
      pipeline.start("up");
      pipeline.awaitLog("No space left on device");
      fill(disk.resolve("filler"));
      Installed.Result restore = restore(chain, "latest", "disk/restored");
      failed(restore, 1, "", "");
      assertThat(shell("mount", "-o", "remount,size=64m", disk.toString())).isZero();
      pipeline.awaitTransaction(disk, last);
      assertThat(pipeline.stop("up")).isZero();
      Installed.Result verify = command(disk, "verify", "--level=graph");
      assertThat(verify.exitCode()).as(verify.toString()).isZero();
    }
  }

  /** Verify finds it, and no restore takes it for good. */
  private void damaged(Path copy) throws Exception {
    Installed.Result verify = command(copy, "verify");
    assertThat(verify.exitCode()).as(verify.toString()).isEqualTo(2);
    assertThat(verify.json().get("damage")).isNotEmpty();
    Installed.Result restore = restore(copy, "latest", "from-" + copy.getFileName());
    assertThat(restore.exitCode()).as(restore.toString()).isIn(2, 20);
    assertThat(restore.json().get("hint").asText()).isNotEmpty();
  }

  private Installed.Result restore(Path repository, String to, String target) throws Exception {
    return command(
        repository,
        "restore",
        "--to",
        to,
        "--target",
        "dir:" + directory.resolve(target) + "?format=avro");
  }

  private Installed.Result command(Path repository, String command, String... more)
      throws Exception {
    return command(
        Stream.concat(
                Stream.of(command, "--repository", repository.toString(), "--graph", "orders"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private Installed.Result command(String... arguments) throws Exception {
    return Installed.run(
        directory,
        Map.of(),
        Stream.concat(Stream.of(arguments), Stream.of("--output=json")).toArray(String[]::new));
  }

  private static void failed(Installed.Result result, int exitCode, String inError, String inHint)
      throws Exception {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    JsonNode json = result.json();
    assertThat(json.get("error").asText()).contains(inError).isNotEmpty();
    assertThat(json.get("hint").asText()).contains(inHint).isNotEmpty();
    assertThat(json.get("exitCode").asInt()).isEqualTo(exitCode);
  }

  private Path copy(String name) throws IOException {
    Path copy = directory.resolve(name);
    try (Stream<Path> files = Files.walk(chain)) {
      for (Path file : files.toList()) {
        Path to = copy.resolve(chain.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else {
          Files.copy(file, to);
        }
      }
    }
    return copy;
  }

  /** A segment without which there is nothing to restore. */
  private static Path verticesOfTheBase(Path root) throws IOException {
    try (Stream<Path> files = Files.list(root.resolve("orders/segments"))) {
      return files
          .filter(file -> file.getFileName().toString().matches("0*1-v.*\\.avro"))
          .findFirst()
          .orElseThrow();
    }
  }

  /** Leaves not a byte free. */
  private static void fill(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      while (true) {
        channel.write(java.nio.ByteBuffer.allocate(1024));
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
  }

  private static int shell(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor(1, TimeUnit.MINUTES) ? process.exitValue() : -1;
  }
}
