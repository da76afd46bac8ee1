package dev.varve.cli.config;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every key that a configuration may have. The environment variable of {@code compact.flushEvery}
 * is {@code VARVE_COMPACT_FLUSH_EVERY}.
 */
public enum Key {
  GRAPH(
      "graph", null, "the graph's name: names the topics and the chain; letters, digits, - and _"),
  SITE(
      "site",
      null,
      "the name of this place where the graph is written; the kind of store, if not said"),
  DATA("data", "varve-data", "working files: embedded Kafka, the fold's state"),

  SOURCE_TYPE(
      "source.type", null, "the kind of store: neo4j or age; what source.uri says, if not said"),
  SOURCE_URI(
      "source.uri",
      null,
      "where the store is reached: bolt://localhost:7687, postgresql://localhost:5432/database"),
  SOURCE_USER(
      "source.user",
      null,
      "who logs in; neo4j or varve, if not said; 'none' for a store without authentication"),
  SOURCE_PASSWORD("source.password", null, "the password; in the environment only"),
  SOURCE_PASSWORD_FILE("source.passwordFile", null, "a file that holds the password"),
  SOURCE_DATABASE("source.database", "neo4j", "neo4j: which database of the server"),
  SOURCE_GRAPH("source.graph", null, "age: the graph's name there; that of 'graph', if not said"),
  SOURCE_SLOT(
      "source.slot",
      null,
      "age: the replication slot and publication; varve_<database>_<graph>, if not said"),
  SOURCE_HELD_BACK_LIMIT(
      "source.heldBackLimit",
      null,
      "age: past half of so much log held back, info, doctor and up say so; the server's own limit,"
          + " if not said"),

  KAFKA_BOOTSTRAP("kafka.bootstrap", "embedded", "embedded, or host:port,host:port"),
  KAFKA_PARTITIONS("kafka.partitions", "4", "partitions of the topics; fixed once they exist"),
  KAFKA_REPLICATION(
      "kafka.replicationFactor",
      null,
      "replicas of each topic; 1 if embedded, else 3 as far as there are brokers"),
  KAFKA_COMPACTION_LAG(
      "kafka.compactionLag",
      "7d",
      "how long compact may be down before the tables' history is thinned out"),
  KAFKA_COMPRESSION("kafka.compression", "lz4", "lz4 or zstd"),
  KAFKA_CLIENT_FILE(
      "kafka.clientFile", null, "a properties file of client settings, such as security"),

  REGISTRY_URL("registry.url", "embedded", "embedded, or http(s)://…; may be written registry: …"),
  REGISTRY_REGISTER(
      "registry.register",
      "true",
      "whether schemas are registered that the registry lacks; false: somebody does so beforehand"),
  REGISTRY_USER("registry.user", null, "who logs in to the registry"),
  REGISTRY_PASSWORD("registry.password", null, "the password; in the environment only"),
  REGISTRY_PASSWORD_FILE("registry.passwordFile", null, "a file that holds the password"),
  REGISTRY_TRUST_STORE("registry.trustStore", null, "certificates to trust, a PKCS12 or JKS file"),
  REGISTRY_TRUST_STORE_PASSWORD(
      "registry.trustStorePassword", null, "its password; in the environment only"),
  REGISTRY_TRUST_STORE_PASSWORD_FILE(
      "registry.trustStorePasswordFile", null, "a file that holds its password"),

  REPOSITORY_ROOT(
      "repository.root", null, "where the chains are kept: a directory, or s3://bucket/prefix"),
  REPOSITORY_ENDPOINT(
      "repository.endpoint", null, "the object store, such as https://s3.example.com; if not AWS"),
  REPOSITORY_REGION("repository.region", null, "the bucket's region; for AWS also from AWS_REGION"),
  REPOSITORY_PATH_STYLE(
      "repository.pathStyle",
      null,
      "whether requests name the bucket in the path; true where there is an endpoint"),
  REPOSITORY_ACCESS_KEY(
      "repository.accessKey",
      null,
      "the access key; if not said, AWS's environment, profile, container or machine gives one"),
  REPOSITORY_SECRET_KEY("repository.secretKey", null, "its secret key; in the environment only"),
  REPOSITORY_SECRET_KEY_FILE("repository.secretKeyFile", null, "a file that holds its secret key"),
  REPOSITORY_CA_FILE(
      "repository.caFile", null, "certificates that the store's is checked against, a PEM file"),
  REPOSITORY_BANDWIDTH(
      "repository.bandwidth", null, "so much a second at most, each way, such as 20MiB"),
  REPOSITORY_PART_SIZE(
      "repository.partSize", "16MiB", "longer files go up in parts of this length; 5MiB or more"),
  REPOSITORY_KEY("repository.key", null, "what it is encrypted under; in the environment only"),
  REPOSITORY_KEY_FILE("repository.keyFile", null, "a file that holds that key"),
  REPOSITORY_KEY_COMMAND("repository.keyCommand", null, "a command line that prints that key"),

