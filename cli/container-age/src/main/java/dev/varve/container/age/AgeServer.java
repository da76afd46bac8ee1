package dev.varve.container.age;

import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ExecConfig;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A PostgreSQL server with the extension AGE, in a container, with {@code wal_level=logical}.
 *
 * <p>Normally the public image. Where no registry can be reached, {@code VARVE_TEST_AGE_IMAGE} and
 * {@code VARVE_TEST_AGE_OTHER_IMAGE} (of another version of PostgreSQL and AGE) name some that were
 * built with {@code deploy/images/age.sh}. Its port stays the same when it is killed and started
 * again.
 */
public final class AgeServer implements AutoCloseable {

  public static final String USER = "postgres";
  public static final String PASSWORD = "correct-horse";
  public static final String DATABASE = "varve";

  private static final String PUBLIC_IMAGE = "apache/age:release_PG17_1.6.0";
  private static final String OTHER_PUBLIC_IMAGE = "apache/age:release_PG16_1.5.0";
  private static final String IMAGE = "VARVE_TEST_AGE_IMAGE";
  private static final String OTHER_IMAGE = "VARVE_TEST_AGE_OTHER_IMAGE";
  private static final int PORT = 5432;
  private static final int COPY_PORT = 5433;
  private static final int NEAR_MS = 500;
  private static final Duration START_AT_MOST = Duration.ofMinutes(2);

  private final PostgreSQLContainer container;
  private final int port;
  private final int copyPort;

  private AgeServer(PostgreSQLContainer container, int port, int copyPort) {
    this.container = container;
    this.port = port;
    this.copyPort = copyPort;
  }

  /** Whether there is a Docker engine; a test that needs one is skipped otherwise, and says so. */
  public static boolean dockerIsThere() {
    return DockerClientFactory.instance().isDockerAvailable();
  }

  /** Starts a server that can be captured, with the extension in {@link #DATABASE}. */
  public static AgeServer start() {
    return start(Map.of());
  }

  /** Starts a server of another version of PostgreSQL and AGE; absent where none can be had. */
  public static Optional<AgeServer> startOther() {
    String local = System.getenv(OTHER_IMAGE);
    boolean here = local != null && !local.isBlank();
    if (!here && System.getenv(IMAGE) != null) {
      return Optional.empty(); // nothing can be pulled here, and only one was built
    }
    return Optional.of(start(here ? local : OTHER_PUBLIC_IMAGE, Map.of()));
  }

  /**
   * Starts a server.
   *
   * @param settings PostgreSQL's own, on top of the usual ones
   */
  public static AgeServer start(Map<String, String> settings) {
    String local = System.getenv(IMAGE);
    return start(local == null || local.isBlank() ? PUBLIC_IMAGE : local, settings);
  }

  private static AgeServer start(String image, Map<String, String> settings) {
    List<String> command = new ArrayList<>(List.of("postgres"));
    Map.of(
            "wal_level", "logical",
            "max_replication_slots", "10",
            "max_wal_senders", "10",
            "wal_sender_timeout", "10s")
        .forEach((key, value) -> option(command, key, settings.getOrDefault(key, value)));
    settings.forEach((key, value) -> option(command, key, value));
    int port = freePort();
    int copyPort = freePort();
    PostgreSQLContainer container =
        new PostgreSQLContainer(DockerImageName.parse(image).asCompatibleSubstituteFor("postgres"))
            .withUsername(USER)
            .withPassword(PASSWORD)
            .withDatabaseName(DATABASE)
            .withExposedPorts(PORT, COPY_PORT)
            .withCommand(command.toArray(String[]::new))
            .withCreateContainerCmdModifier(
                create -> {
                  HostConfig host = create.getHostConfig();
                  if (host != null) {
                    host.withPortBindings(binding(port, PORT), binding(copyPort, COPY_PORT));
                  }
                });
    container.setWaitStrategy(
        Wait.forLogMessage(".*database system is ready to accept connections.*\\s", 1)
            .withStartupTimeout(START_AT_MOST));
    container.start();
    AgeServer server = new AgeServer(container, port, copyPort);
    server.await();
    try (Connection connection = DriverManager.getConnection(server.url(), USER, PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION IF NOT EXISTS age");
    } catch (SQLException e) {
      server.close();
      throw new IllegalStateException("cannot create the extension", e);
    }
    return server;
  }

  private static PortBinding binding(int outside, int inside) {
    return new PortBinding(
        Ports.Binding.bindIpAndPort("127.0.0.1", outside),
        com.github.dockerjava.api.model.ExposedPort.tcp(inside));
  }

  private static void option(List<String> command, String key, String value) {
    command.add("-c");
    command.add(key + "=" + value);
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException("no free port", e);
    }
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port;
  }

