package dev.varve.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.observe.Verdict.Heard;
import dev.varve.observe.Verdict.State;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class VerdictTest {

  private static final SortedSet<String> THREE = new TreeSet<>(List.of("a", "b", "c"));
  private static final Duration COUNTS = Duration.ofSeconds(20);
  private static final long NOW = 1_000_000;

  @Test
  void twoOfThreeDecide() {
    assertThat(verdict(THREE, Map.of("a", up(0), "b", down(0), "c", down(0))).state())
        .isEqualTo(State.DOWN);
    assertThat(verdict(THREE, Map.of("a", up(0), "b", up(0), "c", down(0))).state())
        .isEqualTo(State.UP);
  }

  @Test
  void minorityThatIsCutOffFromTheOthersDecidesNothing() {
    Verdict alone = verdict(THREE, Map.of("a", down(0), "b", up(30_000), "c", up(30_000)));
    assertThat(alone.state()).isEqualTo(State.UNDECIDED);
    assertThat(alone.silent()).containsExactly("b", "c");
  }

  @Test
  void halfIsNoMajority() {
    SortedSet<String> four = new TreeSet<>(List.of("a", "b", "c", "d"));
    Map<String, Heard> heard = Map.of("a", down(0), "b", down(0), "c", up(0), "d", up(0));
    assertThat(verdict(four, heard).state()).isEqualTo(State.UNDECIDED);
  }

  @Test
  void whoIsNoMemberHasNoVote() {
    Map<String, Heard> heard = Map.of("a", down(0), "b", up(0), "x", down(0), "y", down(0));
    assertThat(verdict(THREE, heard).state()).isEqualTo(State.UNDECIDED);
  }

  @Test
  void oneOfOneDecides() {
    assertThat(verdict(new TreeSet<>(List.of("a")), Map.of("a", down(0))).state())
        .isEqualTo(State.DOWN);
  }

  /** Whatever each of two groups that do not hear each other hears, they never contradict. */
  @Test
  void twoSidesOfAPartitionNeverBothDecide() {
    long seed = Long.getLong("varve.seed", 17);
    System.out.println("-Dvarve.seed=" + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      SortedSet<String> members = new TreeSet<>();
      int size = 1 + random.nextInt(7);
      Map<String, Heard> one = new HashMap<>();
      Map<String, Heard> other = new HashMap<>();
      for (int i = 0; i < size; i++) {
        String member = "m" + i;
        members.add(member);
        (random.nextBoolean() ? one : other).put(member, random.nextBoolean() ? up(0) : down(0));
      }
      List<State> states = List.of(verdict(members, one).state(), verdict(members, other).state());
      assertThat(states).as("round %d of seed %d", round, seed).contains(State.UNDECIDED);
    }
  }

  @Test
  void captureIsJudgedByItself() {
    Sighting captureDown =
        new Sighting("x", "store", true, 0, Optional.empty(), Optional.of(false));
    Sighting notKnown = new Sighting("x", "store", true, 0, Optional.empty(), Optional.empty());
    Verdict two =
        verdict(
            THREE,
            Map.of(
                "a", new Heard(captureDown, NOW),
                "b", new Heard(captureDown, NOW),
                "c", new Heard(notKnown, NOW)));
    assertThat(two.state()).isEqualTo(State.UP);
    assertThat(two.capture()).isEqualTo(State.DOWN);
    Verdict one =
        verdict(
            THREE,
            Map.of(
                "a", new Heard(captureDown, NOW),
                "b", new Heard(notKnown, NOW),
                "c", up(0)));
    assertThat(one.capture()).isEqualTo(State.UNDECIDED);
  }

  @Test
  void storeIsDownAfterSoManyFailuresInARowAndUpAfterOneAnswer() {
    Watch watch = Watch.begin(Pace.USUAL);
    assertThat(watch.pause()).isEqualTo(Duration.ofSeconds(5));
    watch = watch.failed("refused").failed("refused");
    assertThat(watch.up()).isTrue();
    assertThat(watch.pause()).isEqualTo(Duration.ofMillis(500));
    watch = watch.succeeded().failed("refused").failed("refused");
    assertThat(watch.up()).isTrue();
    watch = watch.failed("no answer");
    assertThat(watch.up()).isFalse();
    assertThat(watch.pause()).isEqualTo(Duration.ofSeconds(5));
    Sighting seen = watch.sighting("a", "bolt://x:7687", Optional.empty());
    assertThat(seen)
        .isEqualTo(
            new Sighting(
                "a", "bolt://x:7687", false, 3, Optional.of("no answer"), Optional.empty()));
    assertThat(Sighting.of("a", seen.toJson())).isEqualTo(seen);
    assertThat(watch.succeeded().up()).isTrue();
  }

  private static Verdict verdict(SortedSet<String> members, Map<String, Heard> heard) {
    return Verdict.of(members, heard, NOW, COUNTS);
  }

  private static Heard up(long ageMs) {
    return new Heard(
        new Sighting("x", "store", true, 0, Optional.empty(), Optional.of(true)), NOW - ageMs);
  }

  private static Heard down(long ageMs) {
    return new Heard(
        new Sighting("x", "store", false, 3, Optional.of("refused"), Optional.of(false)),
        NOW - ageMs);
  }
}
