package dev.varve.bench;

import dev.varve.cdc.Capture;
import dev.varve.cdc.CaptureConfig;
import dev.varve.cdc.CaptureStatus;
import dev.varve.cdc.age.AgeSettings;
import dev.varve.cdc.age.AgeSetup;
import dev.varve.cdc.age.AgeSource;
import dev.varve.container.age.AgeServer;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Capture of a graph of Apache AGE into Kafka, exactly once, against what a bare Debezium engine
 * delivers into nothing: in turns, each reads the same changes, written before it began, from a
 * slot of its own. Then, in turns too, how fast a client writes with capture on and off.
 *
 * <p>{@code -Dchanges=300000 -Drounds=3 -Dseconds=10 -Dpairs=6}. Wants a Docker engine; {@code
 * VARVE_TEST_AGE_IMAGE} names an image where none can be pulled.
 */
public final class AgeCaptureBench {

  private static final String GRAPH = "bench";
  private static final String BARE_SLOT = "bare";
  private static final int ROWS_A_TRANSACTION = 1_000;
  private static final long CATCH_UP_MILLIS_MAX = 900_000;
  private static final double NANOS_A_SECOND = 1e9;
  private static final double BAR = 0.8;

  private final AgeServer server;
  private final AgeSettings source;
  private final CaptureConfig config;
  private long nextId = 1;

  private AgeCaptureBench(AgeServer server, AgeSettings source, CaptureConfig config) {
    this.server = server;
    this.source = source;
    this.config = config;
  }

  public static void main(String[] arguments) throws Exception {
    Path home = Files.createTempDirectory("varve-age-capture-bench");
    ServerProcess.Distribution distribution = ServerProcess.Distribution.find();
    try (AgeServer server = AgeServer.start(Map.of("max_wal_size", "4GB"));
        ServerProcess kafka = ServerProcess.kafka(distribution, home.resolve("kafka"))) {
      AgeSettings source =
          AgeSettings.of(
              "postgresql://" + server.host() + ":" + server.port() + "/" + AgeServer.DATABASE,
              Optional.of(AgeServer.USER),
              Optional.of(AgeServer.PASSWORD),
              GRAPH);
      CaptureConfig config =
          CaptureConfig.of(
              AgeSource.of(source),
              "age",
              Map.of("bootstrap.servers", kafka.address()),
              RegistryConfig.embedded(),
              TopicSpecs.of(GRAPH));
      AgeCaptureBench bench = new AgeCaptureBench(server, source, config);
      bench.prepare();
      bench.throughput(Integer.getInteger("changes", 300_000), Integer.getInteger("rounds", 3));
      bench.slowDown(Integer.getInteger("seconds", 10), Integer.getInteger("pairs", 6));
    } finally {
      Directories.delete(home);
    }
  }

