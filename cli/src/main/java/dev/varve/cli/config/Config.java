package dev.varve.cli.config;

import dev.varve.archive.RepositoryConfig;
import dev.varve.archive.RepositoryLocation;
import dev.varve.cdc.age.AgeSettings;
import dev.varve.compact.ExpirePlan;
import dev.varve.compact.HousekeepingConfig;
import dev.varve.compact.MergePlan;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.observe.Pace;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.Topics;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A configuration, checked.
 *
 * @param graph the graph's name
 * @param site the name of the place where it is written
 * @param data working files: embedded Kafka, the fold's state
 * @param copies further repositories, by name
 */
public record Config(
    String graph,
    String site,
    Path data,
    Source source,
    Kafka kafka,
    RegistryConfig registry,
    RepositoryConfig repository,
    Map<String, RepositoryConfig> copies,
    Capture capture,
    Fold fold,
    Compact compact,
    Observe observe,
    Promote promote) {

  private static final String NEO4J = "neo4j";
  private static final String AGE = "age";
  private static final String POSTGRESQL = "postgresql://";
  private static final String OBSERVER = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}";
  private static final Pattern LISTEN = Pattern.compile("(.*[^:]):([0-9]{1,5})");
  private static final int PORT_MAX = 65_535;
  private static final int COMPRESSION_LEVEL_MAX = 19;
  private static final Duration UPLOAD_AGE_LEAST = Duration.ofHours(1);

  /** The store, by kind. */
  public sealed interface Source {
    String uri();

    /** Absent for a store without authentication. */
    Optional<String> user();

    Optional<String> password();
  }

  /** A Neo4j database. */
  public record Neo4j(String uri, Optional<String> user, Optional<String> password, String database)
      implements Source {
    @Override
    public String toString() {
      return uri + "/" + database;
    }
  }

  /**
   * A graph of Apache AGE in a PostgreSQL database.
   *
   * @param heldBackLimitBytes how much of its log the server may hold back for capture before
   *     somebody is told; absent if only the server's own limit counts
   */
  public record Age(AgeSettings settings, Optional<Long> heldBackLimitBytes) implements Source {
    @Override
    public String uri() {
      return settings.uri();
    }

    @Override
    public Optional<String> user() {
      return settings.user();
    }

    @Override
    public Optional<String> password() {
      return settings.password();
    }

    @Override
    public String toString() {
      return settings.toString();
    }
  }

  /**
   * Kafka.
   *
   * @param bootstrap absent: embedded, in this process
   * @param client further client settings, such as those of security
   */
  public record Kafka(Optional<String> bootstrap, TopicSpecs topics, Map<String, String> client) {
    public Kafka {
      client = Map.copyOf(client);
    }

    public boolean embedded() {
      return bootstrap.isEmpty();
    }

    /** Without the client settings, which may hold secrets. */
    @Override
    public String toString() {
      return bootstrap.orElse("embedded");
    }
  }

  /** See {@link Key}. */
  public record Capture(Duration retryFor, Duration heartbeat) {}

  /** See {@link Key}. */
  public record Observe(
      String name,
      SortedSet<String> members,
      Pace pace,
      Duration captureSilence,
      Optional<String> onDown,
      Optional<String> onCaptureDown,
      Optional<InetSocketAddress> listen) {}

  /** See {@link Key}; hooks are command lines, or URLs that are posted to. */
  public record Promote(
      Optional<String> quiesce,
      Optional<String> fence,
      Optional<String> reroute,
      Optional<Path> announce,
      Duration drainFor,
      Duration hookTimeout) {}

  /**
   * See {@link Key}.
   *
   * @param rocksdb whether digests are kept on disk instead of on the heap
   */
  public record Fold(
      boolean rocksdb,
      long rocksBytes,
      int threads,
      Duration commitEvery,
      Optional<String> instance) {}

  /**
   * See {@link Key}.
   *
   * @param merges keeps every version where nothing expires
   * @param retention keeps everything where nothing is said of how much
   */
  public record Compact(
      Duration flushEvery,
      long flushBytes,
      long segmentBytes,
      long memoryBytes,
      int compressionLevel,
      Duration checkpointEvery,
      Duration mergeEvery,
      MergePlan.Policy merges,
      ExpirePlan.Policy retention,
      HousekeepingConfig.HeavyWork heavyWork) {}

  /**
   * Reads the file and what the environment says instead of it.
   *
   * @throws VarveException with {@link ExitCode#USAGE}, naming the place
   */
  public static Config read(Path file, Map<String, String> environment) {
    Settings settings = Settings.read(file, environment);
    String graph = settings.text(Key.GRAPH);
    if (!graph.matches("[A-Za-z0-9][A-Za-z0-9_-]{0,99}")) {
      throw settings.invalid(Key.GRAPH, "letters, digits, '-' and '_'");
    }
    Source source = source(settings, graph);
    String site = settings.optional(Key.SITE).orElse(source instanceof Age ? AGE : NEO4J);
    if (!site.matches("[A-Za-z0-9._-]+")) {
      throw settings.invalid(Key.SITE, "letters, digits, '.', '-' and '_'");
    }
    return new Config(
        graph,
        site,
        settings.path(Key.DATA).orElseThrow().resolve(graph),
        source,
        kafka(settings, graph),
        registry(settings),
        RepositorySettings.of(settings),
        RepositorySettings.copies(settings),
        new Capture(
            settings.duration(Key.CAPTURE_RETRY_FOR), settings.duration(Key.CAPTURE_HEARTBEAT)),
        new Fold(
            settings.oneOf(Key.FOLD_STORE, "heap", "rocksdb").equals("rocksdb"),
            settings.bytes(Key.FOLD_ROCKS_MEMORY),
            settings.number(Key.FOLD_THREADS, 1),
            settings.duration(Key.FOLD_COMMIT),
            settings.optional(Key.FOLD_INSTANCE)),
        compact(settings),
        observe(settings),
        new Promote(
            settings.optional(Key.PROMOTE_QUIESCE),
            settings.optional(Key.PROMOTE_FENCE),
            settings.optional(Key.PROMOTE_REROUTE),
            settings.path(Key.PROMOTE_ANNOUNCE),
            settings.duration(Key.PROMOTE_DRAIN_FOR),
            settings.duration(Key.PROMOTE_HOOK_TIMEOUT)));
  }

  private static Observe observe(Settings settings) {
    String name = settings.optional(Key.OBSERVE_NAME).orElseGet(Config::machine);
    if (!name.matches(OBSERVER)) {
      throw settings.invalid(Key.OBSERVE_NAME, "letters, digits, '.', '-' and '_'");
    }
    SortedSet<String> members = new TreeSet<>();
    for (String member : settings.optional(Key.OBSERVE_MEMBERS).orElse(name).split(",", -1)) {
      if (!member.strip().matches(OBSERVER)) {
        throw settings.invalid(Key.OBSERVE_MEMBERS, "names with commas between them");
      }
      members.add(member.strip());
    }
    return new Observe(
        name,
        members,
        new Pace(
            settings.duration(Key.OBSERVE_EVERY),
            settings.duration(Key.OBSERVE_TIMEOUT),
            settings.number(Key.OBSERVE_RETRIES, 1)),
        settings.duration(Key.OBSERVE_CAPTURE_SILENCE),
        settings.optional(Key.OBSERVE_ON_DOWN),
        settings.optional(Key.OBSERVE_ON_CAPTURE_DOWN),
        settings.optional(Key.OBSERVE_LISTEN).map(text -> listen(settings, text)));
  }

  private static InetSocketAddress listen(Settings settings, String text) {
    Matcher matcher = LISTEN.matcher(text);
    if (matcher.matches() && Integer.parseInt(matcher.group(2)) <= PORT_MAX) {
      InetSocketAddress address =
          new InetSocketAddress(matcher.group(1), Integer.parseInt(matcher.group(2)));
      if (!address.isUnresolved()) {
        return address;
      }
    }
    throw settings.invalid(Key.OBSERVE_LISTEN, "an address of this machine and a port");
  }

  private static String machine() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "observer";
    }
  }

  private static Compact compact(Settings settings) {
    Optional<Integer> keepChains =
        settings.optional(Key.COMPACT_KEEP_CHAINS).isPresent()
            ? Optional.of(settings.number(Key.COMPACT_KEEP_CHAINS, 1))
            : Optional.empty();
    Optional<Duration> keepFor =
        settings.optional(Key.COMPACT_KEEP_FOR).isPresent()
            ? Optional.of(settings.duration(Key.COMPACT_KEEP_FOR))
            : Optional.empty();
    boolean expires = keepChains.isPresent() || keepFor.isPresent();
    Duration keepFine = settings.duration(Key.COMPACT_KEEP_FINE);
    return new Compact(
        settings.duration(Key.COMPACT_FLUSH_EVERY),
        settings.bytes(Key.COMPACT_FLUSH_BYTES),
        settings.bytes(Key.COMPACT_SEGMENT_BYTES),
        settings.bytes(Key.COMPACT_MEMORY),
        compressionLevel(settings),
        settings.duration(Key.COMPACT_CHECKPOINT_EVERY),
        settings.duration(Key.COMPACT_MERGE_EVERY),
        new MergePlan.Policy(
            settings.duration(Key.COMPACT_MERGE_SPAN),
            settings.bytes(Key.COMPACT_MERGE_BYTES),
            expires ? Optional.of(keepFine) : Optional.empty(),
            settings.duration(Key.COMPACT_THIN_TO)),
        (expires
                ? new ExpirePlan.Policy(
                    keepChains, keepFor, Optional.of(keepFine), ExpirePlan.STANDBY)
                : ExpirePlan.Policy.EVERYTHING)
            .withUploadAge(uploadAge(settings)),
        heavyWork(settings));
  }

  /** Another process may still be at a younger one. */
  private static Duration uploadAge(Settings settings) {
    Duration age = settings.duration(Key.COMPACT_UPLOAD_AGE);
    if (age.compareTo(UPLOAD_AGE_LEAST) < 0) {
      throw settings.invalid(Key.COMPACT_UPLOAD_AGE, "1h or more");
    }
    return age;
  }

  private static HousekeepingConfig.HeavyWork heavyWork(Settings settings) {
    Optional<String> expression =
        settings.optional(Key.COMPACT_HEAVY_WORK).filter(text -> !text.isBlank());
    if (expression.isEmpty()) {
      return HousekeepingConfig.HeavyWork.ALWAYS;
    }
    ZoneId zone;
    try {
      zone = ZoneId.of(settings.text(Key.COMPACT_HEAVY_WORK_ZONE));
    } catch (DateTimeException e) {
      throw settings.invalid(
          Key.COMPACT_HEAVY_WORK_ZONE, "a time zone such as UTC or Europe/Berlin");
    }
    try {
      return new CronWindow(expression.get(), zone);
    } catch (IllegalArgumentException e) {
      throw settings.invalid(
          Key.COMPACT_HEAVY_WORK,
          "five fields as in cron, such as '* 1-5 * * *' (" + e.getMessage() + ")");
    }
  }

  /** Reads a duration as it is written in the file: 500ms, 60s, 5m, 24h, 7d. */
  public static Optional<Duration> duration(String text) {
    return Settings.duration(text);
  }

  /** Where a graph's chain is kept: all that is needed to look at it or to restore from it. */
  public record ChainPlace(String graph, RepositoryConfig repository) {}

  /**
   * Reads no more of the configuration than the place of the chain. If graph and root are given,
   * the file need not be there.
   *
   * @param graph instead of the configuration's
   * @param root instead of the configuration's; relative to the current directory
   */
  public static ChainPlace chainPlace(
      Path file, Map<String, String> environment, Optional<String> graph, Optional<String> root) {
    Settings settings =
        graph.isPresent() && root.isPresent() && !Files.exists(file)
            ? Settings.ofEnvironment(environment)
            : Settings.read(file, environment);
    RepositoryConfig repository =
        root.isPresent()
            ? RepositorySettings.at(
                settings, RepositoryLocation.parse(root.get(), Path.of("").toAbsolutePath()))
            : RepositorySettings.of(settings);
    return new ChainPlace(graph.orElseGet(() -> settings.text(Key.GRAPH)), repository);
  }

  private static int compressionLevel(Settings settings) {
    int level = settings.number(Key.COMPACT_COMPRESSION_LEVEL, 1);
    if (level > COMPRESSION_LEVEL_MAX) {
      throw settings.invalid(
          Key.COMPACT_COMPRESSION_LEVEL, "a whole number, 1 to " + COMPRESSION_LEVEL_MAX);
    }
    return level;
  }

  /** Reads no more than the further repositories; the file need not be there. */
  public static Map<String, RepositoryConfig> copies(Path file, Map<String, String> environment) {
    return RepositorySettings.copies(
        Files.exists(file)
            ? Settings.read(file, environment)
            : Settings.ofEnvironment(environment));
  }

  private static Source source(Settings settings, String graph) {
    String given = settings.text(Key.SOURCE_URI);
    String uri = given.startsWith(AGE + ":") ? given.substring(AGE.length() + 1) : given;
    boolean postgresql = uri.startsWith(POSTGRESQL);
    String type =
        settings.optional(Key.SOURCE_TYPE).isPresent()
            ? settings.oneOf(Key.SOURCE_TYPE, NEO4J, AGE)
            : postgresql ? AGE : NEO4J;
    Optional<String> user =
        Optional.of(
                settings
                    .optional(Key.SOURCE_USER)
                    .orElse(type.equals(AGE) ? AgeSettings.DEFAULT_USER : NEO4J))
            .filter(name -> !name.equals("none"));
    Optional<String> password =
        user.isEmpty()
            ? Optional.empty()
            : settings.secret(Key.SOURCE_PASSWORD, Key.SOURCE_PASSWORD_FILE);
    if (type.equals(AGE)) {
      return age(settings, uri, user, password, graph);
    }
    if (!uri.matches("(bolt|neo4j)(\\+s|\\+ssc)?://[^/@\\s]+/?")) {
      throw settings.invalid(Key.SOURCE_URI, "such as bolt://localhost:7687, without a password");
    }
    return new Neo4j(uri, user, password, settings.text(Key.SOURCE_DATABASE));
  }

  private static Source age(
      Settings settings,
      String uri,
      Optional<String> user,
      Optional<String> password,
      String graph) {
    AgeSettings usual;
    try {
      usual =
          AgeSettings.of(uri, user, password, settings.optional(Key.SOURCE_GRAPH).orElse(graph));
    } catch (IllegalArgumentException e) {
      throw settings.invalid(
          Key.SOURCE_URI, "such as postgresql://localhost:5432/database, without a password");
    }
    try {
      return new Age(
          settings.optional(Key.SOURCE_SLOT).map(usual::withSlot).orElse(usual),
          settings
              .optional(Key.SOURCE_HELD_BACK_LIMIT)
              .map(text -> settings.bytes(Key.SOURCE_HELD_BACK_LIMIT)));
    } catch (IllegalArgumentException e) {
      throw settings.invalid(Key.SOURCE_SLOT, "made of a-z, 0-9 and _, at most 63 of them");
    }
  }

  private static Kafka kafka(Settings settings, String graph) {
    String bootstrap = settings.text(Key.KAFKA_BOOTSTRAP);
    if (!bootstrap.matches("embedded|[^\\s,]+:\\d+(\\s*,\\s*[^\\s,]+:\\d+)*")) {
      throw settings.invalid(Key.KAFKA_BOOTSTRAP, "embedded, or host:port,host:port");
    }
    boolean embedded = bootstrap.equals("embedded");
    Optional<Integer> replicas =
        settings.optional(Key.KAFKA_REPLICATION).isPresent()
            ? Optional.of(settings.number(Key.KAFKA_REPLICATION, 1))
            : embedded ? Optional.of(1) : Optional.empty();
    return new Kafka(
        embedded ? Optional.empty() : Optional.of(bootstrap),
        new TopicSpecs(
            new Topics(graph),
            settings.number(Key.KAFKA_PARTITIONS, 1),
            replicas,
            settings.duration(Key.KAFKA_COMPACTION_LAG),
            settings.oneOf(Key.KAFKA_COMPRESSION, "lz4", "zstd")),
        settings.path(Key.KAFKA_CLIENT_FILE).map(Config::properties).orElse(Map.of()));
  }

  private static Map<String, String> properties(Path file) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new VarveException(
          ExitCode.USAGE,
          "cannot read the Kafka client settings in " + file + ": " + e.getMessage(),
          "kafka.clientFile names a properties file such as kafka-console-consumer.sh takes",
          e);
    }
    Map<String, String> settings = new TreeMap<>();
    properties.stringPropertyNames().forEach(n -> settings.put(n, properties.getProperty(n)));
    return settings;
  }

  private static RegistryConfig registry(Settings settings) {
    return new RegistryConfig(
        settings.text(Key.REGISTRY_URL),
        settings.optional(Key.REGISTRY_USER),
        settings.secret(Key.REGISTRY_PASSWORD, Key.REGISTRY_PASSWORD_FILE),
        settings.path(Key.REGISTRY_TRUST_STORE),
        settings.secret(Key.REGISTRY_TRUST_STORE_PASSWORD, Key.REGISTRY_TRUST_STORE_PASSWORD_FILE),
        settings.truth(Key.REGISTRY_REGISTER).orElse(true));
  }
}