  /**
   * Host and port without the proxy that Docker puts in front of published ports, where that can be
   * reached; else the published ones. They do not outlive {@link #kill}.
   */
  public String nearest() {
    String inside =
        container.getContainerInfo().getNetworkSettings().getNetworks().values().stream()
            .map(ContainerNetwork::getIpAddress)
            .filter(address -> address != null && !address.isEmpty())
            .findFirst()
            .orElse(host());
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(inside, PORT), NEAR_MS);
      return inside + ":" + PORT;
    } catch (IOException e) {
      return host() + ":" + port;
    }
  }

  /** For JDBC, without user and password. */
  public String url() {
    return url(DATABASE);
  }

  public String url(String database) {
    return "jdbc:postgresql://" + host() + ":" + port + "/" + database;
  }

  /** A connection as superuser in which Cypher can be spoken. */
  public Connection connect() throws SQLException {
    return connect(DATABASE);
  }

  /** A connection as superuser in which Cypher can be spoken; the database has the extension. */
  public Connection connect(String database) throws SQLException {
    Connection connection = DriverManager.getConnection(url(database), USER, PASSWORD);
    try (Statement statement = connection.createStatement()) {
      statement.execute("LOAD 'age'");
      statement.execute("SET search_path = ag_catalog, \"$user\", public");
    }
    return connection;
  }

  /** Makes another, empty database with the extension. */
  public void createDatabase(String name) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url(), USER, PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE \"" + name + "\"");
    }
    try (Connection connection = DriverManager.getConnection(url(name), USER, PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION age");
    }
  }

  /** Kills the server, all of it, as kill -9 does; what it had on disk stays. */
  public void kill() {
    DockerClientFactory.instance()
        .client()
        .killContainerCmd(container.getContainerId())
        .withSignal("KILL")
        .exec();
  }

  /** Freezes all of it; nothing is closed. */
  public void pause() {
    DockerClientFactory.instance().client().pauseContainerCmd(container.getContainerId()).exec();
  }

  public void unpause() {
    DockerClientFactory.instance().client().unpauseContainerCmd(container.getContainerId()).exec();
  }

  /** Starts it again after {@link #kill}, on the same port; returns when it takes connections. */
  public void startAgain() {
    DockerClientFactory.instance().client().startContainerCmd(container.getContainerId()).exec();
    await();
  }

  /** Runs a program of the server's installation, such as {@code pg_dump}; returns its output. */
  public String exec(String... command) throws IOException, InterruptedException {
    var result = container.execInContainer(command);
    if (result.getExitCode() != 0) {
      throw new IOException(
          String.join(" ", command) + ": " + result.getExitCode() + " " + result.getStderr());
    }
    return result.getStdout();
  }

  /**
   * Makes a physical copy of the server as it is now, promotes it, and lets it run beside this one,
   * in the same container. It has the same system identifier, another timeline, and no slots.
   */
  public AgeServer promotedCopy() throws IOException, InterruptedException {
    String script =
        """
        set -e
        PATH=$(pg_config --bindir 2>/dev/null || ls -d /usr/lib/postgresql/*/bin):$PATH
        pg_basebackup -h 127.0.0.1 -U %s -D /tmp/copy -R -X stream -c fast
        pg_ctl -D /tmp/copy -w -l /tmp/copy.log start \
          -o "-p %d -c listen_addresses=* -c wal_level=logical -c unix_socket_directories=/tmp"
        pg_ctl -D /tmp/copy -w promote
        """
            .formatted(USER, COPY_PORT);
    var result =
        container.execInContainer(
            ExecConfig.builder()
                .user("postgres")
                .envVars(Map.of("PGPASSWORD", PASSWORD))
                .command(new String[] {"sh", "-c", script})
                .build());
    if (result.getExitCode() != 0) {
      throw new IOException("no copy: " + result.getStdout() + result.getStderr());
    }
    AgeServer copy = new AgeServer(container, copyPort, copyPort);
    copy.await();
    return copy;
  }

  private void await() {
    long end = System.nanoTime() + START_AT_MOST.toNanos();
    while (true) {
      try (Connection connection = DriverManager.getConnection(url(), USER, PASSWORD)) {
        if (connection.isValid(5)) {
          return;
        }
      } catch (SQLException e) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException("the server does not come up", e);
        }
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  /** Removes the container and all that was in it, a copy too. */
  @Override
  public void close() {
    container.stop();
  }
}
