package dev.varve.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import io.confluent.kafka.schemaregistry.ParsedSchema;
import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.avro.AvroSchemaProvider;
import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.MockSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.SchemaMetadata;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClientConfig;
import io.confluent.kafka.schemaregistry.client.rest.RestService;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Confluent's registry client with what goes wrong put into words. What may pass by itself is tried
 * again a few times.
 */
final class Registry implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Registry.class);

  private static final int CONNECT_TIMEOUT_MS = 5_000;
  private static final int READ_TIMEOUT_MS = 15_000;
  private static final int ATTEMPTS_MAX = 4;
  private static final long FIRST_PAUSE_MS = 250;
  private static final int CACHED_SCHEMAS_MAX = 1_000;

  private static final String FULL = "FULL";
  private static final String FULL_TRANSITIVE = "FULL_TRANSITIVE";

  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int UNPROCESSABLE = 422;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int SERVER_ERROR = 500;

  private final SchemaRegistryClient client;
  private final RegistryConfig config;

  private Registry(SchemaRegistryClient client, RegistryConfig config) {
    this.client = client;
    this.config = config;
  }

  static Registry open(RegistryConfig config, SchemaCatalog catalog) {
    if (!config.isEmbedded()) {
      return new Registry(httpClient(config), config);
    }
    Registry embedded = new Registry(new MockSchemaRegistryClient(), config);
    int expected = 0;
    for (SchemaCatalog.Entry entry : catalog.entries()) {
      expected++;
      int id = embedded.register(entry.kind().fullName(), new AvroSchema(entry.schema()));
      if (id != expected) {
        throw new IllegalStateException("the embedded registry gave " + entry + " the id " + id);
      }
    }
    return embedded;
  }

  /**
   * The id of a schema. If the registry does not have it, it is registered, and the registry is
   * told to hold later versions to full compatibility.
   *
   * @throws VarveException if it cannot be had, or is not compatible with what is there
   */
  int idOf(RecordKind kind, Schema schema) {
    String subject = kind.fullName();
    AvroSchema parsed = new AvroSchema(schema);
    if (config.isEmbedded() || !config.register()) {
      return lookUp(subject, parsed);
    }
    Optional<Schema> latest = latest(subject);
    if (latest.isPresent() && !requireFullCompatibility(subject)) {
      expectCompatible(subject, latest.get(), schema);
    }
    int id = register(subject, parsed);
    if (latest.isEmpty() && !requireFullCompatibility(subject)) {
      LOG.warn(
          "the schema registry {} does not check that later versions of {} are compatible",
          config.url(),
          subject);
    }
    return id;
  }

  /**
   * The schema of an id.
   *
   * @throws VarveException if the registry does not have it
   */
  Schema schemaOf(int id) {
    ParsedSchema parsed =
        call(
            "read schema " + id,
            () -> avroSchemaById(id),
            e ->
                new VarveException(
                    ExitCode.FAILED,
                    "the record was written with schema "
                        + id
                        + ", which the registry "
                        + config.url()
                        + " does not have",
                    "'registry' must name the registry that the record's writer used; what was"
                        + " written with another one cannot be read",
                    e));
    return ((AvroSchema) parsed).rawSchema();
  }

  private ParsedSchema avroSchemaById(int id) throws IOException, RestClientException {
    try {
      return client.getSchemaById(id);
    } catch (IOException e) {
      // the client's own words for a schema that is no Avro
      if (String.valueOf(e.getMessage()).startsWith("Invalid schema")) {
        throw new VarveException(
            ExitCode.FAILED,
            "schema " + id + " of the registry " + config.url() + " is not Avro",
            "the topic holds records that are not Varve's; look for who else writes to it",
            e);
      }
      throw e;
    }
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException e) {
      LOG.debug("closing the registry client", e);
    }
  }

  private Optional<Schema> latest(String subject) {
    Optional<SchemaMetadata> found =
        callOrAbsent(
            "read the newest version of " + subject, () -> client.getLatestSchemaMetadata(subject));
    if (found.isPresent() && !found.get().getSchemaType().equals(AvroSchema.TYPE)) {
      throw incompatible(subject, "it is " + found.get().getSchemaType(), null);
    }
    return found.map(metadata -> new Schema.Parser().parse(metadata.getSchema()));
  }

  private int register(String subject, AvroSchema schema) {
    return call("register " + subject, () -> client.register(subject, schema), this::noRegistry);
  }

  private int lookUp(String subject, AvroSchema schema) {
    return call(
        "look up " + subject,
        () -> client.getId(subject, schema),
        e ->
            new VarveException(
                ExitCode.FAILED,
                "the registry "
                    + config.url()
                    + " does not have this version's schema of "
                    + subject
                    + ", and registering is switched off",
                "register the newest .avsc file of this version under the subject "
                    + subject
                    + ", or let Varve do it",
                e));
  }

  /** Whether the registry now refuses versions that are not fully compatible. */
  private boolean requireFullCompatibility(String subject) {
    try {
      Optional<String> level =
          callOrAbsent(
              "read the compatibility of " + subject, () -> client.getCompatibility(subject));
      if (level.isPresent() && (level.get().equals(FULL) || level.get().equals(FULL_TRANSITIVE))) {
        return true;
      }
      return callOrAbsent(
              "set the compatibility of " + subject,
              () -> client.updateCompatibility(subject, FULL))
          .isPresent();
    } catch (VarveException e) {
      LOG.debug("compatibility of {}", subject, e);
      return false;
    }
  }

  private void expectCompatible(String subject, Schema theirs, Schema ours) {
    List<String> differences = Resolution.incompatibilities(theirs, ours);
    if (!differences.isEmpty()) {
      throw incompatible(subject, differences.toString(), null);
    }
  }

  private VarveException incompatible(String what, String detail, @Nullable Throwable cause) {
    return new VarveException(
        ExitCode.FAILED,
        "the registry "
            + config.url()
            + " has a schema that this version's is not compatible with ("
            + what
            + "): "
            + detail,
        "another application or a much newer Varve uses the subject; use a registry of Varve's own,"
            + " or the same version of Varve everywhere",
        cause);
  }

  /** A call to the client. */
  private interface Request<T> {
    T send() throws IOException, RestClientException;
  }

  private interface NotFound {
    VarveException failure(RestClientException cause);
  }

  private <T> Optional<T> callOrAbsent(String what, Request<T> request) {
    return call(
        what,
        () -> {
          try {
            return Optional.of(request.send());
          } catch (RestClientException e) {
            if (e.getStatus() == NOT_FOUND) {
              return Optional.empty();
            }
            throw e;
          }
        },
        e -> refused(what, e));
  }

  private <T> T call(String what, Request<T> request, NotFound notFound) {
    for (int attempt = 1; ; attempt++) {
      try {
        return request.send();
      } catch (SSLException e) {
        throw new VarveException(
            ExitCode.FAILED,
            "no trusted connection to the registry " + config.url() + ": " + e.getMessage(),
            "put the certificate of the registry's authority into its trust store, and check that"
                + " the certificate names the host",
            e);
      } catch (JsonProcessingException e) {
        throw noRegistry(e);
      } catch (IOException e) {
        if (attempt == ATTEMPTS_MAX) {
          throw unreachable(what, e);
        }
      } catch (RestClientException e) {
        if (e.getStatus() == NOT_FOUND) {
          throw notFound.failure(e);
        }
        boolean passes = e.getStatus() >= SERVER_ERROR || e.getStatus() == TOO_MANY_REQUESTS;
        if (!passes || attempt == ATTEMPTS_MAX) {
          throw refused(what, e);
        }
      }
      pause(FIRST_PAUSE_MS << (attempt - 1));
    }
  }

  private VarveException noRegistry(Exception cause) {
    return new VarveException(
        ExitCode.FAILED,
        "there is no Confluent-compatible schema registry at " + config.url(),
        "check the address and its path; Apicurio's is /apis/ccompat/v7",
        cause);
  }

  private VarveException unreachable(String what, IOException cause) {
    return new VarveException(
        ExitCode.FAILED,
        "could not "
            + what
            + ": the schema registry "
            + config.url()
            + " did not answer "
            + ATTEMPTS_MAX
            + " times: "
            + cause,
        "check that the registry is running and can be reached from here",
        cause);
  }

  private VarveException refused(String what, RestClientException cause) {
    int status = cause.getStatus();
    if (status == UNAUTHORIZED) {
      return new VarveException(
          ExitCode.FAILED,
          "the schema registry "
              + config.url()
              + config
                  .user()
                  .map(user -> " refuses the password of user " + user)
                  .orElse(" wants a user and a password"),
          "check the registry's user and password",
          cause);
    }
    if (status == FORBIDDEN) {
      return new VarveException(
          ExitCode.FAILED,
          "the schema registry " + config.url() + " does not allow to " + what,
          "give the user the right to do it, or register the schemas beforehand",
          cause);
    }
    if (status == CONFLICT || status == UNPROCESSABLE) {
      return incompatible(what, String.valueOf(cause.getMessage()), cause);
    }
    return new VarveException(
        ExitCode.FAILED,
        "could not " + what + ": the schema registry " + config.url() + ": " + cause.getMessage(),
        "see the registry's log",
        cause);
  }

  private static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VarveException(
          ExitCode.FAILED,
          "stopped while waiting for the schema registry",
          "nothing has to be done",
          e);
    }
  }

  private static SchemaRegistryClient httpClient(RegistryConfig config) {
    Map<String, Object> settings = new HashMap<>();
    settings.put(SchemaRegistryClientConfig.HTTP_CONNECT_TIMEOUT_MS, CONNECT_TIMEOUT_MS);
    settings.put(SchemaRegistryClientConfig.HTTP_READ_TIMEOUT_MS, READ_TIMEOUT_MS);
    if (config.user().isPresent()) {
      settings.put(SchemaRegistryClientConfig.BASIC_AUTH_CREDENTIALS_SOURCE, "USER_INFO");
      settings.put(
          SchemaRegistryClientConfig.USER_INFO_CONFIG,
          config.user().get() + ":" + config.password().orElse(""));
    }
    RestService rest = new RestService(config.addresses());
    SchemaRegistryClient client =
        new CachedSchemaRegistryClient(
            rest, CACHED_SCHEMAS_MAX, List.of(new AvroSchemaProvider()), settings, Map.of());
    // last: the client's constructor sets the sockets to what its settings say of TLS
    config
        .trustStore()
        .ifPresent(
            file ->
                rest.setSslSocketFactory(TrustStore.sockets(file, config.trustStorePassword())));
    return client;
  }
}
