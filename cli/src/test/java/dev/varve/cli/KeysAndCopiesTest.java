package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.compact.Checkpoint;
import dev.varve.compact.Expire;
import dev.varve.compact.ExpirePlan;
import dev.varve.compact.LedgerBook;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code varve key} and {@code varve copy}, and what a key means to the other commands. */
final class KeysAndCopiesTest {

  @TempDir private Path directory = Path.of("unset");
  private final Map<String, String> environment = new HashMap<>();
  private Path plain = Path.of("unset");
  private Path encrypted = Path.of("unset");
  private Path key = Path.of("unset");
  private SmallChain chain = new SmallChain(new DirectoryRepository(plain), plain);

  private record Result(int exitCode, String out, String err) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(out);
    }
  }

  @BeforeEach
  void aChainAndACopyUnderAKey() throws Exception {
    plain = directory.resolve("plain");
    encrypted = directory.resolve("encrypted");
    key = directory.resolve("key");
    chain = new SmallChain(new DirectoryRepository(plain), directory);
    for (int i = 0; i < 3; i++) {
      chain.add();
    }
    done(run("key", "generate", key.toString()));
    Result copied = copy("--to", encrypted.toString(), "--to-key-file", key.toString());
    done(copied);
    assertThat(copied.out()).contains("3 entries, 3 objects", "no damage");
  }

  @Test
  void anEncryptedChainIsVerifiedWithItsKey() throws Exception {
    Result verified =
        verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_FILE", key.toString()), "--level=graph");
    done(verified);
    assertThat(verified.out()).contains("3 manifests and 3 objects", "No damage");
    done(verify(encrypted, Map.of("VARVE_REPOSITORY_KEY", Files.readString(key))));
    done(verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_COMMAND", "cat '" + key + "'")));
  }

  @Test
  void aKeyCommandIsALineOrAListOfWords() throws Exception {
    Path file = directory.resolve("varve.yaml");
    for (String command : List.of("\"cat 'key'\"", "[cat, key]", "[\"/bin/cat\", \"key\"]")) {
      String text =
          "graph: orders\nrepository: { root: encrypted, keyCommand: COMMAND }\n"
              + "copies: { far: { root: encrypted, keyCommand: COMMAND } }\n";
      Files.writeString(
          file,
          text.replace(
              "COMMAND",
              command
                  .replace("'key'", "'" + key + "'")
                  .replace(", key]", ", '" + key + "']")
                  .replace("\"key\"", "\"" + key + "\"")));
      done(run("-c", file.toString(), "verify"));
      done(run("-c", file.toString(), "key", "list", "--copy", "far"));
    }
    Files.writeString(
        file,
        "graph: orders\nrepository: { root: encrypted, keyCommand: [cat, 'no such file'] }\n");
    failed(run("-c", file.toString(), "verify"), 1, "ended with exit code 1", "by hand");
  }

  @Test
  void aWrongKeyEndsWithTwelve() throws Exception {
    Path other = directory.resolve("other");
    done(run("key", "generate", other.toString()));
    Result verified = verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_FILE", other.toString()));
    failed(verified, 12, "does not open", "give the right key");
    assertThat(verified.err()).doesNotContain(Files.readString(other).strip());
  }

  @Test
  void aWrongKeyEndsThePipelineBeforeAnythingIsStarted() throws Exception {
    Path file = directory.resolve("varve.yaml");
    Files.writeString(
        file,
        """
        graph: orders
        source: { uri: "bolt://127.0.0.1:1", user: none }
        kafka: { bootstrap: "127.0.0.1:1" }
        repository: { root: encrypted }
        """);
    for (String command : List.of("up", "compact")) {
      failed(run("-c", file.toString(), command), 12, "no key was given", "keyFile");
    }
    assertThat(directory.resolve("varve-data")).doesNotExist();
  }

  @Test
  void noKeyEndsWithTwelve() throws Exception {
    failed(verify(encrypted, Map.of()), 12, "is encrypted and no key was given", "keyFile");
  }

  @Test
  void aKeyForWhatIsNotEncryptedEndsWithTwelve() throws Exception {
    failed(
        verify(plain, Map.of("VARVE_REPOSITORY_KEY_FILE", key.toString())),
        12,
        "holds objects that are not encrypted",
        "varve copy");
  }

  @Test
  void aKeyFileThatOthersCanReadIsRefused() throws Exception {
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    failed(
        verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_FILE", key.toString())),
        64,
        "is open to others",
        "chmod 600");
  }

  @Test
  void aKeyFileIsMadeForOneselfAloneAndNeverOverwritten() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
        .isEqualTo("rw-------");
    String before = Files.readString(key);
    failed(run("key", "generate", key.toString()), 1, "exists", "does not exist");
    assertThat(Files.readString(key)).isEqualTo(before);
  }

  @Test
  void aRotationChangesTheKeyAndNothingElse() throws Exception {
    Path next = directory.resolve("next");
    done(run("key", "generate", next.toString()));
    environment.put("VARVE_REPOSITORY_KEY_FILE", key.toString());
    List<String> at = List.of("--repository", encrypted.toString(), "--graph", "orders");
    String[] rotate = {"--new-key-file", next.toString()};
    Result rotated = run(at, "key", "rotate", rotate[0], rotate[1]);
    done(rotated);
    assertThat(rotated.out()).contains("still there for older keys");
    done(verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_FILE", key.toString())));
    done(verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_FILE", next.toString())));
    done(run(at, "key", "rotate", rotate[0], rotate[1], "--retire"));
    failed(
        verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_FILE", key.toString())),
        12,
        "does not open",
        "the new one");
    done(verify(encrypted, Map.of("VARVE_REPOSITORY_KEY_FILE", next.toString())));
    JsonNode listed = run(at, "key", "list", "--output=json").json();
    assertThat(listed.get("keyrings")).hasSize(1);
    assertThat(listed.get("keyrings").get(0).get("repositoryKeys")).hasSize(1);
  }

  @Test
  void aCopyIsCompletedAndOneThatWentItsOwnWayIsRefused() throws Exception {
    Path second = directory.resolve("second");
    done(copy("--to", second.toString()));
    Manifest next = chain.add();
    Result again = copy("--to", second.toString(), "--output=json");
    done(again);
    assertThat(again.json().get("entries").asInt()).isEqualTo(1);
    assertThat(second.resolve(next.key())).hasSameBinaryContentAs(plain.resolve(next.key()));
    Files.delete(plain.resolve(next.key()));
    failed(copy("--to", second.toString()), 11, "the source ends with number 3", "empty place");
    failed(copy("--to", plain.toString()), 64, "cannot be copied to itself", "--to");
  }

  @Test
  void damageIsNotCopied() throws Exception {
    Path segment = plain.resolve(chain.add().segments().get(0).object().key());
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);
    Result damaged = copy("--to", directory.resolve("second").toString());
    assertThat(damaged.exitCode()).isEqualTo(2);
    assertThat(damaged.out()).contains("DAMAGE, not copied: orders/segments");
  }

  @Test
  void damageIsMendedFromACopy() throws Exception {
    Path file = directory.resolve("varve.yaml");
    Files.writeString(
        file,
        """
        graph: orders
        repository: { root: plain }
        copies: { far: { root: encrypted, keyFile: key } }
        """);
    done(run("-c", file.toString(), "verify", "--repository", "far"));
    String segment = new DirectoryRepository(plain).list("orders/segments/").get(1);
    Files.writeString(plain.resolve(segment), "rubbish");
    String manifest = new DirectoryRepository(plain).list("orders/manifests/").get(0);
    Files.delete(plain.resolve(manifest));
    assertThat(run("-c", file.toString(), "verify").exitCode()).isEqualTo(2);
    Result repaired = run("-c", file.toString(), "repair", "--from", "far");
    done(repaired);
    assertThat(repaired.out())
        .contains("MENDED " + manifest + " is missing", "MENDED " + segment + " is cut off");
    done(run("-c", file.toString(), "verify", "--level=graph"));
    JsonNode again = run("-c", file.toString(), "repair", "--from", "far", "--output=json").json();
    assertThat(again.get("mended")).isEmpty();
    assertThat(again.get("objects").asInt()).isEqualTo(3);
    failed(run("-c", file.toString(), "repair", "--from", "plain2"), 11, "no entry in common", "");
  }

  @Test
  void aConfiguredCopyIsNamedAndShown() throws Exception {
    Path file = directory.resolve("varve.yaml");
    Files.writeString(
        file,
        """
        graph: orders
        repository: { root: plain }
        copies:
          far: { root: encrypted, keyFile: key }
          lost: { root: encrypted }
        """);
    chain.add();
    JsonNode before = run("-c", file.toString(), "info", "--output=json").json().get("copies");
    assertThat(before.get(0).get("behind").asInt()).isEqualTo(1);
    assertThat(before.get(1).get("trouble").asText()).contains("no key was given");
    done(run("-c", file.toString(), "copy", "--to", "far"));
    Result info = run("-c", file.toString(), "info");
    assertThat(info.out()).contains("Copy far in " + encrypted + ": number 4, in step");
    failed(run("-c", file.toString(), "key", "list", "--copy", "none"), 64, "no copy 'none'", "");
    done(run("-c", file.toString(), "key", "list", "--copy", "far"));
  }

  @Test
  void aChainThatHasLostItsNewestEntriesIsShownByItsCopy() throws Exception {
    Path file = configuredWithACopy();
    Manifest newest = chain.add();
    done(run("-c", file.toString(), "copy", "--to", "far"));
    done(run("-c", file.toString(), "verify"));
    Files.delete(plain.resolve(newest.key()));
    done(run("-c", file.toString(), "verify", "--offline")); // a shorter chain looks whole
    for (String command : List.of("info", "verify")) {
      Result lost = run("-c", file.toString(), command);
      assertThat(lost.exitCode()).as(lost.toString()).isEqualTo(2);
      assertThat(lost.out())
          .contains("the chain has lost its newest 1 entries", "varve repair --from far");
    }
    JsonNode object = run("-c", file.toString(), "verify", "--output=json").json();
    assertThat(object.get("ok").asBoolean()).isFalse();
    assertThat(object.get("copies").get(0).get("lostHere").asInt()).isEqualTo(1);
    done(run("-c", file.toString(), "repair", "--from", "far"));
    done(run("-c", file.toString(), "verify"));
    done(run("-c", file.toString(), "info"));
  }

  @Test
  void aChainThatIsGoneAltogetherIsShownByItsCopy() throws Exception {
    Path file = configuredWithACopy();
    Files.move(plain, directory.resolve("away"));
    for (String command : List.of("info", "verify")) {
      failed(
          run("-c", file.toString(), command),
          2,
          "the copy far in " + encrypted + " holds 3 entries",
          "varve copy --repository far");
    }
  }

  @Test
  void aCopyThatIsLateEndsWithThreeAndOneThatIsOnItsWayDoesNot() throws Exception {
    Path file = configuredWithACopy();
    Manifest next = chain.add();
    Result young = run("-c", file.toString(), "verify");
    done(young);
    assertThat(young.out()).contains("number 3, 1 entries behind");
    Files.setLastModifiedTime(
        plain.resolve(next.key()),
        FileTime.from(Instant.now().minus(CopiesInfo.MAY_TAKE).minusSeconds(60)));
    for (String command : List.of("info", "verify")) {
      Result late = run("-c", file.toString(), command);
      assertThat(late.exitCode()).as(late.toString()).isEqualTo(3);
      assertThat(late.out()).contains("1 entries behind, some for more than 15 minutes");
    }
    Files.delete(key);
    Result unreachable = run("-c", file.toString(), "verify");
    assertThat(unreachable.exitCode()).as(unreachable.toString()).isEqualTo(3);
    assertThat(unreachable.out()).contains("Copy far", "cannot be looked at");
  }

  /** By what the ledger remembers. */
  @Test
  void aCopyOfWhichEverythingHasExpiredIsStillKnown() throws Exception {
    Path file = configuredWithACopy();
    chain.add();
    Repository repository = new DirectoryRepository(plain);
    Checkpoint.make(repository, SmallChain.GRAPH);
    chain.add();
    Expire.run(
        repository,
        SmallChain.GRAPH,
        new ExpirePlan.Policy(Optional.of(1), Optional.empty(), Optional.empty(), Duration.ZERO),
        LedgerBook.open(repository, "test"),
        Clock.systemUTC());
    assertThat(plain.resolve(Keys.manifest(SmallChain.GRAPH, 3))).doesNotExist();
    assertThat(run("-c", file.toString(), "info").out()).contains("number 3, 4 entries behind");
    done(run("-c", file.toString(), "copy", "--to", "far"));
    Result info = run("-c", file.toString(), "info");
    done(info);
    assertThat(info.out()).contains("number 8, in step");
  }

  @Test
  void aCopyOfAnotherChainEndsWithTwo() throws Exception {
    Path file = configuredWithACopy();
    Files.move(plain, directory.resolve("away"));
    SmallChain other =
        new SmallChain(
            new DirectoryRepository(plain),
            Files.createDirectory(directory.resolve("scratch")),
            "other",
            Duration.ofMillis(1));
    for (int i = 0; i < 3; i++) {
      other.add();
    }
    for (String command : List.of("info", "verify")) {
      Result differs = run("-c", file.toString(), command);
      assertThat(differs.exitCode()).as(differs.toString()).isEqualTo(2);
      assertThat(differs.out()).contains("DIFFERS", "is another one");
    }
  }

  private Path configuredWithACopy() throws IOException {
    Path file = directory.resolve("varve.yaml");
    Files.writeString(
        file,
        """
        graph: orders
        repository: { root: plain }
        copies: { far: { root: encrypted, keyFile: key } }
        """);
    return file;
  }

  private Result copy(String... options) {
    List<String> at = List.of("--repository", plain.toString(), "--graph", "orders");
    List<String> arguments = new ArrayList<>(List.of("copy"));
    arguments.addAll(at);
    arguments.addAll(List.of(options));
    return run(arguments.toArray(String[]::new));
  }

  private Result verify(Path repository, Map<String, String> keys, String... options) {
    environment.clear();
    environment.putAll(keys);
    List<String> arguments = new ArrayList<>(List.of("verify"));
    arguments.addAll(List.of("--repository", repository.toString(), "--graph", "orders"));
    arguments.addAll(List.of(options));
    return run(arguments.toArray(String[]::new));
  }

  private Result run(List<String> at, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(at);
    return run(all.toArray(String[]::new));
  }

  private Result run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Map<String, String> variables = new HashMap<>(environment);
    variables.putIfAbsent("VARVE_CONFIG", directory.resolve("none.yaml").toString());
    int exitCode =
        Main.run(
            arguments,
            variables,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Result(
        exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static void done(Result result) {
    assertThat(result.exitCode()).as(result.toString()).isZero();
  }

  private static void failed(Result result, int exitCode, String message, String hint) {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    assertThat(result.err()).contains("ERROR: ", message, "HINT: ", hint);
  }
}
