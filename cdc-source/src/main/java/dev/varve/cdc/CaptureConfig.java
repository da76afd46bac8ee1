package dev.varve.cdc;

import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What to capture, and where to.
 *
 * @param source the store
 * @param site the name of this place where the graph is written, without its incarnation
 * @param kafka settings of Kafka clients; {@code bootstrap.servers} is needed
 * @param registry where schemas are registered
 * @param topics what the graph's topics are like; names the graph too
 * @param newIncarnation whether a store whose identity changed, or whose log was pruned before it
 *     was read, is scanned afresh as the next incarnation of the site; otherwise capture stops
 * @param retryLimit how long the store or the brokers may be out of reach while capture runs
 * @param startLimit how long the store may be out of reach when capture starts
 * @param heartbeat how often Debezium's heartbeat is written; zero for never
 * @param laidDown what of the site is laid down elsewhere; asked only where Kafka knows nothing of
 *     the site: it was lost then, if anything is
 */
public record CaptureConfig(
    CaptureSource source,
    String site,
    Map<String, String> kafka,
    RegistryConfig registry,
    TopicSpecs topics,
    boolean newIncarnation,
    Duration retryLimit,
    Duration startLimit,
    Duration heartbeat,
    Supplier<Optional<CaptureState>> laidDown) {

  private static final Duration RETRY_LIMIT = Duration.ofMinutes(10);
  private static final Duration START_LIMIT = Duration.ofSeconds(15);

  public CaptureConfig {
    kafka = Map.copyOf(kafka);
    if (!kafka.containsKey("bootstrap.servers")) {
      throw new IllegalArgumentException(
          "kafka must name bootstrap.servers, got " + kafka.keySet());
    }
    if (!site.matches("[A-Za-z0-9._-]+")) {
      throw new IllegalArgumentException(
          "site must be letters, digits, '.', '-' or '_', got '" + site + "'");
    }
  }

  /** With the usual limits, without heartbeats, and stopping where the log has a gap. */
  public static CaptureConfig of(
      CaptureSource source,
      String site,
      Map<String, String> kafka,
      RegistryConfig registry,
      TopicSpecs topics) {
    return new CaptureConfig(
        source,
        site,
        kafka,
        registry,
        topics,
        false,
        RETRY_LIMIT,
        START_LIMIT,
        Duration.ZERO,
        Optional::empty);
  }

  public CaptureConfig withNewIncarnation(boolean allowed) {
    return new CaptureConfig(
        source,
        site,
        kafka,
        registry,
        topics,
        allowed,
        retryLimit,
        startLimit,
        heartbeat,
        laidDown);
  }

  public CaptureConfig withLimits(Duration retry, Duration start) {
    return new CaptureConfig(
        source, site, kafka, registry, topics, newIncarnation, retry, start, heartbeat, laidDown);
  }

  public CaptureConfig withHeartbeat(Duration interval) {
    return new CaptureConfig(
        source,
        site,
        kafka,
        registry,
        topics,
        newIncarnation,
        retryLimit,
        startLimit,
        interval,
        laidDown);
  }

  public CaptureConfig withLaidDown(Supplier<Optional<CaptureState>> elsewhere) {
    return new CaptureConfig(
        source,
        site,
        kafka,
        registry,
        topics,
        newIncarnation,
        retryLimit,
        startLimit,
        heartbeat,
        elsewhere);
  }

  CaptureName name() {
    return new CaptureName(topics.topics().graph(), site);
  }
}
