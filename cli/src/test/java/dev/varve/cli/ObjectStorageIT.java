package dev.varve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.archive.Bandwidth;
import dev.varve.archive.Repository;
import dev.varve.archive.s3.S3Options;
import dev.varve.archive.s3.S3Repository;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.IsolatedClassPath;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.Driver;

/** A chain in a bucket, through the command, over HTTP, on a server that checks signatures. */
final class ObjectStorageIT {

  private static final Path S3_SERVER = Path.of("embedded-s3/target/class-path");
  private static final String BUCKET = "backups";
  private static final String ROOT = "s3://" + BUCKET + "/of/varve";
  private static final S3Options.Credentials WHO =
      new S3Options.Credentials("the-access-key", "the-secret-key");

  @TempDir private Path directory;

  @Test
  void chainInABucketIsLaidDownLookedAtAndRestored() throws Exception {
    try (IsolatedClassPath classPath = IsolatedClassPath.of(S3_SERVER);
        EmbeddedServer.Running s3 = start(classPath);
        Installed.Server store = Installed.Server.neo4j(directory.resolve("source"));
        Driver driver = RestoreToAnyTransactionIT.driver(store.address());
        Pipeline pipeline =
            Pipeline.at(directory.resolve("pipeline"), store.address(), Optional.empty())) {
      Files.writeString(pipeline.directory().resolve("secret"), WHO.secretKey() + "\n");
      configure(pipeline, ROOT, s3.address());
      Installed.Result doctor = pipeline.run("doctor");
      assertThat(doctor.exitCode()).as(doctor.toString()).isZero();
      assertThat(doctor.out())
          .contains(ROOT + " is writable and honours conditional writes")
          .contains("refuses to complete one in the place of another");

      ScriptedGraph.Content content = layDown(pipeline, driver, s3.address());
      look(pipeline, content);
      elsewhere(s3.address(), content);
      refused(pipeline, s3.address());
    }
  }

  private EmbeddedServer.Running start(IsolatedClassPath classPath) {
    return classPath
        .load(EmbeddedServer.class)
        .start(
            directory.resolve("s3"),
            Map.of("accessKey", WHO.accessKey(), "secretKey", WHO.secretKey(), "bucket", BUCKET));
  }

  private static void configure(Pipeline pipeline, String root, String endpoint) throws Exception {
    Path yaml = pipeline.directory().resolve("varve.yaml");
    Files.writeString(
        yaml,
        Files.readString(yaml)
            .replaceFirst(
                "(?m)^repository:.*$",
                "repository: { root: \"%s\", endpoint: \"%s\", accessKey: %s, secretKeyFile: secret }"
                    .formatted(root, endpoint, WHO.accessKey())));
  }

  private static ScriptedGraph.Content layDown(Pipeline pipeline, Driver driver, String endpoint)
      throws Exception {
    ScriptedGraph graph = new ScriptedGraph(driver, new Random(3));
    long last = graph.transaction();
    pipeline.start("up");
    try (Repository repository =
        S3Repository.open(
            S3Options.of(BUCKET, "of/varve", Optional.of(URI.create(endpoint)))
                .withCredentials(Optional.of(WHO)),
            Bandwidth.UNLIMITED)) {
      pipeline.awaitTransaction(repository, last);
      for (int i = 0; i < 20; i++) {
        last = graph.transaction();
      }
      pipeline.awaitTransaction(repository, last);
    }
    assertThat(pipeline.stop("up")).isZero();
    return graph.content();
  }

  private void look(Pipeline pipeline, ScriptedGraph.Content content) throws Exception {
    JsonNode info = done(pipeline.run("info", "--offline", "--output=json"));
    assertThat(info.get("repository").asText()).isEqualTo(ROOT);
    assertThat(info.get("newest").get("fingerprint").asText())
        .isEqualTo(content.fingerprint().toString());
    JsonNode verify = done(pipeline.run("verify", "--level=graph", "--output=json"));
    assertThat(verify.get("ok").asBoolean()).isTrue();
  }

  /** Without a configuration, as on a machine that is only there to restore. */
  private void elsewhere(String endpoint, ScriptedGraph.Content content) throws Exception {
    Path empty = Files.createDirectories(directory.resolve("elsewhere"));
    Map<String, String> environment =
        Map.of(
            "VARVE_REPOSITORY_ENDPOINT", endpoint,
            "AWS_ACCESS_KEY_ID", WHO.accessKey(),
            "AWS_SECRET_ACCESS_KEY", WHO.secretKey());
    JsonNode restored =
        done(
            Installed.run(
                empty,
                environment,
                "restore",
                "--repository=" + ROOT,
                "--graph=" + Pipeline.GRAPH,
                "--to=latest",
                "--target=dir:" + empty.resolve("restored") + "?format=avro",
                "--output=json"));
    assertThat(restored.get("fingerprint").asText()).isEqualTo(content.fingerprint().toString());
    failed(
        Installed.run(
            empty,
            environment,
            "info",
            "--repository=" + ROOT,
            "--graph=another",
            "--offline",
            "--output=json"),
        10,
        "no snapshot of graph 'another'",
        "repository.root");
  }

  private static void refused(Pipeline pipeline, String endpoint) throws Exception {
    Map<String, String> wrong = new HashMap<>();
    wrong.put("VARVE_REPOSITORY_SECRET_KEY", "another-secret");
    for (String[] command : new String[][] {{"info", "--offline"}, {"up"}}) {
      Installed.Result result =
          Installed.run(
              pipeline.directory(),
              wrong,
              Stream.concat(Stream.of(command), Stream.of("--output=json")).toArray(String[]::new));
      failed(result, 1, "refuses the secret key 'the-access-key'", "repository.secretKeyFile");
      assertThat(result.toString()).doesNotContain("another-secret");
    }
    Installed.Result doctor = Installed.run(pipeline.directory(), wrong, "doctor");
    assertThat(doctor.exitCode()).as(doctor.toString()).isEqualTo(3);
    assertThat(doctor.out()).contains("PROBLEM  repository");

    configure(pipeline, "s3://no-such-bucket", endpoint);
    failed(pipeline.run("info", "--offline", "--output=json"), 1, "no-such-bucket", "the bucket");
    configure(pipeline, ROOT, "http://127.0.0.1:1");
    failed(
        pipeline.run("info", "--offline", "--output=json"),
        1,
        "cannot reach http://127.0.0.1:1",
        "repository.endpoint");
  }

  private static JsonNode done(Installed.Result result) throws Exception {
    assertThat(result.exitCode()).as(result.toString()).isZero();
    return result.json();
  }

  private static void failed(Installed.Result result, int exitCode, String inError, String inHint)
      throws Exception {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    JsonNode json = result.json();
    assertThat(json.get("error").asText()).contains(inError);
    assertThat(json.get("hint").asText()).contains(inHint);
  }
}
