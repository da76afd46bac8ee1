package dev.varve.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;

/** Which store may be captured, by what the offsets topic says. */
class SuccessionTest {

  private static final CaptureState FIRST =
      StatePlan.first("here", "a", new LogHead("10", Optional.of(10L), 0));
  private static final CaptureState SECOND =
      StatePlan.next(FIRST, "b", new LogHead("3", Optional.of(3L), 0));
  private static final Instant AT = Instant.parse("2026-11-26T03:00:00Z");
  private static final Optional<Promotion> TO_B =
      Optional.of(Promotion.to("b", "bolt://b", Optional.empty(), Optional.of(FIRST), AT));

  @Test
  void withoutPromotionTheCapturedStoreIsThePrimary() {
    assertThat(new Succession(Optional.empty(), Optional.empty()).admits("a", false)).isFalse();
    Succession captured = new Succession(Optional.of(FIRST), Optional.empty());
    assertThat(captured.admits("a", false)).isFalse();
    assertThatThrownBy(() -> captured.admits("b", false)).isInstanceOf(LogGapException.class);
    assertThat(captured.admits("b", true)).isFalse();
  }

  @Test
  void promotedStoreBeginsTheNextIncarnationOnce() {
    assertThat(new Succession(Optional.of(FIRST), TO_B).admits("b", false)).isTrue();
    assertThat(new Succession(Optional.of(SECOND), TO_B).admits("b", false)).isFalse();
  }

  @Test
  void storeThatWasReplacedIsNotAdmittedWhateverAnOperatorSays() {
    for (CaptureState state : List.of(FIRST, SECOND)) {
      for (boolean newIncarnation : new boolean[] {false, true}) {
        refused(new Succession(Optional.of(state), TO_B), "a", newIncarnation)
            .hasMessageContaining(
                "b at bolt://b is the primary since it was promoted at 2026-11-26T03:00");
      }
    }
  }

  @Test
  void noOtherStoreIsAdmittedBeforeThePromotedOneHasBegun() {
    refused(new Succession(Optional.of(FIRST), TO_B), "c", true);
    refused(new Succession(Optional.empty(), TO_B), "c", true);
  }

  @Test
  void promotedStoreThatWasRestoredIsANewIncarnationIfAnOperatorSaysSo() {
    Succession begun = new Succession(Optional.of(SECOND), TO_B);
    assertThatThrownBy(() -> begun.admits("c", false)).isInstanceOf(LogGapException.class);
    assertThat(begun.admits("c", true)).isFalse();
  }

  @Test
  void promotionBackLetsTheOldPrimaryInAgain() {
    Optional<Promotion> back =
        Optional.of(Promotion.to("a", "bolt://a", TO_B, Optional.of(SECOND), AT));
    assertThat(back.orElseThrow().former()).containsExactly("b");
    Succession succession = new Succession(Optional.of(SECOND), back);
    assertThat(succession.admits("a", false)).isTrue();
    refused(succession, "b", true);
  }

  @Test
  void promotionIsReadAsItWasWritten() {
    Promotion promotion = TO_B.orElseThrow();
    OffsetCodec codec = new OffsetCodec();
    assertThat(Promotion.fromMap(codec.readValue(codec.value(promotion.toMap()))))
        .isEqualTo(promotion);
    Promotion ofNothing = new Promotion("b", "bolt://b", Optional.empty(), List.of(), AT);
    assertThat(Promotion.fromMap(codec.readValue(codec.value(ofNothing.toMap()))))
        .isEqualTo(ofNothing);
  }

  private static AbstractThrowableAssert<?, ?> refused(
      Succession succession, String store, boolean newIncarnation) {
    return assertThatThrownBy(() -> succession.admits(store, newIncarnation))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
  }
}
