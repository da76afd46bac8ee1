package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Replicator;
import dev.varve.archive.Repository;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ReplicatorTest {

  @TempDir Path directory;
  private final Random random = new Random(1);
  private final RandomValues values = new RandomValues(random, false);

  @Test
  void aCopyFollowsTheChainAndCatchesUp() throws Exception {
    ChainLab lab = new ChainLab(directory);
    Repository copy = new DirectoryRepository(directory.resolve("copy"));
    AtomicBoolean reachable = new AtomicBoolean(true);
    Repository flaky =
        new CopyTest.Forwarding(copy) {
          @Override
          void call(String name, String key) throws IOException {
            if (!reachable.get()) {
              throw new IOException("unplugged");
            }
          }
        };
    try (Replicator replicator =
        Replicator.start(
            new Replicator.Settings(
                "second", ChainLab.GRAPH, directory.resolve("files"), Duration.ofMillis(5)),
            lab.repository(),
            () -> flaky,
            Clock.systemUTC())) {
      await(replicator, status -> status.inStepAt().isPresent()); // an empty chain is in step
      grow(lab);
      lab.base();
      await(replicator, status -> status.newest().orElse(0) == 1);
      reachable.set(false);
      grow(lab);
      lab.delta();
      await(replicator, status -> status.trouble().isPresent());
      assertThat(replicator.status().trouble().get()).contains("unplugged");
      grow(lab);
      lab.delta();
      reachable.set(true);
      await(replicator, status -> status.newest().orElse(0) == 3 && status.trouble().isEmpty());
      assertThat(replicator.status().entries()).isEqualTo(3);
    }
    assertThat(Verify.run(copy, ChainLab.GRAPH, Verify.Level.GRAPH, Progress.NONE).damage())
        .isEmpty();
    assertThat(directory.resolve("files")).doesNotExist();
  }

  @Test
  void aCopyThatIsAnotherChainIsTroubleAndLeftAlone() throws Exception {
    ChainLab lab = new ChainLab(directory);
    grow(lab);
    lab.base();
    ChainLab other = new ChainLab(directory.resolve("other"));
    grow(other);
    other.base();
    try (Replicator replicator =
        Replicator.start(
            new Replicator.Settings(
                "second", ChainLab.GRAPH, directory.resolve("files"), Duration.ofMillis(5)),
            lab.repository(),
            other::repository,
            Clock.systemUTC())) {
      await(replicator, status -> status.trouble().isPresent());
      assertThat(replicator.status().trouble().get()).contains("another one", "HINT");
    }
  }

  private void grow(ChainLab lab) {
    lab.tick(1000);
    lab.randomCommit(random, values);
  }

  private static void await(Replicator replicator, Predicate<Replicator.Status> reached)
      throws InterruptedException {
    while (!reached.test(replicator.status())) {
      Thread.sleep(2);
    }
  }
}
