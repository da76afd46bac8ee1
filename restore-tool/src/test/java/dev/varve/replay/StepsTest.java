package dev.varve.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.tail.Cut;
import dev.varve.tail.CutTracker;
import dev.varve.tail.Intake;
import dev.varve.tail.SortEntry;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.topology.ElementVersion;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * However the tables are read, in whatever steps they are applied and how often one begins anew:
 * after each step the standby is the graph at its cut. {@code -Dvarve.seed=...} varies it.
 */
class StepsTest {

  private static final int RUNS = 120;

  private final long seed = Long.getLong("varve.seed", 5);

  @TempDir Path directory;
  private int[] lastOutcomes = new int[0];

  @Test
  void oneSite() throws IOException {
    int[] outcomes = new int[4];
    for (int run = 0; run < RUNS; run++) {
      replay(seed + run, 1);
      for (int i = 0; i < outcomes.length; i++) {
        outcomes[i] += lastOutcomes[i];
      }
    }
    assertThat(outcomes).as("published, failed, unsure, given up").doesNotContain(0);
  }

  @Test
  void twoSitesThatWriteTheSameElements() throws IOException {
    int undecided = 0;
    for (int run = 0; run < RUNS; run++) {
      undecided += replay(seed + run, 2);
    }
    assertThat(undecided).as("cuts that had to wait").isPositive();
  }

  /** Whoever begins anew between them has the older of two versions before the newer is read. */
  @Test
  void whatIsAppliedAndStandsBehindWhatIsNot() throws IOException {
    for (long known : new long[] {2031, 60014}) {
      replay(known, 2);
    }
  }

  @Test
  void threeSites() throws IOException {
    for (int run = 0; run < RUNS; run++) {
      replay(seed + run, 3);
    }
  }

  /** Reads the tables as the follower does, from where the standby says. */
  private final class Reading {
    final FakeTables tables;
    final Pending pending;
    final CutTracker tracker;
    final Applier applier;
    final VersionVector start;
    final int[] next;
    final int[] farthest;
    final VersionCodec codec = new VersionCodec();

    /**
     * @param ends how far the tables have come
     */
    Reading(FakeStandby standby, Random random, int[] ends) {
      tables = standby.tables;
      pending = new Pending(directory, 1 << 16, random.nextInt(2) == 0 ? Long.MAX_VALUE : 0);
      Backlog.Limits limits = new Backlog.Limits(1 + random.nextInt(8), Long.MAX_VALUE);
      applier =
          new Applier(
              standby,
              standby.reached,
              Passage.into(standby.claim(""), Optional.empty()),
              pending,
              limits,
              new Window(standby, 1 + random.nextInt(4), Duration.ofMillis(5)),
              Boundary.NONE,
              Clock.systemUTC());
      start = standby.reached.vector();
      List<Manifest.Position> positions = standby.reached.positions();
      long[] there = Arrays.stream(ends).asLongStream().toArray();
      tracker = CutTracker.resumed(tables.places, positions, applier.cut(), there);
      next = positions.stream().mapToInt(position -> (int) position.offset()).toArray();
      farthest = ends.clone();
    }

    boolean read(int place) {
      if (next[place] >= tables.rows.get(place).size()) {
        return false;
      }
      int offset = next[place]++;
      FakeTables.Row row = tables.rows.get(place).get(offset);
      if (row instanceof FakeTables.Row.Mark mark) {
        tracker.watermark(place, offset, mark.watermark());
      } else if (row instanceof FakeTables.Row.Tx tx) {
        var t = tx.transaction();
        long ordinal =
            tracker.version(
                place, offset, new CutTracker.Stamp(t.site(), t.seq(), t.committedAtMicros()));
        pending.transaction(
            new Origin(place, offset, ordinal),
            t,
            new Intake.Body(new byte[0], 0, 0),
            start.covers(t.site(), t.seq()));
      } else if (row instanceof FakeTables.Row.Version found) {
        version(place, offset, found.version());
      }
      tracker.passed(place, next[place]);
      farthest[place] = Math.max(farthest[place], next[place]);
      return true;
    }

    private void version(int place, int offset, ElementVersion version) {
      var header = version.header();
      long ordinal =
          tracker.version(
              place,
              offset,
              new CutTracker.Stamp(
                  header.dot().site(), header.dot().seq(), header.committedAtMicros()));
      AvroOutput out = new AvroOutput();
      codec.write(version, out);
      pending.version(
          version.id().kind() == ElementKind.VERTEX ? SortEntry.VERTEX : SortEntry.EDGE,
          version.id().id(),
          new Origin(place, offset, ordinal),
          header,
          new Intake.Body(out.array(), 0, out.length()),
          start.covers(header.dot()));
    }

    boolean step() {
      return applier.step(Goal.ofTables(tracker.cut(), tables.places.size(), this::positions));
    }

    private List<Manifest.Position> positions(Cut cut, Optional<Origin>[] firstUncovered) {
      List<Manifest.Position> positions = new ArrayList<>();
      for (int place = 0; place < tables.places.size(); place++) {
        Origin origin = tracker.position(place, cut.vector(), firstUncovered[place].orElse(null));
        positions.add(
            new Manifest.Position(
                tables.places.get(place).topic(),
                Optional.empty(),
                tables.places.get(place).partition(),
                origin.offset(),
                origin.ordinal()));
      }
      return positions;
    }
  }

  /** Returns how often a cut could not be applied. */
  private int replay(long runSeed, int sites) throws IOException {
    try {
      return replay(new Random(runSeed), sites);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("repeat with -Dvarve.seed=" + runSeed + ", sites " + sites, e);
    }
  }

  private int replay(Random random, int sites) throws IOException {
    FakeTables tables = new FakeTables(random, sites, 5 + random.nextInt(60));
    FakeStandby standby = new FakeStandby(tables);
    Reading reading = new Reading(standby, random, new int[tables.places.size()]);
    int undecided = 0;
    boolean end = false;
    while (!end) {
      int place = random.nextInt(tables.places.size());
      for (int i = random.nextInt(12); i > 0; i--) {
        reading.read(place);
      }
      end = true;
      for (int p = 0; p < tables.places.size(); p++) {
        end &= reading.next[p] >= tables.rows.get(p).size();
      }
      if (end || random.nextInt(3) > 0) {
        while (reading.step() && (end || random.nextInt(4) > 0)) {
          // as far as it goes, or not
        }
        reading.applier.letGo();
        undecided +=
            reading
                    .applier
                    .status(ReplayStatus.Phase.FOLLOWING, Optional.empty())
                    .trouble()
                    .isPresent()
                ? 1
                : 0;
      }
      if (!end && random.nextInt(20) == 0) {
        reading.applier.close();
        reading.pending.close();
        reading = new Reading(standby, random, reading.farthest);
      }
    }
    reading.applier.close();
    reading.pending.close();
    lastOutcomes = standby.outcomes;
    assertThat(standby.reached.vector().includes(tables.end())).as("all is applied").isTrue();
    assertThat(standby.reached.settled()).isTrue();
    assertThat(standby.graph).isEqualTo(tables.at(tables.end()));
    return undecided;
  }
}
