package dev.varve.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What ends an incarnation of a site, and how the next one begins. */
final class IncarnationTest extends CaptureLab {

  @Test
  void otherStoreStopsCaptureUnlessItMayBeginAnIncarnation() {
    commit(20);
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    long lastOfFirst = store.lastSeq();
    commit(5);
    store.identity = "fake:restored";
    assertThatThrownBy(() -> Capture.start(config()))
        .isInstanceOfSatisfying(
            LogGapException.class,
            gap -> {
              assertThat(gap.reason()).isEqualTo(LogGapException.Reason.OTHER_STORE);
              assertThat(gap.hint()).contains("--new-incarnation");
            });
    try (Capture capture = Capture.start(config().withNewIncarnation(true))) {
      commit(5);
      awaitWatermark(capture, 2, store.lastSeq());
    }
    Captured found = read();
    assertGraph(found, 2);
    Site old = new Site("here", 1);
    assertThat(found.allChanges().stream().filter(c -> c.header().dot().site().incarnation() == 2))
        .isNotEmpty()
        .allSatisfy(
            c -> assertThat(c.header().seen()).isEqualTo(VersionVector.of(old, lastOfFirst)));
    List<Watermark> second =
        found.watermarks(0).stream().filter(w -> w.site().incarnation() == 2).toList();
    assertThat(second.get(0).replaces()).contains(old);
    assertThat(second.stream().skip(1)).allSatisfy(w -> assertThat(w.replaces()).isEmpty());
    assertThat(second.get(0).store()).isEqualTo("fake:restored");
  }

  @Test
  void promotedStoreGoesOnAndTheOneBeforeIsShutOut() {
    commit(20);
    FakeStore standby = new FakeStore(graph + "-standby");
    Capture old = Capture.start(config());
    try (old) {
      awaitWatermark(old, 1, store.lastSeq());
      long captured = store.lastSeq();
      Promotion promotion = promote(standby);
      assertThat(promotion.from().orElseThrow().seq()).isEqualTo(captured);
      commit(3); // the old primary does not know yet
      await(() -> old.failure().isPresent());
      assertThat(old.failure().orElseThrow()).satisfies(IncarnationTest::isFenced);
      assertThat(promote(standby)).as("done twice").isEqualTo(promotion);

      // whoever starts it again is refused before the promoted store's capture has begun, and after
      assertThatThrownBy(() -> Capture.start(config())).satisfies(IncarnationTest::isFenced);
      standby.commit(random, 5);
      standby.follows = true; // a promotion that was interrupted
      assertThatThrownBy(() -> Capture.start(config(standby)))
          .isInstanceOf(VarveException.class)
          .hasMessageContaining("it is a standby still");
      standby.follows = false;
      try (Capture promoted = Capture.start(config(standby))) {
        awaitWatermark(promoted, 2, standby.lastSeq());
        for (boolean newIncarnation : new boolean[] {false, true}) {
          assertThatThrownBy(() -> Capture.start(config().withNewIncarnation(newIncarnation)))
              .satisfies(IncarnationTest::isFenced)
              .hasMessageContaining(
                  standby.identity + " at bolt://" + standby.name + " is the primary");
        }
        standby.commit(random, 5);
        awaitWatermark(promoted, 2, standby.lastSeq());
        assertThat(promoted.failure()).isEmpty();
      }
      Captured found = read().checkOrder();
      assertThat(found.graph(new Site("here", 2))).isEqualTo(standby.graph());
      assertThat(found.watermark(new Site("here", 1))).isEqualTo(captured);
      assertThat(found.watermarks(0).stream().filter(w -> w.site().incarnation() == 2).findFirst())
          .hasValueSatisfying(w -> assertThat(w.replaces()).contains(new Site("here", 1)));
    }
    // what only the old one knows
    Succession succession =
        Succession.read(Map.of("bootstrap.servers", kafka.address()), graph, "here");
    CaptureState captured = succession.promotion().orElseThrow().from().orElseThrow();
    List<FakeStore.Committed> unseen =
        store.since(captured.seq()).stream().filter(t -> !t.changes().isEmpty()).toList();
    Remainder remainder = Remainder.read(store.source(Map.of()), captured, batch -> {});
    assertThat(unseen).isNotEmpty();
    assertThat(remainder)
        .isEqualTo(
            new Remainder(
                unseen.size(),
                unseen.stream().mapToLong(t -> t.changes().size()).sum(),
                OptionalLong.of(unseen.get(0).seq()),
                OptionalLong.of(unseen.get(unseen.size() - 1).seq())));
    assertThatThrownBy(() -> Remainder.read(standby.source(Map.of()), captured, batch -> {}))
        .isInstanceOf(LogGapException.class);
    // and back again
    assertThat(promote(store).former()).containsExactly(standby.identity);
  }