  CAPTURE_RETRY_FOR(
      "capture.retryFor", "10m", "how long the store or Kafka may be out of reach before it ends"),
  CAPTURE_HEARTBEAT(
      "capture.heartbeat", "5s", "how often it says that it is at work where nothing else happens"),

  FOLD_STORE("fold.store", "heap", "where digests are kept: heap (150 B an element) or rocksdb"),
  FOLD_ROCKS_MEMORY("fold.rocksMemory", "128MiB", "memory for rocksdb, beside the heap"),
  FOLD_THREADS("fold.threads", "1", "threads that fold"),
  FOLD_COMMIT(
      "fold.commitEvery", "1s", "how often the fold commits; less is sooner, more is cheaper"),
  FOLD_INSTANCE("fold.instance", null, "this fold's name where several run; keep it over restarts"),

  COMPACT_FLUSH_EVERY("compact.flushEvery", "60s", "how often a delta is laid down"),
  COMPACT_FLUSH_BYTES("compact.flushBytes", "1GiB", "or sooner, when so much has come"),
  COMPACT_SEGMENT_BYTES("compact.segmentBytes", "32MiB", "how long a segment gets"),
  COMPACT_MEMORY("compact.memory", "64MiB", "what is sorted on the heap; the rest in files"),
  COMPACT_CHECKPOINT_EVERY(
      "compact.checkpointEvery", "24h", "how often base and deltas are merged into a new base"),
  COMPACT_MERGE_EVERY("compact.mergeEvery", "10m", "how often to look for deltas to merge"),
  COMPACT_MERGE_SPAN(
      "compact.mergeSpan", "1h", "deltas of such a span are merged, every version kept"),
  COMPACT_MERGE_BYTES("compact.mergeBytes", "256MiB", "how long such a merged delta gets"),
  COMPACT_KEEP_FINE(
      "compact.keepFine", "7d", "how long every transaction can be restored, if anything expires"),
  COMPACT_THIN_TO(
      "compact.thinTo", "24h", "what is older can be restored to one moment in such a span"),
  COMPACT_COMPRESSION_LEVEL(
      "compact.compressionLevel",
      "1",
      "zstd level of segments, 1 to 19; more is smaller and slower"),
  COMPACT_KEEP_CHAINS(
      "compact.keepChains",
      null,
      "how many of the newest chains are kept; all, if keepFor is not set either"),
  COMPACT_KEEP_FOR(
      "compact.keepFor", null, "how far back can be restored, such as 30d; longer if keepChains"),
  COMPACT_UPLOAD_AGE(
      "compact.uploadAge",
      "2d",
      "how old an upload in parts gets that nobody ends before expire gives it up; 1h or more"),
  COMPACT_HEAVY_WORK(
      "compact.heavyWork",
      null,
      "when merging and expiring may begin, as in cron: 0-59 1-5 * * *; always if not set"),
  COMPACT_HEAVY_WORK_ZONE("compact.heavyWorkZone", "UTC", "the time zone of compact.heavyWork"),

