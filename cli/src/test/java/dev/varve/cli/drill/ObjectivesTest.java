package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a drill has to come to. */
final class ObjectivesTest {

  private static final Outcome.Rpo THREE_LOST =
      new Outcome.Rpo(Optional.of(3L), Optional.of(300L), Optional.of(0.4));

  @Test
  void whatIsWithinIsMet() {
    Outcome judged = judge("10s", "3", outcome(Optional.of(9.9), THREE_LOST));
    assertThat(judged.missed()).isEmpty();
    assertThat(judged.good()).isTrue();
  }

  @Test
  void whatIsBeyondIsMissed() {
    Outcome judged = judge("10s", "2", outcome(Optional.of(10.1), THREE_LOST));
    assertThat(judged.missed())
        .containsExactly("RTO 10.1 s, allowed are 10.0 s", "RPO 3 transactions, allowed are 2");
    assertThat(judged.good()).isFalse();
    assertThat(judge("1m", "300ms", outcome(Optional.of(1.0), THREE_LOST)).missed())
        .containsExactly("RPO 0.4 s, allowed are 0.3 s");
  }

  @Test
  void whatIsNotKnownIsMissed() {
    Outcome judged = judge("10s", "0", outcome(Optional.empty(), Outcome.Rpo.UNKNOWN));
    assertThat(judged.missed()).hasSize(2).allMatch(missed -> missed.contains("not known"));
    assertThat(judged.object().get("rtoSeconds")).as("absent, not 0").isNull();
    assertThat(judged.object().get("rpoTransactions")).as("absent, not 0").isNull();
  }

  @Test
  void whatIsNotPossibleIsNeitherMissedNorGood() {
    Outcome judged =
        judge("10s", "0", with(new Outcome.NotPossible("no right to mount"), Optional.empty()));
    assertThat(judged.missed()).isEmpty();
    assertThat(judged.good()).isFalse();
    assertThat(judged.object()).containsEntry("ended", "not possible here");
    assertThat(HtmlReport.page("g", Map.of(), List.of(judged))).contains("no right to mount");
  }

  @Test
  void whatFailedOrDiffersIsNotGood() {
    assertThat(with(new Outcome.Failed("it broke"), Optional.of(true)).good()).isFalse();
    assertThat(with(new Outcome.Measured(), Optional.of(false)).good()).isFalse();
    assertThat(with(new Outcome.Measured(), Optional.empty()).good())
        .as("nobody compared")
        .isFalse();
  }

  @Test
  void lagCountsWhatWasAcknowledged() {
    List<Load.Acknowledged> missing =
        List.of(
            new Load.Acknowledged(7, 1_000_000_000L, Instant.EPOCH, 100, "a"),
            new Load.Acknowledged(8, 1_500_000_000L, Instant.EPOCH, 50, "a"));
    assertThat(Behind.Lag.of(missing, 3_000_000_000L)).isEqualTo(new Behind.Lag(2, 150, 2.0));
    assertThat(Behind.Lag.of(List.of(), 3_000_000_000L)).isEqualTo(Behind.Lag.NONE);
  }

  private static Outcome judge(String rto, String rpo, Outcome outcome) {
    return Objectives.parse(Optional.of(rto), Optional.of(rpo)).judge(outcome);
  }

  private static Outcome outcome(Optional<Double> rto, Outcome.Rpo rpo) {
    return outcome(new Outcome.Measured(), rto, rpo, Optional.of(true));
  }

  private static Outcome with(Outcome.Ending ending, Optional<Boolean> equal) {
    return outcome(ending, Optional.empty(), Outcome.Rpo.UNKNOWN, equal);
  }

  private static Outcome outcome(
      Outcome.Ending ending, Optional<Double> rto, Outcome.Rpo rpo, Optional<Boolean> equal) {
    return new Outcome(
        "test", Instant.EPOCH, ending, rto, rpo, equal, List.of(), List.of(), Map.of(), List.of());
  }
}