  private Promotion promote(FakeStore to) {
    return Succession.promote(
        Map.of("bootstrap.servers", kafka.address()),
        graph,
        "here",
        to.identity,
        "bolt://" + to.name,
        Clock.systemUTC());
  }

  private static void isFenced(Throwable e) {
    assertThat(e)
        .isInstanceOfSatisfying(
            VarveException.class, v -> assertThat(v.exitCode()).isEqualTo(ExitCode.FENCED));
  }

  @Test
  void prunedLogStopsCaptureUnlessItMayBeginAnIncarnation() {
    commit(5);
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    commit(5);
    store.prune();
    try (Capture capture = Capture.start(config())) {
      await(() -> capture.failure().isPresent());
      assertThat(capture.failure().orElseThrow())
          .isInstanceOfSatisfying(
              LogGapException.class,
              gap -> assertThat(gap.reason()).isEqualTo(LogGapException.Reason.PRUNED));
    }
    try (Capture capture = Capture.start(config().withNewIncarnation(true))) {
      commit(2);
      awaitWatermark(capture, 2, store.lastSeq());
      store.away = true; // and once more, while it runs
      commit(3);
      store.prune();
      store.away = false;
      awaitWatermark(capture, 3, store.lastSeq());
    }
    assertGraph(read(), 3);
  }

  @Test
  void transactionThatCannotBeReadStopsCaptureUnlessItMayBeginAnIncarnation() {
    commit(5);
    try (Capture capture = Capture.start(config())) {
      awaitWatermark(capture, 1, store.lastSeq());
    }
    store.rowChanges = 10;
    commit(20); // so that some rows come before it
    store.unreadable = store.commit(random, 1);
    try (Capture capture = Capture.start(config())) {
      await(() -> capture.failure().isPresent());
      assertThat(capture.failure().orElseThrow())
          .isInstanceOfSatisfying(
              LogGapException.class,
              gap -> assertThat(gap.reason()).isEqualTo(LogGapException.Reason.UNREADABLE));
    }
    try (Capture capture = Capture.start(config().withNewIncarnation(true))) {
      commit(2);
      awaitWatermark(capture, 2, store.lastSeq());
    }
    assertGraph(read(), 2);
  }

  @Test
  void whereKafkaWasLostTheIncarnationAfterTheOneThatIsLaidDownBegins() {
    commit(20);
    Site third = new Site("here", 3);
    VersionVector earlier = VersionVector.of(new Site("here", 2), 4);
    long laidDown = store.lastSeq();
    CaptureConfig config =
        config()
            .withLaidDown(
                () ->
                    Optional.of(
                        CaptureState.laidDown(third, store.identity, laidDown, 1, earlier)));
    commit(5); // what nobody has
    assertThatThrownBy(() -> Capture.start(config))
        .isInstanceOfSatisfying(
            LogGapException.class,
            gap -> {
              assertThat(gap.reason()).isEqualTo(LogGapException.Reason.KAFKA_LOST);
              assertThat(gap).hasMessageContaining("here@3 is laid down up to");
              assertThat(gap.hint()).contains("--new-incarnation --start-over");
            });
    try (Capture capture = Capture.start(config.withNewIncarnation(true))) {
      awaitWatermark(capture, 4, store.lastSeq());
    }
    try (Capture capture = Capture.start(config.withLaidDown(IncarnationTest::neverAsked))) {
      commit(5);
      awaitWatermark(capture, 4, store.lastSeq());
    }
    Captured found = read();
    assertGraph(found, 4);
    assertThat(found.allChanges())
        .allSatisfy(c -> assertThat(c.header().seen()).isEqualTo(earlier.with(third, laidDown)));
    assertThat(found.watermarks(0).get(0).replaces()).contains(third);
  }

  @Test
  void captureThatWasKilledBeforeItHadBegunAfterALossOfKafkaIsNotTakenForOneThatHad() {
    CaptureState known =
        CaptureState.laidDown(
            new Site("here", 1), store.identity, store.lastSeq(), 1, VersionVector.EMPTY);
    KafkaTopics.ensure(config().kafka(), config().topics());
    Succession.adopt(config(), known);
    try (Capture capture = Capture.start(config())) {
      await(() -> capture.failure().isPresent());
      assertThat(capture.failure().orElseThrow())
          .isInstanceOfSatisfying(
              LogGapException.class,
              gap -> assertThat(gap.reason()).isEqualTo(LogGapException.Reason.KAFKA_LOST));
    }
    try (Capture capture = Capture.start(config().withNewIncarnation(true))) {
      commit(2);
      awaitWatermark(capture, 2, store.lastSeq());
    }
    assertGraph(read(), 2);
  }

  private static Optional<CaptureState> neverAsked() {
    throw new AssertionError("Kafka knows the site");
  }
}
