package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.RememberedEntries;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a chain short, beside the compactor: makes checkpoints and merges deltas.
 *
 * <p>All of it is done in one thread, one thing at a time, and none of it holds up new deltas: what
 * it makes goes behind whatever is newest. What fails is reported and tried again later; it never
 * ends by itself. Any number of these may run for a graph, on any machine, at worst doing the same
 * twice.
 */
public final class Housekeeper implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Housekeeper.class);

  /** A window for heavy work may be a minute long. */
  private static final Duration TICK_MAX = Duration.ofSeconds(20);

  /** What is damaged is not read again and again. */
  private static final Duration DAMAGE_PAUSE = Duration.ofHours(6);

  /** Merging merges again makes them fewer each time. */
  private static final int PASSES_MAX = 8;

  private static final Duration CLOSE_WAIT = Duration.ofSeconds(30);

  private final HousekeepingConfig config;

  /** What was read of the chain is not read again. */
  private final Repository repository;

  private final Clock clock;
  private final Insistence insistence;
  private final WorkDirectory work;
  private final Workbench bench;
  private final Map<String, Long> putOff = new HashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final List<Manifest> made = new ArrayList<>();
  private final Thread thread;

  /** Number of the newest entry that was seen. */
  private OptionalLong seen = OptionalLong.empty();

  private volatile HousekeepingStatus status = HousekeepingStatus.BEGUN;

  private Housekeeper(HousekeepingConfig config, Clock clock) throws IOException {
    this.config = config;
    this.repository =
        new RememberedEntries(config.repository(), RememberedEntries.DEFAULT_BYTES_MAX);
    this.clock = clock;
    this.insistence =
        new Insistence(
            config.retry(), "make room or give the right to write there; the chain is as it was");
    this.work = WorkDirectory.claim(config.workDirectory(), "compact-");
    this.bench =
        new Workbench(
            repository,
            new Publisher(repository, insistence, config.compressionLevel()),
            work.path(),
            config.segmentBytes(),
            config.sortBytes(),
            Workbench.writer("housekeeper"),
            clock,
            new SecureRandom());
    this.thread = new Thread(this::run, "varve-housekeeper-" + config.graph());
    this.thread.setDaemon(true);
  }

  /**
   * Starts in a thread of its own.
   *
   * @throws VarveException if the work directory cannot be used
   */
  public static Housekeeper start(HousekeepingConfig config) {
    Housekeeper housekeeper = of(config, Clock.systemUTC());
    housekeeper.thread.start();
    return housekeeper;
  }

  /** Not started: {@link #round} does what is due. */
  static Housekeeper of(HousekeepingConfig config, Clock clock) {
    try {
      return new Housekeeper(config, clock);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "housekeeping cannot use " + config.workDirectory() + ": " + e,
          "check that it exists and can be written",
          e);
    }
  }

  /**
   * What was merged.
   *
   * @param made in the order in which it was published
   * @param problems what could not be merged, and why
   */
  public record Merged(List<Manifest> made, List<String> problems) {
    public Merged {
      made = List.copyOf(made);
      problems = List.copyOf(problems);
    }
  }

  /**
   * Makes the merges that are due, whether or not a compactor is running.
   *
   * @throws VarveException if there is no room for temporary files
   */
  public static Merged mergeNow(Repository repository, String graph, MergePlan.Policy policy) {
    Path directory;
    try {
      directory = Files.createTempDirectory("varve-merge");
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "there is no room for temporary files: " + e,
          "make some, or name another directory with -Djava.io.tmpdir",
          e);
    }
    HousekeepingConfig config =
        new HousekeepingConfig(
            graph,
            repository,
            directory,
            CompactConfig.DEFAULT_SEGMENT_BYTES,
            CompactConfig.DEFAULT_SORT_BYTES,
            CompactConfig.DEFAULT_COMPRESSION_LEVEL,
            Retry.USUAL,
            Duration.ofDays(1),
            Duration.ofDays(1),
            policy,
            ExpirePlan.Policy.EVERYTHING,
            HousekeepingConfig.HeavyWork.ALWAYS);
    try (Housekeeper housekeeper = of(config, Clock.systemUTC())) {
      housekeeper.mergeRound();
      return new Merged(housekeeper.made, housekeeper.problems);
    } finally {
      directory.toFile().delete();
    }
  }

  public HousekeepingStatus status() {
    return status;
  }

  /** Stops; what was not complete is done again the next time. */
  @Override
  public void close() {
    insistence.stop();
    try {
      thread.join(CLOSE_WAIT.toMillis());
      work.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.warn("cannot clear {}: {}", work.path(), e.toString());
    }
  }

  private void run() {
    Duration every = min(config.mergeEvery(), config.checkpointEvery());
    long dueNanos = System.nanoTime() + min(every, TICK_MAX).toNanos();
    try {
      while (true) {
        insistence.pause(min(every, TICK_MAX));
        if (System.nanoTime() - dueNanos >= 0 && config.heavyWork().mayBegin(clock.instant())) {
          round();
          dueNanos = System.nanoTime() + every.toNanos();
        }
      }
    } catch (CancellationException e) {
      LOG.debug("housekeeping of {} was stopped", config.graph());
    } catch (Throwable e) {
      LOG.error("housekeeping of {} ended", config.graph(), e);
      status = status.ended(clock.instant(), Optional.of("housekeeping has ended: " + e));
    }
  }

  /** Does all that is due. */
  void round() {
    mergeRound();
    attempt("checkpoint", this::checkpoint);
    attempt("expiry", this::expire);
    status = status.ended(clock.instant(), problems.stream().findFirst());
  }

  /** Does the merges that are due. */
  void mergeRound() {
    problems.clear();
    made.clear();
    attempt("merges", this::merges);
  }

  private interface Duty {
    void run() throws IOException;
  }

  /** One duty that cannot be done keeps no other from being done. */
  private void attempt(String what, Duty duty) {
    try {
      duty.run();
    } catch (CancellationException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      if (e instanceof VarveException known && known.exitCode() == ExitCode.DAMAGE_FOUND) {
        putOff(what);
      }
      problem(what, e);
    }
  }

  /**
   * The chain as it is now.
   *
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if it ends before an entry that was
   *     seen: then nothing is to be made or removed
   */
  private Chain load() throws IOException {
    Chain chain = Chain.load(repository, config.graph());
    Optional<Manifest.Parent> tip = chain.tip();
    boolean damagedTip = tip.isEmpty() && !chain.damage().isEmpty();
    boolean shorter = seen.isPresent() && (tip.isEmpty() || tip.get().number() < seen.getAsLong());
    if (shorter && !damagedTip) {
      throw Newest.older(
          repository,
          Keys.manifest(config.graph(), seen.getAsLong()),
          "; if what is missing is lost for good, start again");
    }
    if (tip.isPresent()) {
      seen = OptionalLong.of(tip.get().number());
    }
    return chain;
  }

  private void checkpoint() throws IOException {
    Chain chain = load();
    Optional<Chain.Link> head = chain.head();
    if (head.isEmpty() || isPutOff("checkpoint") || !checkpointIsDue(chain)) {
      return;
    }
    status = status.doing("checkpoint at " + head.get().manifest().to());
    Manifest made = new Checkpoint(bench).make(config.graph(), head.get().manifest());
    status = status.madeCheckpoint(made.totalBytes());
    LOG.info(
        "manifest {}: checkpoint at {}, {} bytes", made.number(), made.to(), made.totalBytes());
  }

  /** Whether deltas have followed a base that is old enough. */
  private boolean checkpointIsDue(Chain chain) {
    List<Chain.Stretch> stretches = chain.stretches();
    if (stretches.isEmpty()) {
      return false;
    }
    Chain.Stretch newest = stretches.get(stretches.size() - 1);
    Instant since = newest.base().manifest().createdAt();
    Instant now = clock.instant();
    return !newest.deltas().isEmpty()
        && (since.isAfter(now) || since.plus(config.checkpointEvery()).isBefore(now));
  }

  private void merges() throws IOException {
    for (int pass = 0; pass < PASSES_MAX; pass++) {
      Chain chain = load();
      if (chain.tip().isEmpty()) {
        chain.damage().stream()
            .map(Damage::text)
            .forEach(text -> problem("merges", new IOException(text)));
        return;
      }
      List<MergePlan.Job> jobs =
          MergePlan.of(chain, config.merges(), clock.instant()).jobs().stream()
              .filter(job -> !isPutOff(job.what()))
              .toList();
      if (jobs.isEmpty()) {
        return;
      }
      Manifest.Parent tip = chain.tip().get();
      for (MergePlan.Job job : jobs) {
        attempt(job.what(), () -> merge(job, tip));
        if (!problems.isEmpty() && !isPutOff(job.what())) {
          return; // the repository fails; it will at the next one too
        }
      }
    }
  }

  private void merge(MergePlan.Job job, Manifest.Parent tip) throws IOException {
    status = status.doing(job.what());
    Manifest merged = new Merge(bench).run(job, tip);
    made.add(merged);
    status = status.merged(merged.totalBytes());
    LOG.info(
        "manifest {}: {} up to {}, from {} deltas of {} bytes, {} bytes",
        merged.number(),
        merged.kind(),
        merged.to(),
        job.deltas().size(),
        job.deltas().stream().mapToLong(delta -> delta.manifest().totalBytes()).sum(),
        merged.totalBytes());
  }

  private void expire() throws IOException {
    Chain chain = load();
    if (chain.links().isEmpty() && chain.damage().isEmpty()) {
      return;
    }
    status = status.doing("expiry");
    Expire.Removed removed =
        Expire.run(
            repository,
            config.graph(),
            config.retention(),
            new LedgerBook(repository, bench.publisher(), bench.writer(), clock),
            clock);
    load(); // what was just written counts as seen
    status = status.removed(removed.objects());
    if (removed.objects() > 0) {
      LOG.info("removed {} objects of {} bytes", removed.objects(), removed.bytes());
    }
    for (String refused : removed.refused()) {
      problem("removal of", new IOException(refused));
    }
  }

  private void problem(String what, Exception e) {
    LOG.warn("housekeeping: no {}: {}", what, e.getMessage());
    problems.add("no " + what + ": " + e.getMessage());
  }

  private void putOff(String what) {
    putOff.put(what, System.nanoTime() + DAMAGE_PAUSE.toNanos());
  }

  private boolean isPutOff(String what) {
    Long until = putOff.get(what);
    return until != null && System.nanoTime() - until < 0;
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
