package dev.varve.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.varve.archive.RepositoryConfig;
import dev.varve.archive.RepositoryLocation;
import dev.varve.archive.s3.S3Options;
import dev.varve.cdc.age.AgeSettings;
import dev.varve.compact.ExpirePlan;
import dev.varve.compact.HousekeepingConfig;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigTest {

  private static final String LEAST =
      """
      graph: orders
      source: { uri: "bolt://localhost:7687" }
      repository: { root: chains }
      """;

  @TempDir private Path directory;
  private Path file = Path.of("varve.yaml");

  @BeforeEach
  void place() {
    file = directory.resolve("varve.yaml");
  }

  @Test
  void leastConfigurationHasDefaults() throws Exception {
    Config config = read(LEAST);
    assertThat(config.graph()).isEqualTo("orders");
    assertThat(config.kafka().embedded()).isTrue();
    assertThat(config.registry().isEmbedded()).isTrue();
    assertThat(config.compact().flushEvery()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.repository().location())
        .isEqualTo(new RepositoryLocation.Directory(directory.resolve("chains")));
    assertThat(config.copies()).isEmpty();
    assertThat(config.kafka().topics().replicas()).contains(1);
  }

  @Test
  void aVariableThatOverridesNothingIsAnErrorThatNamesTheNearest() throws Exception {
    Files.writeString(file, LEAST + "copies: { far: { root: far } }\n");
    Map<String, String> mistakes =
        Map.of(
            "VARVE_COMPACT_FLUSH_EVRY", "VARVE_COMPACT_FLUSH_EVERY",
            "VARVE_REPOSITORY_KEYFILE", "VARVE_REPOSITORY_KEY_FILE",
            "VARVE_COPIES_FAR_BANDWITH", "VARVE_COPIES_FAR_BANDWIDTH",
            "VARVE_CONFG", "VARVE_CONFIG");
    mistakes.forEach(
        (mistake, meant) -> {
          VarveException refused =
              Objects.requireNonNull(
                  catchThrowableOfType(
                      VarveException.class, () -> Config.read(file, Map.of(mistake, "1"))));
          assertThat(refused.exitCode()).isEqualTo(ExitCode.USAGE);
          assertThat(refused).hasMessageContaining(mistake);
          assertThat(refused.hint()).contains("the nearest known one is " + meant + ";");
        });
    VarveException withoutFile =
        Objects.requireNonNull(
            catchThrowableOfType(
                VarveException.class,
                () ->
                    Config.chainPlace(
                        directory.resolve("none.yaml"),
                        Map.of("VARVE_REPOSITORY_ENDPOIN", "http://localhost"),
                        java.util.Optional.of("orders"),
                        java.util.Optional.of("chains"))));
    assertThat(withoutFile.hint()).contains("VARVE_REPOSITORY_ENDPOINT");
  }

  @Test
  void variablesThatMeanSomethingElseAreLetPass() throws Exception {
    Files.writeString(file, LEAST);
    Config config =
        Config.read(
            file,
            Map.ofEntries(
                Map.entry("VARVE_CONFIG", "x"),
                Map.entry("VARVE_HEAP", "2g"),
                Map.entry("VARVE_JAVA_OPTS", ""),
                Map.entry("VARVE_MVN_OPTS", "-o"),
                Map.entry("VARVE_TEST_AGE_IMAGE", "x"),
                Map.entry("VARVE_TARGET_PASSWORD", "x"),
                Map.entry("VARVE_REPOSITORY_NEW_KEY", "x"),
                Map.entry("VARVE_SERVICE_HOST", "10.0.0.1"),
                Map.entry("VARVE_COMPACT_SERVICE_PORT_METRICS", "9090"),
                Map.entry("VARVE_PORT", "tcp://10.0.0.1:9090"),
                Map.entry("VARVE_PORT_9090_TCP_ADDR", "10.0.0.1"),
                Map.entry("VARVED", "x")));
    assertThat(config).isEqualTo(read(LEAST));
  }

  @Test
  void schemasAreOnlyLookedUpIfOneSaysSo() throws Exception {
    assertThat(read(LEAST).registry().register()).isTrue();
    assertThat(read(LEAST + "registry: { url: \"http://registry:8081\", register: false }\n"))
        .satisfies(config -> assertThat(config.registry().register()).isFalse());
    Files.writeString(file, LEAST);
    assertThat(Config.read(file, Map.of("VARVE_REGISTRY_REGISTER", "false")).registry().register())
        .isFalse();
  }

  @Test
  void uploadsAreGivenUpAtAnAgeThatNoProcessNeeds() throws Exception {
    assertThat(read(LEAST).compact().retention().uploadAge()).isEqualTo(Duration.ofDays(2));
    assertThat(read(LEAST + "compact: { uploadAge: 5h, keepChains: 2 }\n").compact().retention())
        .satisfies(policy -> assertThat(policy.uploadAge()).isEqualTo(Duration.ofHours(5)));
    VarveException refused =
        Objects.requireNonNull(
            catchThrowableOfType(
                VarveException.class, () -> read(LEAST + "compact: { uploadAge: 5m }\n")));
    assertThat(refused).hasMessageContaining("1h or more");
  }

  @Test
  void whatIsCommentedOutIsNotSet() throws Exception {
    Config config = read(LEAST + "fold:\n  # store: rocksdb\ncapture:\ncopies:\n");
    assertThat(config).isEqualTo(read(LEAST));
  }

  @Test
  void aSectionIsNoValue() throws Exception {
    VarveException e = refused(LEAST + "capture: 10m\n", Map.of());
    assertThat(e).hasMessage("varve.yaml:4: capture is a section, not a value");
    assertThat(e.hint()).contains("capture.retryFor");
  }

  @Test
  void unknownKeyIsNamedWithItsLineAndTheNearestKnownOne() throws Exception {
    VarveException e = refused(LEAST + "compact:\n  flushEvry: 60s\n", Map.of());
    assertThat(e).hasMessage("varve.yaml:5: unknown key 'compact.flushEvry'");
    assertThat(e.hint()).contains("'compact.flushEvery'");
  }

  @Test
  void unknownSectionIsNamed() throws Exception {
    VarveException e = refused(LEAST + "kafak: { bootstrap: embedded }\n", Map.of());
    assertThat(e).hasMessage("varve.yaml:4: unknown key 'kafak'");
    assertThat(e.hint()).contains("'kafka'");
  }

  @Test
  void environmentWinsOverTheFile() throws Exception {
    Files.writeString(file, LEAST);
    Config config =
        Config.read(
            file,
            Map.of(
                "VARVE_SOURCE_URI", "bolt://db:7687",
                "VARVE_COMPACT_FLUSH_EVERY", "5s",
                "VARVE_SOURCE_PASSWORD", "s3cret",
                "VARVE_REGISTRY", "http://registry:8081"));
    assertThat(config.source().uri()).isEqualTo("bolt://db:7687");
    assertThat(config.compact().flushEvery()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.source().password()).contains("s3cret");
    assertThat(config.registry().url()).isEqualTo("http://registry:8081");
    assertThat(config.toString()).doesNotContain("s3cret");
  }

  @Test
  void aPostgresqlSourceIsAGraphOfAge() throws Exception {
    String yaml =
        "graph: orders\nsource:\n  uri: \"postgresql://db:5433/shop\"\nrepository: { root: chains }\n";
    Config config = read(yaml);
    assertThat(config.site()).isEqualTo("age");
    AgeSettings settings = ((Config.Age) config.source()).settings();
    assertThat(settings)
        .isEqualTo(
            AgeSettings.of(
                "postgresql://db:5433/shop", Optional.of("varve"), Optional.empty(), "orders"));
    Config other = read(yaml.replace("uri: \"", "uri: \"age:") + "site: here\n");
    assertThat(other.source()).isEqualTo(config.source());
    assertThat(other.site()).isEqualTo("here");
    assertThat(
            ((Config.Age)
                    read(yaml.replace("shop\"\n", "shop\"\n  graph: Social\n  slot: mine\n"))
                        .source())
                .settings())
        .satisfies(
            named -> {
              assertThat(named.graph()).isEqualTo("Social");
              assertThat(named.slot()).isEqualTo("mine");
            });
    assertThat(
            ((Config.Age)
                    read(yaml.replace("shop\"\n", "shop\"\n  heldBackLimit: 20GiB\n")).source())
                .heldBackLimitBytes())
        .contains(20L << 30);
    assertThat(((Config.Age) config.source()).heldBackLimitBytes()).isEmpty();
    assertThat(refused(yaml.replace("db:5433", "me:pw@db"), Map.of()))
        .hasMessageContaining("source.uri must be such as postgresql://");
    assertThat(refused(yaml.replace("shop\"\n", "shop\"\n  type: neo4j\n"), Map.of()))
        .hasMessageContaining("source.uri must be such as bolt://");
    assertThat(refused(yaml.replace("shop\"\n", "shop\"\n  slot: Mine!\n"), Map.of()))
        .hasMessageContaining("source.slot");
  }

  @Test
  void passwordInTheFileIsRefusedAndNotPrinted() throws Exception {
    VarveException e = refused(LEAST.replace("7687\"", "7687\", password: s3cret"), Map.of());
    assertThat(e).hasMessageContaining("varve.yaml:2: source.password");
    assertThat(e.getMessage() + e.hint()).doesNotContain("s3cret").contains("passwordFile");
  }

  @Test
  void passwordIsReadFromItsFile() throws Exception {
    Files.writeString(directory.resolve("secret"), "s3cret\n");
    Config config = read(LEAST.replace("7687\"", "7687\", passwordFile: secret"));
    assertThat(config.source().password()).contains("s3cret");
  }

  @Test
  void valueOfTheWrongFormIsNamedWithItsPlace() throws Exception {
    VarveException e = refused(LEAST + "compact: { flushEvery: 60 sec }\n", Map.of());
    assertThat(e)
        .hasMessage(
            "varve.yaml:4: compact.flushEvery must be a duration such as 500ms, 60s, 5m, 24h or"
                + " 7d, got '60 sec'");
  }

  @Test
  void whatIsNotYamlIsNamedWithItsLine() throws Exception {
    assertThat(refused("graph: [orders\nsource: x\n", Map.of())).hasMessageContaining(".yaml:");
    assertThat(refused(LEAST + "graph: again\n", Map.of())).hasMessageContaining("varve.yaml:4");
  }

  @Test
  void missingFileSaysHowToMakeOne() {
    VarveException e =
        catchThrowableOfType(VarveException.class, () -> Config.read(file, Map.of()));
    assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(e.hint()).contains("varve init");
  }

  @Test
  void sizesAndDurationsAreRead() throws Exception {
    Config config =
        read(LEAST + "compact: { flushBytes: 2GiB, checkpointEvery: 7d, memory: 1024KiB }\n");
    assertThat(config.compact().flushBytes()).isEqualTo(2L << 30);
    assertThat(config.compact().checkpointEvery()).isEqualTo(Duration.ofDays(7));
    assertThat(config.compact().memoryBytes()).isEqualTo(1 << 20);
  }

  @Test
  void repositoryInAnObjectStoreIsRead() throws Exception {
    Files.writeString(file, LEAST.replace("root: chains", "root: 's3://backups/of/orders/'"));
    Config config =
        Config.read(
            file,
            Map.of(
                "VARVE_REPOSITORY_ENDPOINT", "http://store:9000",
                "VARVE_REPOSITORY_ACCESS_KEY", "who",
                "VARVE_REPOSITORY_SECRET_KEY", "s3cret",
                "VARVE_REPOSITORY_BANDWIDTH", "20MiB",
                "VARVE_REPOSITORY_PART_SIZE", "8MiB"));
    RepositoryConfig repository = config.repository();
    assertThat(repository.location())
        .isEqualTo(new RepositoryLocation.Bucket("backups", "of/orders"));
    assertThat(repository.store().endpoint()).contains(URI.create("http://store:9000"));
    assertThat(repository.store().credentials())
        .contains(new S3Options.Credentials("who", "s3cret"));
    assertThat(repository.store().partBytes()).isEqualTo(8 << 20);
    assertThat(repository.bytesPerSecond()).hasValue(20 << 20);
    assertThat(config.toString()).doesNotContain("s3cret");
  }

  @Test
  void copiesHaveTheKeysOfRepositories() throws Exception {
    Files.writeString(directory.resolve("secret"), "s3cret\n");
    Files.writeString(
        file,
        LEAST
            + """
            copies:
              far: { root: "s3://far/away", region: eu-west-9, accessKey: who }
              near-by: { root: "/mnt/disk" }
            """);
    Config config =
        Config.read(
            file,
            Map.of(
                "VARVE_COPIES_FAR_SECRET_KEY", "s3cret",
                "VARVE_COPIES_NEAR_BY_BANDWIDTH", "1MiB",
                "VARVE_COPIES_THIRD_ROOT", "s3://third"));
    assertThat(config.copies()).containsOnlyKeys("far", "near-by", "third");
    RepositoryConfig far = copy(config, "far");
    assertThat(far).hasToString("s3://far/away");
    assertThat(far.store().region()).contains("eu-west-9");
    assertThat(far.store().credentials()).contains(new S3Options.Credentials("who", "s3cret"));
    assertThat(copy(config, "near-by").bytesPerSecond()).hasValue(1 << 20);
    assertThat(copy(config, "third").store().credentials()).isEmpty();
  }

  @Test
  void unknownKeyOfACopyIsNamedWithTheNearestKnownOne() throws Exception {
    VarveException e = refused(LEAST + "copies:\n  far: { rot: x }\n", Map.of());
    assertThat(e).hasMessage("varve.yaml:5: unknown key 'copies.far.rot'");
    assertThat(e.hint()).contains("'copies.far.root'");
    assertThat(refused(LEAST + "copies: { far: { region: x } }\n", Map.of()))
        .hasMessage("copies.far.root is not set");
    assertThat(refused(LEAST + "copies: s3://far\n", Map.of()))
        .hasMessageContaining("copies is a section");
    assertThat(refused(LEAST + "copys: { far: { root: x } }\n", Map.of()).hint())
        .contains("'copies'");
  }

  @Test
  void secretKeyInTheFileIsRefusedAndNotPrinted() throws Exception {
    VarveException e =
        refused(LEAST + "copies: { far: { root: x, secretKey: s3cret } }\n", Map.of());
    assertThat(e).hasMessageContaining("varve.yaml:4: copies.far.secretKey");
    assertThat(e.getMessage() + e.hint())
        .doesNotContain("s3cret")
        .contains("secretKeyFile", "VARVE_COPIES_FAR_SECRET_KEY");
  }

  @Test
  void anAccessKeyNeedsItsSecret() throws Exception {
    VarveException e = refused(LEAST, Map.of("VARVE_REPOSITORY_ACCESS_KEY", "who"));
    assertThat(e).hasMessage("repository.secretKey is not set");
    assertThat(e.hint()).contains("VARVE_REPOSITORY_SECRET_KEY");
  }

  @Test
  void aRootOfAnotherKindIsRefused() throws Exception {
    assertThat(refused(LEAST.replace("chains", "'gs://bucket'"), Map.of()))
        .hasMessageContaining("repository.root must be a directory, or s3://bucket/prefix");
    assertThat(refused(LEAST, Map.of("VARVE_REPOSITORY_PART_SIZE", "1MiB")))
        .hasMessageContaining("repository.partSize must be 5MiB or more");
  }

  @Test
  void nothingExpiresUnlessSaid() throws Exception {
    Config.Compact usual = read(LEAST).compact();
    assertThat(usual.retention()).isEqualTo(ExpirePlan.Policy.EVERYTHING);
    assertThat(usual.merges().keepFine()).isEmpty();
    assertThat(usual.heavyWork().mayBegin(Instant.EPOCH)).isTrue();
    Config.Compact bounded =
        read(LEAST + "compact: { keepChains: 5, keepFor: 30d, keepFine: 2d }\n").compact();
    assertThat(bounded.retention().keepChains()).hasValue(5);
    assertThat(bounded.retention().keepFor()).hasValue(Duration.ofDays(30));
    assertThat(bounded.merges().keepFine()).hasValue(Duration.ofDays(2));
    assertThat(refused(LEAST + "compact: { keepChains: 0 }\n", Map.of()))
        .hasMessageContaining("1 or more");
  }

  @Test
  void heavyWorkHasItsHours() throws Exception {
    HousekeepingConfig.HeavyWork nights =
        read(LEAST + "compact: { heavyWork: '*/10 1-3 * * 1-5', heavyWorkZone: Europe/Berlin }\n")
            .compact()
            .heavyWork();
    assertThat(nights.mayBegin(Instant.parse("2026-11-23T00:10:59Z"))).as("Monday").isTrue();
    assertThat(nights.mayBegin(Instant.parse("2026-11-23T00:11:00Z"))).isFalse();
    assertThat(nights.mayBegin(Instant.parse("2026-11-23T03:10:00Z"))).isFalse();
    assertThat(nights.mayBegin(Instant.parse("2026-11-22T00:10:00Z"))).as("Sunday").isFalse();
    assertThat(refused(LEAST + "compact: { heavyWork: 'at night' }\n", Map.of()))
        .hasMessageContaining("five fields as in cron");
    assertThat(
            refused(LEAST + "compact: { heavyWork: '* * * * *', heavyWorkZone: Mars }\n", Map.of()))
        .hasMessageContaining("a time zone");
  }

  private static RepositoryConfig copy(Config config, String name) {
    return Objects.requireNonNull(config.copies().get(name));
  }

  private Config read(String yaml) throws IOException {
    Files.writeString(file, yaml);
    return Config.read(file, Map.of());
  }

  private VarveException refused(String yaml, Map<String, String> environment) throws IOException {
    Files.writeString(file, yaml);
    VarveException e =
        catchThrowableOfType(VarveException.class, () -> Config.read(file, environment));
    assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
    return e;
  }
}
