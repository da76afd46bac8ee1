package dev.varve.observe;

import java.util.Optional;

/**
 * What one observer makes of its looks: down after so many failures in a row, up after the first
 * that succeeds. Pure.
 *
 * @param failures in a row
 * @param trouble of the last look
 */
record Watch(Pace pace, int failures, Optional<String> trouble) {

  static Watch begin(Pace pace) {
    return new Watch(pace, 0, Optional.empty());
  }

  Watch succeeded() {
    return begin(pace);
  }

  Watch failed(String why) {
    return new Watch(pace, failures + 1, Optional.of(why));
  }

  boolean up() {
    return failures < pace.retries();
  }

  /** How long until the next look. */
  java.time.Duration pause() {
    return up() && failures > 0 ? pace.retryPause() : pace.interval();
  }

  Sighting sighting(String observer, String store, Optional<Boolean> captureUp) {
    return new Sighting(observer, store, up(), failures, trouble, captureUp);
  }
}