  OBSERVE_NAME("observe.name", null, "this observer's name; the machine's, if not said"),
  OBSERVE_MEMBERS(
      "observe.members",
      null,
      "names of all observers that have a vote, with commas; this one alone, if not said"),
  OBSERVE_EVERY("observe.every", "5s", "how often an observer looks at the store"),
  OBSERVE_TIMEOUT("observe.timeout", "2s", "how long it waits for an answer"),
  OBSERVE_RETRIES("observe.retries", "3", "how many looks in a row have to fail"),
  OBSERVE_CAPTURE_SILENCE(
      "observe.captureSilence",
      "30s",
      "how long nothing may come from capture, not even a heartbeat, until it counts as down"),
  OBSERVE_ON_DOWN(
      "observe.onDown",
      null,
      "a command line that runs when a majority of the observers sees the store down"),
  OBSERVE_ON_CAPTURE_DOWN(
      "observe.onCaptureDown",
      null,
      "a command line that runs when a majority sees the store up and its capture down"),
  OBSERVE_LISTEN(
      "observe.listen",
      null,
      "where an observer tells over HTTP which store is the primary, such as 0.0.0.0:7490"),

  PROMOTE_QUIESCE(
      "promote.quiesce",
      null,
      "what stops writes to the old primary before a planned promotion: a command line or a URL"),
  PROMOTE_FENCE(
      "promote.fence", null, "what shuts the old primary off for good: a command line or a URL"),
  PROMOTE_REROUTE(
      "promote.reroute", null, "what leads clients to the new primary: a command line or a URL"),
  PROMOTE_ANNOUNCE(
      "promote.announce", null, "a file that names the primary, written anew at each promotion"),
  PROMOTE_DRAIN_FOR(
      "promote.drainFor",
      "60s",
      "how long the standby may take to come to the end of what is known"),
  PROMOTE_HOOK_TIMEOUT("promote.hookTimeout", "30s", "how long each of these may take"),
  ;

  static final String ENVIRONMENT_PREFIX = "VARVE_";

  /** What the paths of a repository's keys begin with. */
  static final String REPOSITORY = "repository.";

  private final String path;
  private final Optional<String> defaultText;
  private final String description;

  Key(String path, @Nullable String defaultText, String description) {
    this.path = path;
    this.defaultText = Optional.ofNullable(defaultText);
    this.description = description;
  }

  /** As in the file, parts joined by dots. */
  public String path() {
    return path;
  }

  public Optional<String> defaultText() {
    return defaultText;
  }

  public String description() {
    return description;
  }

  /** The variable that overrides it. */
  public String environment() {
    return environment(path);
  }

  static String environment(String path) {
    return ENVIRONMENT_PREFIX
        + path.replace('-', '_')
            .replaceAll("([a-z])([A-Z])", "$1_$2")
            .replace('.', '_')
            .toUpperCase(Locale.ROOT);
  }

  /** Whether it may stand in the file. */
  public boolean inFile() {
    return !secret();
  }

  /** Whether it may not stand in a file that others read. */
  boolean secret() {
    return path.endsWith("assword") || path.endsWith("secretKey") || this == REPOSITORY_KEY;
  }

  /** The keys of a repository: those of a copy are called the same. */
  static Stream<Key> ofRepository() {
    return Arrays.stream(values()).filter(key -> key.path.startsWith(REPOSITORY));
  }

  static Optional<Key> of(String path) {
    return Arrays.stream(values()).filter(key -> key.path.equals(path)).findFirst();
  }

  /** The keys that begin with this path and a dot and may stand in the file. */
  static List<String> section(String path) {
    return Arrays.stream(values())
        .filter(key -> key.inFile() && key.path.startsWith(path + "."))
        .map(Key::path)
        .toList();
  }

  /** Whether keys begin with this path and a dot. */
  static boolean isSection(String path) {
    return Arrays.stream(values()).anyMatch(key -> key.path.startsWith(path + "."));
  }

  /** The key or section that looks most like it. */
  static String nearest(String path) {
    return Stream.concat(candidates().stream(), Stream.of(Settings.COPIES))
        .min(Comparator.comparingInt((String known) -> distance(known, path)))
        .orElseThrow();
  }

  private static List<String> candidates() {
    return Arrays.stream(values())
        .flatMap(
            key -> {
              int dot = key.path.indexOf('.');
              return dot < 0
                  ? Stream.of(key.path)
                  : Stream.of(key.path.substring(0, dot), key.path);
            })
        .distinct()
        .toList();
  }

  /** How many letters have to be changed, added or left out. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
