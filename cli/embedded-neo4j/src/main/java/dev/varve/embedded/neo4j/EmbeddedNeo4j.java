package dev.varve.embedded.neo4j;

import dev.varve.embedded.EmbeddedServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.ConnectorPortRegister;
import org.neo4j.configuration.connectors.ConnectorType;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilderImplementation;
import org.neo4j.graphdb.Result;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * Runs a real Neo4j Community server in this JVM: Bolt on the loopback, the Varve plugin active if
 * it is on the class path, logs in {@code home/logs} only.
 *
 * <p>Settings: {@code boltPort} (absent or 0: the port of the last start in this home, a free one
 * at the first), {@code auth} ({@code true} or {@code false}, the default), {@code password} (of
 * user {@code neo4j}, set at the first start with auth), and any setting of Neo4j by its own name.
 */
public final class EmbeddedNeo4j implements EmbeddedServer {

  private static final String LOOPBACK = "127.0.0.1";

  /** Where a home keeps the port that clients know it by. */
  private static final String PORT_FILE = "bolt.port";

  @Override
  public String name() {
    return "neo4j";
  }

  @Override
  public Running start(Path home, Map<String, String> settings) {
    Map<String, String> own = new LinkedHashMap<>(settings);
    int port = portOf(Optional.ofNullable(own.remove("boltPort")), home);
    boolean auth = Boolean.parseBoolean(own.remove("auth"));
    Optional<String> password = Optional.ofNullable(own.remove("password"));

    DatabaseManagementService server = startServer(home, configuration(port, auth, own));
    try {
      if (auth) {
        password.ifPresent(secret -> setFirstPassword(server, secret));
      }
      int bound = boltPortOf(server);
      keepPort(home, bound);
      return new RunningNeo4j(server, "bolt://" + LOOPBACK + ":" + bound);
    } catch (RuntimeException e) {
      server.shutdown();
      throw e;
    }
  }

  private static Map<String, String> configuration(
      int port, boolean auth, Map<String, String> neo4jSettings) {
    Map<String, String> raw = new LinkedHashMap<>();
    raw.put("server.bolt.enabled", "true");
    raw.put("server.bolt.listen_address", LOOPBACK + ":" + port);
    raw.put("server.bolt.advertised_address", LOOPBACK + ":" + port);
    raw.put("server.http.enabled", "false");
    raw.put("server.https.enabled", "false");
    raw.put("dbms.security.auth_enabled", Boolean.toString(auth));
    raw.put("dbms.security.auth_minimum_password_length", "1");
    raw.put("dbms.security.procedures.unrestricted", "varve.*");
    raw.put("dbms.usage_report.enabled", "false");
    raw.put("server.memory.pagecache.size", "64m");
    raw.put("db.tx_log.preallocate", "false");
    raw.put("db.tx_log.rotation.retention_policy", "7 days");
    raw.putAll(neo4jSettings);
    return raw;
  }

  /** Neo4j finds its services through the thread's class loader, and so do threads it starts. */
  private static DatabaseManagementService startServer(Path home, Map<String, String> raw) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(EmbeddedNeo4j.class.getClassLoader());
    try {
      Files.createDirectories(home);
      return new DatabaseManagementServiceBuilderImplementation(home).setConfigRaw(raw).build();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make " + home, e);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static int portOf(Optional<String> setting, Path home) {
    int port = setting.map(Integer::parseInt).orElse(0);
    Path kept = home.resolve(PORT_FILE);
    if (port != 0 || !Files.exists(kept)) {
      return port;
    }
    try {
      return Integer.parseInt(Files.readString(kept).strip());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + kept, e);
    }
  }

  private static void keepPort(Path home, int port) {
    Path kept = home.resolve(PORT_FILE);
    try {
      Files.writeString(kept, port + "\n", StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + kept, e);
    }
  }

  private static int boltPortOf(DatabaseManagementService server) {
    GraphDatabaseAPI system =
        (GraphDatabaseAPI) server.database(GraphDatabaseSettings.SYSTEM_DATABASE_NAME);
    ConnectorPortRegister ports =
        system.getDependencyResolver().resolveDependency(ConnectorPortRegister.class);
    return Objects.requireNonNull(ports.getLocalAddress(ConnectorType.BOLT), "Bolt is not up")
        .getPort();
  }

  private static void setFirstPassword(DatabaseManagementService server, String password) {
    var system = server.database(GraphDatabaseSettings.SYSTEM_DATABASE_NAME);
    boolean untouched;
    try (var tx = system.beginTx();
        Result users =
            tx.execute("SHOW USERS YIELD user, passwordChangeRequired WHERE user = 'neo4j'")) {
      untouched =
          users.hasNext() && Boolean.TRUE.equals(users.next().get("passwordChangeRequired"));
    }
    if (untouched) {
      system.executeTransactionally(
          "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED",
          Map.of("password", password));
    }
  }

  private static final class RunningNeo4j implements Running {

    private final DatabaseManagementService server;
    private final String address;
    private final Thread shutdownHook = new Thread(this::shutdown, "neo4j-shutdown");

    RunningNeo4j(DatabaseManagementService server, String address) {
      this.server = server;
      this.address = address;
      Runtime.getRuntime().addShutdownHook(shutdownHook);
    }

    @Override
    public String address() {
      return address;
    }

    @Override
    public void close() {
      try {
        Runtime.getRuntime().removeShutdownHook(shutdownHook);
      } catch (IllegalStateException e) {
        return; // the JVM is going down, and the hook does it
      }
      shutdown();
    }

    private void shutdown() {
      server.shutdown();
    }
  }
}
