package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.DirectoryRepository;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a store or a chain holds of what was acknowledged. */
final class WrittenTest {

  private static final Map<Long, Long> NEW_PRIMARY = Map.of(0L, 1L, 1L, 1L, 4L, 1L);

  @TempDir private Path directory;

  @Test
  void lostIsWhatTheOldPrimaryAcknowledgedAndTheNewOneLacks() {
    Trial trial = new Trial("pair", "it breaks", Clock.systemUTC());
    trial.begin(5_000_000_000L);
    List<Load.Acknowledged> acknowledged =
        List.of(by("old", 0), by("old", 1), by("old", 2), by("old", 3), by("new", 4), by("new", 5));
    assertThat(new Written(NEW_PRIMARY).lost(trial, acknowledged, "old")).containsOnly(2L, 3L);
    assertThat(trial.outcome(new Outcome.Measured()).rpo())
        .isEqualTo(new Outcome.Rpo(Optional.of(2L), Optional.of(200L), Optional.of(3.0)));
  }

  @Test
  void whatIsMissingOrTwiceIsNamed() {
    assertThatCode(() -> new Written(NEW_PRIMARY).requireOnce("store", LongStream.of(0, 1, 4)))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> new Written(NEW_PRIMARY).requireOnce("store", LongStream.of(1, 2)))
        .hasMessage("the store holds transaction 2, which was acknowledged, 0 times");
    assertThatThrownBy(() -> new Written(Map.of(7L, 2L)).requireOnce("store", LongStream.of(7)))
        .hasMessageContaining("transaction 7, which was acknowledged, 2 times");
  }

  @Test
  void chainHoldsWhatWasAcknowledgedBeforeTheLogEndedWhereItReaches() {
    AtomicInteger acknowledged = new AtomicInteger(3);
    AtomicLong log = new AtomicLong(10);
    Marks marks =
        new Marks(
            new ChainEnd(new DirectoryRepository(directory), "orders"),
            acknowledged::get,
            log::get);
    marks.note();
    acknowledged.set(5);
    log.set(20);
    marks.note();
    assertThat(marks.reached(9)).isZero();
    assertThat(marks.reached(19)).isEqualTo(3);
    assertThat(marks.reached(20)).isEqualTo(5);
    assertThat(marks.reached(30)).as("no more is known").isEqualTo(5);
  }

  private static Load.Acknowledged by(String address, long number) {
    return new Load.Acknowledged(number, number * 1_000_000_000L, Instant.EPOCH, 100, address);
  }
}
