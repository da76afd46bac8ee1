package dev.varve.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CaptureWatchTest {

  private static final CaptureWatch NEW = CaptureWatch.begin(Duration.ofSeconds(30));

  @Test
  void nothingIsKnownBeforeAnythingMoves() {
    assertThat(NEW.up(second(5))).isEmpty();
    assertThat(NEW.looked(7, second(5)).up(second(5))).isEmpty();
    assertThat(NEW.looked(7, second(5)).looked(7, second(20)).up(second(34))).isEmpty();
  }

  @Test
  void captureIsUpForAsLongAsItIsHeard() {
    CaptureWatch heard = NEW.looked(7, second(5)).looked(9, second(10));
    assertThat(heard.up(second(10))).hasValue(true);
    assertThat(heard.up(second(40))).hasValue(true);
    assertThat(heard.up(second(41))).hasValue(false);
    assertThat(heard.looked(10, second(60)).up(second(60))).hasValue(true);
  }

  @Test
  void captureThatWasNeverHeardIsDownAfterAWhile() {
    assertThat(NEW.looked(0, second(5)).up(second(36))).hasValue(false);
  }

  private static long second(int number) {
    return TimeUnit.SECONDS.toNanos(number) - TimeUnit.DAYS.toNanos(1); // as nanoTime may be
  }
}
