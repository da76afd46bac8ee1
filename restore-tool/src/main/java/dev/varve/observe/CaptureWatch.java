package dev.varve.observe;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What one observer makes of capture: whatever it does ends with a record in the offsets topic, a
 * heartbeat at least, so it is down when the end of that topic has not moved for long. Pure; knows
 * no clock but the observer's own, and only how far that has gone.
 *
 * @param end of the offsets topic, when it was last looked at
 * @param sinceNanos when that was seen first
 * @param moved whether it has ever moved
 */
record CaptureWatch(Duration silence, OptionalLong end, long sinceNanos, boolean moved) {

  static CaptureWatch begin(Duration silence) {
    return new CaptureWatch(silence, OptionalLong.empty(), 0, false);
  }

  CaptureWatch looked(long newEnd, long nowNanos) {
    if (end.isPresent() && end.getAsLong() == newEnd) {
      return this;
    }
    return new CaptureWatch(silence, OptionalLong.of(newEnd), nowNanos, end.isPresent());
  }

  /** Whether it is at work; absent as long as that cannot be told. */
  Optional<Boolean> up(long nowNanos) {
    if (end.isEmpty()) {
      return Optional.empty();
    }
    if (nowNanos - sinceNanos > silence.toNanos()) {
      return Optional.of(false);
    }
    return moved ? Optional.of(true) : Optional.empty();
  }
}
