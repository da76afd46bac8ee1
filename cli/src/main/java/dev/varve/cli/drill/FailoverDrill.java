package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries scenarios on pairs that are made for it and thrown away. Whatever happens, also when this
 * process is told to end, everything that was started is ended and its directory removed.
 */
public final class FailoverDrill implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FailoverDrill.class);
  private static final Duration SETTLE_WITHIN = Duration.ofMinutes(2);

  /**
   * What is to be done.
   *
   * @param home where Varve is installed
   * @param directory is there, empty, and this drill's own
   * @param observeTimeout how long observers wait for an answer
   * @param keep whether it stays
   */
  public record Setting(
      Path home,
      Path directory,
      List<Scenario> scenarios,
      double writesPerSecond,
      long seed,
      Duration observeTimeout,
      boolean keep) {
    public Setting {
      scenarios = List.copyOf(scenarios);
      if (!(writesPerSecond > 0)) {
        throw new IllegalArgumentException("writesPerSecond must be > 0, got " + writesPerSecond);
      }
    }
  }

  /**
   * Who watches.
   *
   * @param doing what is going on
   * @param done what one scenario came to
   */
  public record Audience(Consumer<String> doing, Consumer<Outcome> done) {}

  private final Setting setting;
  private final Clock clock;
  private final Random random;
  private final Thread hook = new Thread(this::end, "drill-end");
  private final List<Outcome> outcomes = new ArrayList<>();
  private @Nullable Pair pair; // guarded by this
  private boolean over; // guarded by this
  private int pairs;

  public FailoverDrill(Setting setting, Clock clock) {
    this.setting = setting;
    this.clock = clock;
    this.random = new Random(setting.seed());
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** How the drill was set up, for whoever reads its figures. */
  public Map<String, String> described() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("writes a second", String.format(Locale.ROOT, "%.0f", setting.writesPerSecond()));
    all.put("seed", Long.toString(setting.seed()));
    all.put("observers", Pair.OBSERVERS.size() + ", one of which promotes");
    all.putAll(pace());
    all.put("compact.flushEvery", Pair.FLUSH_EVERY);
    all.put("brokers", Brokers.COUNT + ", replication 3, of which 2 have to be in sync");
    all.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    all.put("Java of every process", Installation.JAVA_OPTIONS + " -Xmx" + Installation.HEAP);
    return all;
  }

  /** Observers look more often than by default, see docs/failover.md. */
  private Map<String, String> pace() {
    Map<String, String> pace = new TreeMap<>();
    pace.put("VARVE_OBSERVE_EVERY", "1s");
    pace.put("VARVE_OBSERVE_TIMEOUT", setting.observeTimeout().toMillis() + "ms");
    pace.put("VARVE_OBSERVE_RETRIES", "3");
    return pace;
  }

  /** Tries all of them; what each came to. */
  public List<Outcome> run(Audience audience) throws IOException {
    List<Scenario> possible = new ArrayList<>();
    Optional<String> noDisk =
        setting.scenarios().stream().anyMatch(one -> one.need() == Scenario.Need.SMALL_DISK)
            ? SmallDisk.refused(setting.directory().resolve("tried"))
            : Optional.empty();
    for (Scenario scenario : setting.scenarios()) {
      if (scenario.need() == Scenario.Need.SMALL_DISK && noDisk.isPresent()) {
        add(audience, untried(scenario, new Outcome.NotPossible(noDisk.get())));
      } else {
        possible.add(scenario);
      }
    }
    for (Schedule.Stay stay : Schedule.of(possible).stays()) {
      Deque<Scenario> left = new ArrayDeque<>(stay.scenarios());
      while (!left.isEmpty()) {
        stay(audience, stay.need(), left);
      }
    }
    return List.copyOf(outcomes);
  }

  /** One pair, for as long as it is of use. */
  private void stay(Audience audience, Scenario.Need need, Deque<Scenario> left)
      throws IOException {
    Path directory =
        Files.createDirectories(setting.directory().resolve("pair-" + ++pairs)).toAbsolutePath();
    Pair begun =
        began(
            new Pair(
                new Pair.Setting(
                    new Installation(setting.home()),
                    new Layout(directory, need),
                    setting.writesPerSecond(),
                    setting.seed(),
                    pace(),
                    random.nextInt(Brokers.COUNT))));
    try {
      begun.start(audience.doing());
      boolean sound = true;
      while (sound && !left.isEmpty()) {
        Scenario scenario = left.remove();
        audience.doing().accept(scenario.name() + " …");
        Outcome outcome = tried(begun, scenario);
        add(audience, outcome);
        sound = outcome.ending() instanceof Outcome.Measured && !outcome.different();
      }
    } catch (IOException | RuntimeException e) {
      LOG.error("the pair could not be started", e);
      while (!left.isEmpty()) {
        add(
            audience,
            untried(
                left.remove(), new Outcome.Failed("the pair could not be started: " + words(e))));
      }
    } catch (InterruptedException e) {
      throw Trial.interrupted(e);
    } finally {
      begun.close();
      if (!setting.keep()) {
        remove(directory);
      }
    }
  }

  private Outcome tried(Pair on, Scenario scenario) throws InterruptedException {
    Trial trial = new Trial(scenario.name(), scenario.what(), clock);
    scenario.repeatedBy().ifPresent(command -> trial.fact("repeated by", command));
    try {
      long written = on.load().count();
      Trial.await("standby and chain follow", SETTLE_WITHIN, () -> on.behind().bothHold(written));
      if (scenario instanceof Scenario.PrimaryLost lost) {
        PromotionTrial.run(trial, on, lost);
      } else if (scenario instanceof Scenario.Trouble trouble) {
        TroubleTrial.run(trial, on, trouble);
      } else if (scenario instanceof PlannedSwitch) {
        SwitchTrial.run(trial, on);
      } else if (scenario instanceof SiteLost) {
        SiteTrial.run(trial, on);
      } else if (scenario instanceof RandomRound round) {
        RoundTrial.run(trial, on, round);
      } else {
        DamageTrial.run(trial, on);
      }
      on.half()
          .ifPresent(
              seen -> {
                throw new VarveException(ExitCode.FAILED, seen, "this is a defect");
              });
      return outcome(trial, on, new Outcome.Measured());
    } catch (IOException | RuntimeException e) {
      LOG.error("{} failed", scenario.name(), e);
      return outcome(trial, on, new Outcome.Failed(words(e)));
    }
  }

  /** With what the supervisor did meanwhile. */
  private static Outcome outcome(Trial trial, Pair on, Outcome.Ending ending) {
    if (trial.faultNanos() != 0) {
      on.stages()
          .since(trial.faultNanos())
          .forEach(
              event -> trial.step("supervisor", event.atNanos(), event.atNanos(), event.text()));
    }
    return trial.outcome(ending);
  }

  private Outcome untried(Scenario scenario, Outcome.Ending ending) {
    return new Outcome(
        scenario.name(),
        clock.instant(),
        ending,
        Optional.empty(),
        Outcome.Rpo.UNKNOWN,
        Optional.empty(),
        List.of(),
        List.of(),
        Map.of(),
        List.of());
  }

  private void add(Audience audience, Outcome outcome) {
    outcomes.add(outcome);
    audience.done().accept(outcome);
  }

  private static String words(Exception e) {
    return e instanceof VarveException known
        ? known.getMessage() + " (" + known.hint() + ")"
        : e.toString();
  }

  private synchronized Pair began(Pair next) {
    if (over) {
      throw new VarveException(ExitCode.FAILED, "the drill was ended", "run it again");
    }
    pair = next;
    return next;
  }

  private void end() {
    Pair open;
    synchronized (this) {
      over = true;
      open = pair;
      pair = null;
    }
    if (open != null) {
      open.close();
    }
    if (!setting.keep()) {
      remove(setting.directory());
    }
  }

  @Override
  public void close() {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("the process is ending, and the hook has done it");
    }
  }

  static void remove(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("could not remove {}: {}", directory, e.toString());
    }
  }
}
