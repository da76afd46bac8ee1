package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.archive.Bandwidth;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Repository;
import dev.varve.archive.s3.S3Options;
import dev.varve.archive.s3.S3Repository;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.IsolatedClassPath;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code mark}, {@code merge}, {@code checkpoint}, {@code expire} and {@code unmark} by the
 * command, each followed by restores: what is promised can be restored, and is what it was.
 */
final class KeepingIT {

  private static final Path S3_SERVER = Path.of("embedded-s3/target/class-path");
  private static final String BUCKET = "backups";
  private static final int DELTAS = 7;
  private static final int MARKED = 3;

  @TempDir private Path directory;

  @Test
  void chainInADirectoryIsKeptAsPromised() throws Exception {
    Path root = directory.resolve("chains");
    Kept kept = new Kept(directory, root.toString(), Map.of(), new DirectoryRepository(root));
    kept.run();
  }

  @Test
  void chainInABucketIsKeptAsPromised() throws Exception {
    S3Options.Credentials who = new S3Options.Credentials("an-access-key", "a-secret-key");
    try (IsolatedClassPath classPath = IsolatedClassPath.of(S3_SERVER);
        EmbeddedServer.Running s3 =
            classPath
                .load(EmbeddedServer.class)
                .start(
                    directory.resolve("s3"),
                    Map.of(
                        "accessKey", who.accessKey(),
                        "secretKey", who.secretKey(),
                        "bucket", BUCKET));
        Repository repository =
            S3Repository.open(
                S3Options.of(BUCKET, "kept", Optional.of(URI.create(s3.address())))
                    .withCredentials(Optional.of(who)),
                Bandwidth.UNLIMITED)) {
      Map<String, String> environment =
          Map.of(
              "VARVE_REPOSITORY_ENDPOINT", s3.address(),
              "AWS_ACCESS_KEY_ID", who.accessKey(),
              "AWS_SECRET_ACCESS_KEY", who.secretKey());
      new Kept(directory, "s3://" + BUCKET + "/kept", environment, repository).run();
    }
  }

  /** One chain and what is done to it. */
  private static final class Kept {
    private final Path directory;
    private final String root;
    private final Map<String, String> environment;
    private final Repository repository;
    private final SmallChain chain;

    /** The fingerprint after each transaction; that of the first is at 1. */
    private final List<String> fingerprints = new ArrayList<>(List.of("none"));

    private int restores;

    Kept(Path directory, String root, Map<String, String> environment, Repository repository) {
      this.directory = directory;
      this.root = root;
      this.environment = environment;
      this.repository = repository;
      this.chain = new SmallChain(repository, directory, "test", Duration.ofMinutes(25));
    }

    void run() throws Exception {
      lay(1 + DELTAS);
      done("mark", "early", "--at", "vv:neo4j@1=" + MARKED);
      restored("mark:early", MARKED);

      List<String> before = repository.list("");
      done("merge", "--dry-run");
      assertThat(repository.list("")).isEqualTo(before);
      done("merge");
      assertThat(repository.list("")).as("merged deltas").hasSizeGreaterThan(before.size());
      for (int seq : new int[] {1, MARKED, 5, 1 + DELTAS}) {
        restored("vv:neo4j@1=" + seq, seq);
      }

      done("checkpoint");
      lay(2);
      before = repository.list("");
      JsonNode dry = done("expire", "--keep-chains", "1", "--dry-run");
      assertThat(dry.get("snapshots").asInt()).isPositive();
      assertThat(repository.list("")).isEqualTo(before);
      JsonNode expired = done("expire", "--keep-chains", "1");
      assertThat(expired.get("objectsRemoved").asInt()).isPositive();
      restored("latest", DELTAS + 3);
      restored("mark:early", MARKED);
      outside("vv:neo4j@1=5", 20, "");
      done("verify", "--level=graph");

      done("unmark", "early");
      done("info", "--offline");
      restored("vv:neo4j@1=" + MARKED, MARKED); // it goes with the next expiry, not before
      done("expire", "--keep-chains", "1");
      restored("latest", DELTAS + 3);
      restored("vv:neo4j@1=" + (1 + DELTAS), 1 + DELTAS); // the checkpoint
      outside("vv:neo4j@1=" + MARKED, 20, "");
      outside("mark:early", 64, "early");
      done("verify", "--level=graph");
    }

    private void lay(int transactions) throws IOException {
      for (int i = 0; i < transactions; i++) {
        fingerprints.add(chain.add().fingerprint().toString());
      }
    }

    private void restored(String to, int seq) throws Exception {
      Installed.Result result = restore(to);
      assertThat(result.exitCode()).as(to + ": " + result).isZero();
      assertThat(result.json().get("fingerprint").asText()).isEqualTo(fingerprints.get(seq));
    }

    private void outside(String to, int exitCode, String inError) throws Exception {
      Installed.Result result = restore(to);
      assertThat(result.exitCode()).as(to + ": " + result).isEqualTo(exitCode);
      assertThat(result.json().get("error").asText()).contains(inError);
      assertThat(result.json().get("hint").asText()).isNotEmpty();
    }

    private Installed.Result restore(String to) throws Exception {
      Path target = directory.resolve("restored-" + restores++);
      return command("restore", "--to=" + to, "--target=dir:" + target + "?format=avro");
    }

    private JsonNode done(String... arguments) throws Exception {
      Installed.Result result = command(arguments);
      assertThat(result.exitCode()).as(List.of(arguments) + ": " + result).isZero();
      return result.json();
    }

    private Installed.Result command(String... arguments) throws Exception {
      List<String> all = new ArrayList<>(List.of(arguments));
      all.addAll(List.of("--repository=" + root, "--graph=" + SmallChain.GRAPH, "--output=json"));
      Path empty = Files.createDirectories(directory.resolve("empty"));
      return Installed.run(empty, environment, all.toArray(String[]::new));
    }
  }
}
