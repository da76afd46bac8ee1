package dev.varve.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.change.Site;
import dev.varve.change.Watermark;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Against the real Apicurio Registry, through its Confluent-compatible API. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RegistryServerTest {

  private static final String PASSWORD = "changeit";
  private static final String CREDENTIALS = "ada:s3cret";
  private static final Watermark WATERMARK =
      new Watermark(new Site("berlin", 1), 9, 5_000_000, 3, "neo4j:x", Optional.empty());

  private static Path home = Path.of("");
  private static Path java = Path.of("");
  private static @Nullable ApicurioServer running;

  @BeforeAll
  static void startServer(@TempDir Path directory) throws IOException {
    Optional<Path> found = ApicurioServer.java();
    assumeTrue(
        found.isPresent(),
        "SKIPPED: Apicurio Registry needs Java "
            + ApicurioServer.JAVA_FEATURE_MIN
            + " or newer: none in JAVA_HOME* or /usr/lib/jvm");
    java = found.get();
    home = directory;
    running = ApicurioServer.start(java, home);
  }

  @AfterAll
  static void stopServer() {
    if (running != null) {
      running.close();
    }
  }

  @Test
  @Order(1)
  void lookingUpWhatNobodyRegisteredIsRefused() {
    assertRefused(() -> Wire.open(config().withoutRegistering()))
        .hasMessageContaining("does not have this version's schema of dev.varve.wire.Change")
        .extracting("hint")
        .asString()
        .contains("register the newest .avsc file");
  }

  @Test
  @Order(2)
  void schemasAreRegisteredUnderTheirFullNamesWithFullCompatibility() throws Exception {
    try (Wire wire = Wire.open(config());
        CachedSchemaRegistryClient client = client()) {
      for (RecordKind kind : RecordKind.values()) {
        Schema newest = SchemaCatalog.load().newest(kind);
        assertThat(client.getId(kind.fullName(), new AvroSchema(newest)))
            .isEqualTo(wire.idOf(kind));
        assertThat(client.getAllVersions(kind.fullName())).containsExactly(1);
        assertThat(client.getCompatibility(kind.fullName())).isEqualTo("FULL");
        assertThat(client.getSchemaById(wire.idOf(kind)).rawSchema()).isEqualTo(newest);
      }
    }
  }

  @Test
  @Order(3)
  void everyStartGetsTheSameIds() {
    try (Wire first = Wire.open(config());
        Wire second = Wire.open(config().withoutRegistering())) {
      assertThat(ids(second)).isEqualTo(ids(first));
      assertThat(readWatermark(second, framed(first))).isEqualTo(WATERMARK);
    }
  }

  @Test
  @Order(4)
  void anIncompatibleVersionIsRefusedByTheServer() throws Exception {
    Schema watermark = SchemaCatalog.load().newest(RecordKind.WATERMARK);
    Schema incompatible =
        SchemaVersions.withField(watermark, "added", Schema.create(Schema.Type.LONG));
    try (CachedSchemaRegistryClient client = client()) {
      assertThatThrownBy(
              () -> client.register(RecordKind.WATERMARK.fullName(), new AvroSchema(incompatible)))
          .isInstanceOfSatisfying(
              RestClientException.class, e -> assertThat(e.getStatus()).isEqualTo(409));
    }
    SchemaCatalog catalog =
        SchemaVersions.with(SchemaCatalog.load(), RecordKind.WATERMARK, incompatible);
    assertRefused(() -> Wire.open(config(), catalog))
        .hasMessageContaining("not compatible")
        .hasMessageContaining("dev.varve.wire.Watermark")
        .hasCauseInstanceOf(RestClientException.class);
  }

  @Test
  @Order(5)
  void recordsOfANewerWriterAreRead() throws Exception {
    Schema wider =
        SchemaVersions.withField(
            SchemaCatalog.load().newest(RecordKind.WATERMARK),
            "added",
            Schema.create(Schema.Type.LONG),
            42L);
    try (Wire older = Wire.open(config());
        Wire newer =
            Wire.open(
                config(), SchemaVersions.with(SchemaCatalog.load(), RecordKind.WATERMARK, wider))) {
      AvroOutput body = new AvroOutput();
      new WatermarkCodec().write(WATERMARK, body);
      body.writeLong(7);
      byte[] value = newer.frame(RecordKind.WATERMARK, body);

      assertThat(newer.idOf(RecordKind.WATERMARK)).isNotEqualTo(older.idOf(RecordKind.WATERMARK));
      assertThat(readWatermark(older, value)).isEqualTo(WATERMARK);
    }
  }

  @Test
  @Order(6)
  void anUnknownIdAndAForeignSchemaAreRefused() throws Exception {
    try (Wire wire = Wire.open(config());
        CachedSchemaRegistryClient client = client()) {
      assertRefused(() -> wire.open(value(987_654))).hasMessageContaining("schema 987654");

      Schema foreign = SchemaBuilder.record("Order").namespace("shop").fields().endRecord();
      int id = client.register("shop.Order", new AvroSchema(foreign));
      assertRefused(() -> wire.open(value(id))).hasMessageContaining("is shop.Order");
    }
  }

  @Test
  @Order(6)
  void aSchemaThatIsNotAvroIsRefused() throws Exception {
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(server().url() + "/subjects/json/versions"))
                    .header("Content-Type", "application/vnd.schemaregistry.v1+json")
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            "{\"schemaType\":\"JSON\",\"schema\":\"{\\\"$schema\\\":\\\"http://json-schema.org/draft-07/schema#\\\"}\"}"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    int id = Integer.parseInt(answer.body().replaceAll("\\D", ""));
    try (Wire wire = Wire.open(config())) {
      assertRefused(() -> wire.open(value(id))).hasMessageContaining("is not Avro");
    }
  }

  @Test
  @Order(7)
  void basicAuthenticationIsUsed() throws Exception {
    try (GuardedProxy proxy = GuardedProxy.basicAuth(server().port(), CREDENTIALS)) {
      try (Wire wire = Wire.open(RegistryConfig.at(proxy.url()).withUser("ada", "s3cret"))) {
        assertThat(readWatermark(wire, framed(wire))).isEqualTo(WATERMARK);
      }
      assertRefused(() -> Wire.open(RegistryConfig.at(proxy.url()).withUser("ada", "wr0ng")))
          .hasMessageContaining("refuses the password of user ada")
          .hasMessageNotContaining("wr0ng");
      assertRefused(() -> Wire.open(RegistryConfig.at(proxy.url())))
          .hasMessageContaining("wants a user and a password");
    }
  }

  @Test
  @Order(8)
  void tlsIsCheckedAgainstTheTrustStore(@TempDir Path keys) throws Exception {
    Path keyStore = keys.resolve("server.p12");
    Path trustStore = keys.resolve("trust.p12");
    Path pem = keys.resolve("server.pem");
    keytool(
        "-genkeypair",
        "-alias",
        "server",
        "-keyalg",
        "EC",
        "-dname",
        "CN=registry",
        "-ext",
        "SAN=ip:127.0.0.1",
        "-keystore",
        keyStore.toString());
    keytool(
        "-exportcert",
        "-rfc",
        "-alias",
        "server",
        "-file",
        pem.toString(),
        "-keystore",
        keyStore.toString());
    keytool(
        "-importcert", "-noprompt", "-file", pem.toString(), "-keystore", trustStore.toString());
    try (GuardedProxy proxy =
        GuardedProxy.tls(server().port(), keyStore, PASSWORD, Optional.of(CREDENTIALS))) {
      RegistryConfig config = RegistryConfig.at(proxy.url()).withUser("ada", "s3cret");
      for (RegistryConfig trusting :
          List.of(
              config.withTrustStore(trustStore, Optional.of(PASSWORD)),
              config.withTrustStore(pem, Optional.empty()))) {
        try (Wire wire = Wire.open(trusting)) {
          assertThat(readWatermark(wire, framed(wire))).isEqualTo(WATERMARK);
        }
      }
      assertRefused(() -> Wire.open(config))
          .hasMessageContaining("no trusted connection")
          .extracting("hint")
          .asString()
          .contains("trust store");
      assertRefused(() -> Wire.open(config.withTrustStore(trustStore, Optional.of("wrong"))))
          .hasMessageContaining("trust.p12");
      assertRefused(() -> Wire.open(config.withTrustStore(trustStore, Optional.empty())))
          .hasMessageContaining("trust.p12");
      assertRefused(
              () -> Wire.open(config.withTrustStore(keys.resolve("missing"), Optional.empty())))
          .hasMessageContaining("missing");
    }
  }

  @Test
  @Order(9)
  void aServerThatIsNotThereIsReported() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertRefused(() -> Wire.open(RegistryConfig.at("http://127.0.0.1:" + port)))
        .hasMessageContaining("did not answer 4 times")
        .hasMessageContaining("127.0.0.1:" + port);
  }

  @Test
  @Order(10)
  void aServerThatIsNoRegistryIsReported() {
    for (String path : List.of("/no", "", "/apis/registry/v3", "/ui")) {
      String url = "http://127.0.0.1:" + server().port() + path;
      assertRefused(() -> Wire.open(RegistryConfig.at(url)))
          .as(url)
          .hasMessageContaining("no Confluent-compatible schema registry");
    }
  }

  @Test
  @Order(11)
  void aRestartOfTheServerKeepsTheIds() throws IOException {
    List<Integer> before;
    try (Wire wire = Wire.open(config())) {
      before = ids(wire);
      server().close();
      running = ApicurioServer.start(java, home);
    }
    try (Wire wire = Wire.open(config())) {
      assertThat(ids(wire)).isEqualTo(before);
    }
  }

  /** Another application has taken the subject, on a server that checks nothing. */
  @Test
  @Order(12)
  void aSubjectThatIsTakenIsNotWrittenTo(@TempDir Path other) throws Exception {
    Schema taken =
        SchemaBuilder.record("Change")
            .namespace("dev.varve.wire")
            .fields()
            .requiredString("what")
            .endRecord();
    try (ApicurioServer fresh = ApicurioServer.start(java, other);
        CachedSchemaRegistryClient client = new CachedSchemaRegistryClient(fresh.url(), 10)) {
      client.register(RecordKind.CHANGE.fullName(), new AvroSchema(taken));

      assertRefused(() -> Wire.open(RegistryConfig.at(fresh.url())))
          .hasMessageContaining("not compatible");
      assertThat(client.getAllVersions(RecordKind.CHANGE.fullName())).containsExactly(1);
    }
  }

  private static ApicurioServer server() {
    return Objects.requireNonNull(running);
  }

  private static RegistryConfig config() {
    return RegistryConfig.at(server().url());
  }

  private static CachedSchemaRegistryClient client() {
    return new CachedSchemaRegistryClient(server().url(), 100);
  }

  private static List<Integer> ids(Wire wire) {
    return Arrays.stream(RecordKind.values()).map(wire::idOf).toList();
  }

  private static byte[] framed(Wire wire) {
    AvroOutput body = new AvroOutput();
    new WatermarkCodec().write(WATERMARK, body);
    return wire.frame(RecordKind.WATERMARK, body);
  }

  private static Watermark readWatermark(Wire wire, byte[] value) {
    Wire.Body body = wire.open(value);
    assertThat(body.kind()).isEqualTo(RecordKind.WATERMARK);
    return new WatermarkCodec().read(body.input());
  }

  private static byte[] value(int id) {
    return new byte[] {0, (byte) (id >>> 24), (byte) (id >>> 16), (byte) (id >>> 8), (byte) id, 0};
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertRefused(
      ThrowingCallable action) {
    return assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
              assertThat(e.hint()).isNotBlank();
            });
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
