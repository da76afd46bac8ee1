package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Orphans;
import dev.varve.archive.SegmentReader;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.topology.ElementVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compactors, merges, checkpoints, marks and expiry beside each other on a repository that fails in
 * every way that there is, in an order that a seed decides. After each step: the chain verifies,
 * nothing that was acknowledged is lost, no moment goes that a policy does not let go, and what is
 * restored is what was.
 *
 * <p>Permitted faults: calls that fail before or after their effect, lost answers, death on either
 * side of a call, throttling, delays, reads that are cut off, break off or have a bit flipped, a
 * repository whose clock is wrong, our own clock being wrong. Not permitted: that an object which
 * was created is later gone or another; that a list lacks what was created.
 */
class ChainSchedulesTest {

  @TempDir Path directory;

  @Test
  void whatIsKeptIsRestoredAsItWas() throws Exception {
    schedules(ChainRun.FIRST_SEED, ChainRun.SEEDS, false);
  }

  /** Two sites that write without having seen each other; stores are replaced now and then. */
  @Test
  void whatTwoSitesWroteIsRestoredAsItWas() throws Exception {
    schedules(ChainRun.FIRST_SEED, ChainRun.SEEDS, true);
  }

  /** The copy was so late that all it held had expired. */
  @Test
  void seed9067899() throws Exception {
    schedules(9067899, 1, false);
  }

  /** A copy was cut off, and what it had of an entry expired before it was carried on. */
  @Test
  void seed200011() throws Exception {
    schedules(200011, 1, false);
  }

  private void schedules(long first, int count, boolean twoSites) throws Exception {
    System.out.println("-Dvarve.seed=" + first + " -Dvarve.seeds=" + count);
    int conflicts = 0;
    for (long seed = first; seed < first + count; seed++) {
      Path place = directory.resolve((twoSites ? "two-" : "one-") + seed);
      try (ChainRun run = new ChainRun(seed, place)) {
        new Schedule(run, twoSites).go(ChainRun.STEPS);
        conflicts += run.lab.graph.conflicts;
      } catch (Exception | AssertionError e) {
        throw new AssertionError("-Dvarve.seed=" + seed + " -Dvarve.seeds=1", e);
      }
    }
    assertThat(conflicts > 0).as("%d conflicts", conflicts).isEqualTo(twoSites);
  }

  private static final class Schedule {
    private final ChainRun run;
    private final Random random;
    private final boolean twoSites;

    Schedule(ChainRun run, boolean twoSites) {
      this.run = run;
      this.random = run.random;
      this.twoSites = twoSites;
    }

    void go(int steps) throws Exception {
      run.lab.graph.scan(20);
      if (twoSites) {
        run.lab.graph.join();
      }
      run.faultRate = random.nextInt(4) * 0.02;
      for (int step = 0; step < steps; step++) {
        run.truth.advance(Duration.ofMinutes(random.nextInt(600)));
        step();
        if (step % 10 == 9) {
          check();
        }
      }
      run.faultRate = 0;
      run.expire();
      check();
      assertNothingExpiredIsLeft();
      run.far.advance(Orphans.AGE.plusMinutes(1));
      run.lab.graph.change(1, 4); // something that is copied later than what was left
      run.writers.clear(); // none that has slept
      run.layDown(0);
      run.copy();
      checkCopy();
    }

    private void step() throws Exception {
      switch (random.nextInt(15)) {
        case 0, 1, 2, 3, 4, 5 -> {
          run.lab.graph.change(1 + random.nextInt(4), 4);
          run.layDown(random.nextInt(2));
        }
        case 6 -> {
          if (twoSites && random.nextBoolean()) {
            run.lab.graph.replaceStore(3);
          }
          run.layDown(random.nextInt(2));
        }
        case 7, 8 -> run.merge();
        case 9 -> run.checkpoint();
        case 10 -> run.mark();
        case 11 -> run.unmark();
        case 12 -> run.expire();
        case 13 -> run.copy();
        default -> run.writers.clear(); // all compactors are killed
      }
      run.verify();
    }

    /** The copy is a chain, and holds what the first one does. */
    private void checkCopy() throws Exception {
      if (run.load().links().isEmpty()) {
        return; // nothing was ever laid down
      }
      assertThat(Chain.load(run.far, Lab.GRAPH)).as("%s", run.log).isEqualTo(run.load());
      assertThat(run.far.list("")).as("%s", run.log).containsExactlyElementsOf(namedObjects());
      Restored.check(run.far, Lab.GRAPH, run.lab.graph);
    }

    private Set<String> namedObjects() throws IOException {
      Chain chain = run.load();
      Set<String> named = new TreeSet<>(run.truth.list(Keys.manifests(Lab.GRAPH)));
      chain.links().stream()
          .flatMap(link -> link.manifest().objects().stream())
          .forEach(object -> named.add(object.key()));
      return named;
    }

    private void assertNothingExpiredIsLeft() throws IOException {
      Optional<Ledger> ledger = run.load().ledger();
      for (String key : run.truth.list(Keys.manifests(Lab.GRAPH))) {
        long number = Keys.manifestNumber(key).orElseThrow();
        assertThat(ledger.isPresent() && ledger.get().isExpired(number)).as(key).isFalse();
      }
    }

    private void check() throws Exception {
      run.check();
      if (twoSites) {
        checkBetween();
      }
    }

    /** Moments at which one site is further than the other was when it wrote that. */
    private void checkBetween() throws IOException {
      for (Chain.Stretch stretch : run.load().stretches()) {
        List<ElementVersion> versions = new ArrayList<>(versions(stretch.base()));
        for (Chain.Link step : stretch.deltas()) {
          versions.addAll(versions(step));
          if (step.manifest().kind().everyMoment()) {
            VersionVector moment = between(step.manifest());
            assertThat(Restored.at(versions, moment))
                .as("%s: %s", moment, run.log)
                .isEqualTo(run.lab.graphAt(moment));
          }
        }
      }
    }

    private VersionVector between(Manifest step) {
      VersionVector moment = step.from();
      for (Map.Entry<Site, Long> site : step.to().seqs().entrySet()) {
        long from = step.from().seqs().getOrDefault(site.getKey(), 0L);
        long at = from + random.nextLong(site.getValue() - from + 1);
        moment = at > 0 ? moment.with(site.getKey(), at) : moment;
      }
      return moment;
    }

    private List<ElementVersion> versions(Chain.Link link) throws IOException {
      List<ElementVersion> versions = new ArrayList<>();
      for (Manifest.Segment segment : link.manifest().segments()) {
        try (SegmentReader reader = SegmentReader.open(run.truth, segment)) {
          while (reader.next()) {
            versions.add(reader.version());
          }
        }
      }
      return versions;
    }
  }
}
