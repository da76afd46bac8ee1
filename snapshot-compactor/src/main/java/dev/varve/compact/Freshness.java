package dev.varve.compact;

import dev.varve.archive.Manifest;
import dev.varve.archive.Orphans;
import dev.varve.archive.Repository;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;

/**
 * How long ago the making of a checkpoint or merge began. Files that no entry names are removed
 * when they are {@link Orphans#AGE} old; whoever took half that time no longer publishes an entry
 * that names some. Two clocks are asked, because one may stand still while the machine sleeps and
 * the other may be set.
 */
final class Freshness {

  private static final Duration LIMIT = Orphans.AGE.dividedBy(2);

  private final Clock clock;
  private final Instant began;
  private final long beganNanos = System.nanoTime();

  Freshness(Clock clock) {
    this.clock = clock;
    this.began = clock.instant();
  }

  /**
   * Comes before each attempt to publish.
   *
   * @throws IOException if it has taken too long
   */
  void check() throws IOException {
    Duration wall = Duration.between(began, clock.instant());
    Duration running = Duration.ofNanos(System.nanoTime() - beganNanos);
    Duration taken = wall.compareTo(running) > 0 ? wall : running;
    if (taken.compareTo(LIMIT) > 0) {
      throw new IOException(
          "it took %d h, longer than the %d h in which its files are sure to be kept"
              .formatted(taken.toHours(), LIMIT.toHours()));
    }
  }

  /**
   * Comes after publishing.
   *
   * @throws IOException if a file of the snapshot is not there
   */
  static void confirm(Repository repository, Manifest manifest) throws IOException {
    for (Manifest.StoredObject object : manifest.objects()) {
      OptionalLong there = repository.sizeBytes(object.key());
      if (there.isEmpty() || there.getAsLong() != object.bytes()) {
        throw new IOException(
            "%s is published, but its %s is not there".formatted(manifest.key(), object.key()));
      }
    }
  }
}
