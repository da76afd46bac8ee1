package dev.varve.cli.drill;

import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a drill has to come to.
 *
 * @param rto how long it may take at most
 * @param rpoTransactions how many transactions may be lost at most
 * @param rpoTime how old the newest commit that comes back may be
 */
public record Objectives(
    Optional<Duration> rto, Optional<Long> rpoTransactions, Optional<Duration> rpoTime) {

  private static final double MILLIS_A_SECOND = 1e3;

  /**
   * Reads them.
   *
   * @param rto a duration, such as 30m
   * @param rpo a number of transactions, such as 0, or a duration, such as 90s
   * @throws VarveException with {@link ExitCode#USAGE} if one is neither
   */
  public static Objectives parse(Optional<String> rto, Optional<String> rpo) {
    Optional<Long> transactions =
        rpo.filter(text -> text.matches("[0-9]{1,18}")).map(Long::parseLong);
    return new Objectives(
        rto.map(text -> duration("--rto", text)),
        transactions,
        transactions.isPresent() ? Optional.empty() : rpo.map(text -> duration("--rpo", text)));
  }

  private static Duration duration(String option, String text) {
    return Config.duration(text)
        .orElseThrow(
            () ->
                new VarveException(
                    ExitCode.USAGE,
                    "cannot read " + option + " '" + text + "'",
                    option.equals("--rto")
                        ? "write a number and a unit, as 30s, 15m, 1h"
                        : "write a number of transactions, as 0, or a duration, as 90s"));
  }

  /** An outcome with what it misses. What is not known does not meet an objective. */
  public Outcome judge(Outcome outcome) {
    if (outcome.ending() instanceof Outcome.NotPossible) {
      return outcome;
    }
    List<String> missed = new ArrayList<>();
    rto.ifPresent(
        limit -> {
          if (outcome.rtoSeconds().isEmpty()) {
            missed.add("RTO is not known");
          } else if (outcome.rtoSeconds().get() > seconds(limit)) {
            missed.add(late("RTO", outcome.rtoSeconds().get(), limit));
          }
        });
    rpoTransactions.ifPresent(
        limit -> {
          if (outcome.rpo().transactions().isEmpty()) {
            missed.add("RPO in transactions is not known: the store does not answer");
          } else if (outcome.rpo().transactions().get() > limit) {
            missed.add(
                String.format(
                    Locale.ROOT,
                    "RPO %d transactions, allowed are %d",
                    outcome.rpo().transactions().get(),
                    limit));
          }
        });
    rpoTime.ifPresent(
        limit -> {
          if (outcome.rpo().seconds().isEmpty()) {
            missed.add("RPO in seconds is not known");
          } else if (outcome.rpo().seconds().get() > seconds(limit)) {
            missed.add(late("RPO", outcome.rpo().seconds().get(), limit));
          }
        });
    return outcome.missing(missed);
  }

  private static String late(String what, double seconds, Duration limit) {
    return String.format(
        Locale.ROOT, "%s %.1f s, allowed are %.1f s", what, seconds, seconds(limit));
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / MILLIS_A_SECOND;
  }
}