  private void prepare() throws SQLException, IOException, InterruptedException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SELECT create_graph('" + GRAPH + "')");
      statement.execute("SELECT create_vlabel('" + GRAPH + "', 'Person')");
      statement.execute("SELECT create_elabel('" + GRAPH + "', 'KNOWS')");
      AgeSetup.run(connection, AgeSetup.missing(connection, source));
      statement.execute(
          "SELECT pg_create_logical_replication_slot('" + BARE_SLOT + "', 'pgoutput')");
    }
    captured(0); // the scan of an empty graph; makes the slot
  }

  private void throughput(int changes, int rounds)
      throws SQLException, IOException, InterruptedException {
    double bare = Double.MAX_VALUE;
    double captured = Double.MAX_VALUE;
    for (int round = 0; round < rounds; round++) {
      write(changes);
      for (int turn = 0; turn < 2; turn++) {
        if (turn == round % 2) {
          bare = Math.min(bare, BareEngine.read(source, BARE_SLOT, changes));
        } else {
          captured = Math.min(captured, captured(changes));
        }
      }
    }
    Report.print(
        "age-capture",
        Report.figure("changes", changes),
        Report.figure("rounds (the fastest counts)", rounds),
        Report.figure("bare engine seconds", bare),
        Report.figure("bare engine changes per second", changes / bare),
        Report.figure("capture seconds", captured),
        Report.figure("capture changes per second", changes / captured),
        Report.figure("ratio", bare / captured),
        Report.figure("bar", BAR));
  }

  /** Captures so many changes; seconds from the start until they are committed in Kafka. */
  private double captured(long changes) throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (Capture capture = Capture.start(config)) {
      await(
          capture,
          status -> status.phase() == CaptureStatus.Phase.STREAMING && status.changes() >= changes);
      return (System.nanoTime() - start) / NANOS_A_SECOND;
    }
  }

  /** Vertices and edges, two to one, in transactions of a thousand. */
  private void write(int changes) throws SQLException {
    try (Connection connection = server.connect()) {
      connection.setAutoCommit(false);
      for (int written = 0; written < changes; ) {
        int rows = Math.min(ROWS_A_TRANSACTION, changes - written);
        int vertices = rows - rows / 3;
        insert(
            connection,
            vertices,
            "INSERT INTO bench.\"Person\" (id, properties) SELECT ag_catalog._graphid(3, ? + n),"
                + " ('{\"name\": \"person ' || n || '\", \"born\": ' || 1900 + n % 100 ||"
                + " ', \"score\": ' || n || '.5}')::agtype FROM generate_series(0, ? - 1) n");
        insert(
            connection,
            rows - vertices,
            "INSERT INTO bench.\"KNOWS\" (id, start_id, end_id, properties)"
                + " SELECT ag_catalog._graphid(4, ? + n), ag_catalog._graphid(3, 1),"
                + " ag_catalog._graphid(3, 2), ('{\"since\": ' || 2000 + n % 26 || '}')::agtype"
                + " FROM generate_series(0, ? - 1) n");
        connection.commit();
        written += rows;
      }
    }
  }

  private void insert(Connection connection, int rows, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, nextId);
      statement.setInt(2, rows);
      statement.executeUpdate();
      nextId += rows;
    }
  }

  /** A client that writes small transactions one after another, with capture and without. */
  private void slowDown(int seconds, int pairs)
      throws SQLException, IOException, InterruptedException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      // nobody reads it any more, and it would cost the server something in both turns
      statement.execute("SELECT pg_drop_replication_slot('" + BARE_SLOT + "')");
    }
    writeFor(seconds); // warms up
    List<Double> ratios = new ArrayList<>();
    double alone = 0;
    double beside = 0;
    for (int pair = 0; pair < pairs; pair++) {
      double off = 0;
      double on = 0;
      for (int turn = 0; turn < 2; turn++) {
        if (turn == pair % 2) {
          off = writeFor(seconds);
        } else {
          try (Capture capture = Capture.start(config)) {
            await(capture, status -> status.phase() == CaptureStatus.Phase.STREAMING);
            await(capture, status -> status.lag() == 0);
            on = writeFor(seconds);
          }
        }
      }
      alone += off / pairs;
      beside += on / pairs;
      ratios.add(on / off);
    }
    double[] sorted = ratios.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    Report.print(
        "age-source-slow-down",
        Report.figure("pairs of " + seconds + " s", pairs),
        Report.figure("transactions per second, alone", alone),
        Report.figure("transactions per second, captured", beside),
        Report.figure("ratio, least", sorted[0]),
        Report.figure("ratio, median", median(sorted)),
        Report.figure("ratio, greatest", sorted[sorted.length - 1]));
  }

  private static double median(double[] sorted) {
    return Arrays.stream(sorted, (sorted.length - 1) / 2, sorted.length / 2 + 1)
        .average()
        .orElse(0);
  }

  private double writeFor(int seconds) throws SQLException {
    long start = System.nanoTime();
    long end = start + (long) (seconds * NANOS_A_SECOND);
    int transactions = 0;
    try (Connection connection = server.connect()) {
      connection.setAutoCommit(false);
      while (System.nanoTime() < end) {
        insert(
            connection,
            10,
            "INSERT INTO bench.\"Person\" (id, properties) SELECT ag_catalog._graphid(3, ? + n),"
                + " ('{\"name\": \"person ' || n || '\"}')::agtype"
                + " FROM generate_series(0, ? - 1) n");
        connection.commit();
        transactions++;
      }
    }
    return transactions / ((System.nanoTime() - start) / NANOS_A_SECOND);
  }

  private static void await(Capture capture, Predicate<CaptureStatus> condition)
      throws InterruptedException, IOException {
    long deadline = System.currentTimeMillis() + CATCH_UP_MILLIS_MAX;
    while (!condition.test(capture.status())) {
      if (capture.failure().isPresent()) {
        throw new IOException("capture failed", capture.failure().get());
      }
      if (System.currentTimeMillis() > deadline) {
        throw new IOException("capture did not get there: " + capture.status());
      }
      Thread.sleep(20);
    }
  }
}
