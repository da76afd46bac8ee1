package dev.varve.cli.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.observe.Verdict;
import dev.varve.observe.Verdict.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnDownTest {

  private static final Duration SOON = Duration.ofMillis(20);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path directory;

  @Test
  void runsOnceEachTimeThatTheStoreGoesDown() throws Exception {
    try (OnDown store = onDown(OnDown.Of.STORE, "true")) {
      store.accept(verdict(State.UP, State.UP));
      store.accept(verdict(State.DOWN, State.UP));
      store.accept(verdict(State.UNDECIDED, State.DOWN));
      store.accept(verdict(State.DOWN, State.DOWN));
      await(store, "ended well");
      assertThat(runs()).isEqualTo(1);
      store.accept(verdict(State.UP, State.UP));
      store.accept(verdict(State.DOWN, State.UP));
      await(() -> runs() == 2);
    }
  }

  @Test
  void runsAgainWhileItFailsAndTheStoreIsDown() throws Exception {
    try (OnDown store = onDown(OnDown.Of.STORE, "test $(wc -c < runs) -ge 3")) {
      store.accept(verdict(State.DOWN, State.UP));
      await(store, "ended well");
      assertThat(runs()).isEqualTo(3);
    }
  }

  @Test
  void whatIsDoneWithProblemsIsDone() throws Exception {
    try (OnDown store = onDown(OnDown.Of.STORE, "exit 3")) {
      store.accept(verdict(State.DOWN, State.UP));
      await(store, "ended with 3");
      Thread.sleep(10 * SOON.toMillis());
      assertThat(runs()).isEqualTo(1);
    }
  }

  @Test
  void gaveUpAfterTenTries() throws Exception {
    try (OnDown store = onDown(OnDown.Of.STORE, "false")) {
      store.accept(verdict(State.DOWN, State.UP));
      await(() -> runs() == 10);
      Thread.sleep(10 * SOON.toMillis());
      assertThat(runs()).isEqualTo(10);
      assertThat(store.text()).contains("observe.onDown failed: it ended with 1");
    }
  }

  @Test
  void doesNotRunAgainWhenTheStoreIsUp() throws Exception {
    try (OnDown store = onDown(OnDown.Of.STORE, "touch ran; sleep 0.3; false")) {
      store.accept(verdict(State.DOWN, State.UP));
      await(() -> Files.exists(directory.resolve("ran")));
      store.accept(verdict(State.UP, State.UP));
      await(store, "ended with 1");
      Thread.sleep(10 * SOON.toMillis());
      assertThat(runs()).isEqualTo(1);
    }
  }

  @Test
  void captureIsNotDownByItselfWhenTheStoreIs() throws Exception {
    try (OnDown capture = onDown(OnDown.Of.CAPTURE, "true")) {
      capture.accept(verdict(State.DOWN, State.DOWN));
      capture.accept(verdict(State.UNDECIDED, State.DOWN));
      Thread.sleep(10 * SOON.toMillis());
      assertThat(runs()).isZero();
      capture.accept(verdict(State.UP, State.DOWN));
      await(capture, "observe.onCaptureDown ended well");
    }
  }

  /** Each run leaves a character in a file. */
  private OnDown onDown(OnDown.Of of, String line) {
    return new OnDown(
        of, Optional.of("cd '" + directory + "'; printf x >> runs; " + line), "orders", SOON);
  }

  private long runs() throws IOException {
    Path runs = directory.resolve("runs");
    return Files.exists(runs) ? Files.size(runs) : 0;
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(OnDown onDown, String text) throws Exception {
    await(() -> onDown.text().contains(text));
  }

  private static void await(Condition condition) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited in vain").isLessThan(end);
      Thread.sleep(SOON.toMillis());
    }
  }

  private static Verdict verdict(State store, State capture) {
    return new Verdict(store, List.of(), Map.of("here", "no answer"), List.of(), capture);
  }
}
