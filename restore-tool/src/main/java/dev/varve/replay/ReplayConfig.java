package dev.varve.replay;

import dev.varve.archive.Repository;
import dev.varve.restore.Moment;
import dev.varve.tail.Retry;
import dev.varve.wire.RegistryConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How a replay runs.
 *
 * @param graph which graph
 * @param kafka settings of Kafka's clients, {@code bootstrap.servers} among them; absent if there
 *     is none any more, and the chain is all there is
 * @param registry where the schemas are
 * @param repository where the chain is
 * @param workDirectory for what is sorted and does not fit into memory
 * @param follow whether to go on when all is applied that there was at the beginning
 * @param until where to stop; {@link Moment.Latest} for nowhere
 * @param delay how far to stay behind, by commit times; zero for not at all
 * @param overwrite whether to begin anew, removing what is in the store
 * @param limits how much is applied at once
 * @param sortBytes memory for sorting
 * @param kafkaPatience after how long without an answer from Kafka to look into the chain
 * @param chainEvery how often to look there
 * @param chainPatience how long to wait until the chain holds a converted standby's cut, to compare
 *     it
 * @param retry how to meet what fails for a while
 */
public record ReplayConfig(
    String graph,
    Optional<Map<String, String>> kafka,
    RegistryConfig registry,
    Repository repository,
    Path workDirectory,
    boolean follow,
    Moment until,
    Duration delay,
    boolean overwrite,
    Limits limits,
    long sortBytes,
    Duration kafkaPatience,
    Duration chainEvery,
    Duration chainPatience,
    Retry retry) {

  /**
   * How much is applied in one transaction of the store; a single transaction of the source that
   * has more is applied by itself.
   *
   * @param bytes of encoded versions
   * @param writers how many such transactions may be written at the same time, if they have nothing
   *     in common
   */
  public record Limits(long versions, long bytes, int writers) {
    public static final Limits USUAL = new Limits(20_000, 16L << 20, 4);

    public Limits(long versions, long bytes) {
      this(versions, bytes, USUAL.writers);
    }

    public Limits withWriters(int number) {
      return new Limits(versions, bytes, number);
    }

    public Limits {
      if (writers < 1) {
        throw new IllegalArgumentException("writers must be > 0, got " + writers);
      }
      if (versions < 1 || bytes < 1) {
        throw new IllegalArgumentException(
            "versions and bytes must be > 0, got " + versions + " and " + bytes);
      }
    }
  }

  private static final Duration CHAIN_PATIENCE = Duration.ofMinutes(3);

  /** With the usual settings. */
  public static ReplayConfig of(
      String graph,
      Optional<Map<String, String>> kafka,
      RegistryConfig registry,
      Repository repository,
      Path workDirectory) {
    return new ReplayConfig(
        graph,
        kafka,
        registry,
        repository,
        workDirectory,
        false,
        new Moment.Latest(),
        Duration.ZERO,
        false,
        Limits.USUAL,
        32L << 20,
        Duration.ofSeconds(10),
        Duration.ofSeconds(5),
        CHAIN_PATIENCE,
        Retry.USUAL);
  }

  /** Where and when to stop; see the record's parameters. */
  public ReplayConfig to(boolean following, Moment moment, Duration behind) {
    return new ReplayConfig(
        graph,
        kafka,
        registry,
        repository,
        workDirectory,
        following,
        moment,
        behind,
        overwrite,
        limits,
        sortBytes,
        kafkaPatience,
        chainEvery,
        chainPatience,
        retry);
  }

  public ReplayConfig withOverwrite(boolean anew) {
    return new ReplayConfig(
        graph,
        kafka,
        registry,
        repository,
        workDirectory,
        follow,
        until,
        delay,
        anew,
        limits,
        sortBytes,
        kafkaPatience,
        chainEvery,
        chainPatience,
        retry);
  }

  public ReplayConfig withLimits(Limits other) {
    return new ReplayConfig(
        graph,
        kafka,
        registry,
        repository,
        workDirectory,
        follow,
        until,
        delay,
        overwrite,
        other,
        sortBytes,
        kafkaPatience,
        chainEvery,
        chainPatience,
        retry);
  }

  /** With patience for a chain that is laid down so often: the standby is ahead of it by that. */
  public ReplayConfig withFlushEvery(Duration flushEvery) {
    Duration twice = flushEvery.multipliedBy(2);
    return withChainPatience(twice.compareTo(CHAIN_PATIENCE) > 0 ? twice : CHAIN_PATIENCE);
  }

  ReplayConfig withChainPatience(Duration patience) {
    return new ReplayConfig(
        graph,
        kafka,
        registry,
        repository,
        workDirectory,
        follow,
        until,
        delay,
        overwrite,
        limits,
        sortBytes,
        kafkaPatience,
        chainEvery,
        patience,
        retry);
  }

  /** Without the values of Kafka's settings, which may be secret. */
  @Override
  public String toString() {
    return "ReplayConfig[" + graph + ", repository " + repository.location() + "]";
  }
}
