package dev.varve.compact;

import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.tail.Insistence;
import dev.varve.tail.Retry;
import dev.varve.tail.WorkDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * What whoever makes snapshots works with.
 *
 * @param directory for files that are being written and for sort runs
 * @param segmentBytes a segment is closed when it is this long, after compression
 * @param sortBytes memory for sorting; what does not fit is sorted in files
 * @param writer who says so in the manifests
 */
record Workbench(
    Repository repository,
    Publisher publisher,
    Path directory,
    long segmentBytes,
    long sortBytes,
    Manifest.Writer writer,
    Clock clock,
    RandomGenerator random) {

  /** What is done with a workbench. */
  interface Work<T> {
    T run(Workbench bench) throws IOException;
  }

  /**
   * Does some work in a process that has no compactor.
   *
   * @param what it makes, in one word
   * @throws VarveException if it cannot be done
   */
  static <T> T aside(String what, Repository repository, Work<T> work) {
    Insistence insistence = new Insistence(Retry.USUAL, "make room, then start again");
    try {
      Path parent = Files.createTempDirectory("varve-" + what);
      try (WorkDirectory directory = WorkDirectory.claim(parent, "compact-")) {
        return work.run(
            new Workbench(
                repository,
                new Publisher(repository, insistence),
                directory.path(),
                CompactConfig.DEFAULT_SEGMENT_BYTES,
                CompactConfig.DEFAULT_SORT_BYTES,
                writer(what),
                Clock.systemUTC(),
                new SecureRandom()));
      } finally {
        Files.deleteIfExists(parent);
      }
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "no " + what + " was made: " + e,
          "check the repository and the room for temporary files; the chain is as it was",
          e);
    }
  }

  /** Names a run of this program. */
  static Manifest.Writer writer(String what) {
    String version = Workbench.class.getPackage().getImplementationVersion();
    return new Manifest.Writer(
        what + "-" + UUID.randomUUID(), version == null ? "development" : version);
  }

  /**
   * Publishes a checkpoint or merge behind whatever is newest.
   *
   * @throws IOException if it took so long that its files may be gone
   */
  Manifest publishBehind(Manifest made, Freshness freshness) throws IOException {
    freshness.check();
    Manifest published = (Manifest) publisher.publishBehind(made).entry();
    Freshness.confirm(repository, published);
    return published;
  }
}
