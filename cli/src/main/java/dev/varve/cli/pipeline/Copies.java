package dev.varve.cli.pipeline;

import dev.varve.archive.Replicator;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cli.config.Config;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** The configured copies of a chain, each kept in step in the background. */
record Copies(List<Replicator> replicators) implements AutoCloseable {

  private static final Duration SELDOM = Duration.ofSeconds(30);

  Copies {
    replicators = List.copyOf(replicators);
  }

  static Copies start(Config config, Repository source) {
    Duration flush = config.compact().flushEvery();
    Duration interval = flush.compareTo(SELDOM) < 0 ? flush : SELDOM;
    return new Copies(
        config.copies().entrySet().stream()
            .map(
                copy ->
                    Replicator.start(
                        new Replicator.Settings(
                            copy.getKey(),
                            config.graph(),
                            config.data().resolve("copies").resolve(copy.getKey()),
                            interval),
                        source,
                        () -> Repositories.open(copy.getValue()),
                        Clock.systemUTC()))
            .toList());
  }

  /**
   * For people; empty if all is well.
   *
   * @param newest number of the chain's newest entry
   */
  String text(OptionalLong newest) {
    StringBuilder text = new StringBuilder();
    for (Replicator replicator : replicators) {
      Replicator.Status status = replicator.status();
      long behind = behind(status, newest);
      if (behind > 0 || status.trouble().isPresent()) {
        text.append(", copy ").append(status.name());
        text.append(behind > 0 ? " " + behind + " behind" : "");
        status.trouble().ifPresent(trouble -> text.append(" (").append(trouble).append(")"));
      }
    }
    return text.toString();
  }

  Map<String, Object> report(OptionalLong newest) {
    Map<String, Object> report = new LinkedHashMap<>();
    for (Replicator replicator : replicators) {
      Replicator.Status status = replicator.status();
      Map<String, Object> copy = new LinkedHashMap<>();
      copy.put("newest", status.newest().isPresent() ? status.newest().getAsLong() : null);
      copy.put("behind", behind(status, newest));
      copy.put("inStepAt", status.inStepAt().map(Object::toString).orElse(null));
      copy.put("entries", status.entries());
      copy.put("bytes", status.bytes());
      copy.put("trouble", status.trouble().orElse(null));
      report.put(status.name(), copy);
    }
    return report;
  }

  private static long behind(Replicator.Status status, OptionalLong newest) {
    return Math.max(0, newest.orElse(0) - status.newest().orElse(0));
  }

  @Override
  public void close() {
    replicators.forEach(Replicator::close);
  }
}
