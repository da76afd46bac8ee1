package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.compact.CompactStatus.Phase;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.tail.Cut;
import dev.varve.tail.CutTracker;
import dev.varve.tail.Insistence;
import dev.varve.tail.Intake;
import dev.varve.tail.Tail;
import dev.varve.tail.VersionSorter;
import dev.varve.tail.WorkDirectory;
import dev.varve.wire.Wire;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lays down a graph's snapshots: a base, and after it a delta whenever the interval is over or
 * enough has been collected.
 *
 * <p>Where it stands is in the newest manifest and nowhere else; publishing the next one is the
 * commit. A compactor that is killed at any moment is followed by one that goes on from there.
 * Invariants: {@code head} is the manifest that this compactor's tail continues; what the sorter
 * holds is not covered by it.
 *
 * <p>One thread reads and writes. Everything public may be called from any thread.
 */
public final class Compactor implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Compactor.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(30);

  private final CompactConfig config;
  private final Clock clock;
  private final Insistence insistence;
  private final Wire wire;
  private final WorkDirectory work;
  private final Newest newest;
  private final VersionSorter sorter;
  private final LayDown layDown;
  private final Requests requests = new Requests();
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private final Thread thread;

  // of the thread alone
  private Optional<Chain.Link> head;
  private Optional<Manifest.Parent> tip;
  private boolean needsBase;
  private Set<Site> saidMissing = Set.of();
  private long lastFlushNanos = System.nanoTime();
  private long manifests;
  private Optional<Instant> lastPublishedAt = Optional.empty();

  private volatile CompactStatus status;

  private Compactor(CompactConfig config, Clock clock, RandomGenerator random) throws IOException {
    this.config = config;
    this.clock = clock;
    this.insistence =
        new Insistence(
            config.retry(), "make room or give the right to write there, then start again");
    this.newest = new Newest(config.workDirectory());
    newest.require(config.repository(), config.graph());
    Optional<Chain.End> end = Chain.loadEnd(config.repository(), config.graph());
    this.head = end.map(Chain.End::head);
    this.tip = end.map(Chain.End::tip).map(Chain.Tip::asParent);
    this.needsBase = head.isEmpty() || config.startOver();
    this.status = initialStatus(head);
    this.work = WorkDirectory.claim(config.workDirectory(), "compact-");
    this.sorter = new VersionSorter(work.path(), config.sortBytes());
    this.layDown =
        new LayDown(
            new Workbench(
                config.repository(),
                new Publisher(config.repository(), insistence, config.compressionLevel()),
                work.path(),
                config.segmentBytes(),
                config.sortBytes(),
                Workbench.writer("compactor"),
                clock,
                random),
            config.graph(),
            sorter);
    try {
      this.wire = Wire.open(config.registry());
    } catch (RuntimeException e) {
      work.close();
      throw e;
    }
    this.thread = new Thread(this::run, "varve-compact-" + config.graph());
  }

  /**
   * Starts a compactor; it goes on in a thread of its own.
   *
   * @throws VarveException if the repository, the work directory or the registry cannot be used, or
   *     the newest manifest is damaged
   */
  public static Compactor start(CompactConfig config) {
    return start(config, Clock.systemUTC(), new java.security.SecureRandom());
  }

  static Compactor start(CompactConfig config, Clock clock, RandomGenerator random) {
    Compactor compactor;
    try {
      compactor = new Compactor(config, clock, random);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "the compactor cannot use %s and %s: %s"
              .formatted(config.repository().location(), config.workDirectory(), e),
          "check that both exist and can be read and written",
          e);
    }
    compactor.thread.start();
    return compactor;
  }

  public CompactStatus status() {
    return status;
  }

  /** Why it stopped by itself, if it did. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure.getNow(null));
  }

  /**
   * Lays down what has been written to the tables at the moment of the call, up to the newest cut
   * in it; waits for Kafka transactions that are open then.
   *
   * @return the cut that is laid down now; empty if there is none yet, since the initial scan is
   *     not over
   * @throws VarveException if the compactor fails meanwhile
   */
  public VersionVector flush() {
    Requests.Request request = requests.add();
    if (status.phase() == Phase.STOPPED) {
      requests.refuseAll(failure());
    }
    return request.await();
  }

  /** Stops. What was collected and not laid down stays in Kafka. */
  @Override
  public void close() {
    insistence.stop();
    try {
      thread.join(CLOSE_WAIT.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (Tail tail = Tail.open(tables(), insistence)) {
      CutTracker tracker = begin(tail);
      Intake intake =
          new Intake(wire, tail.places(), startCut(), tracker, new Sorting(sorter, insistence));
      while (!insistence.isStopped()) {
        tail.poll(POLL, intake);
        for (int place = 0; place < tail.places().size(); place++) {
          tracker.passed(place, tail.position(place));
        }
        if (isDue()) {
          layDown(tail, tracker);
        }
        serveRequests(tail, tracker);
        status = newStatus(idle(), tracker);
      }
    } catch (CancellationException e) {
      LOG.debug("the compactor of {} was stopped", config.graph());
    } catch (Throwable e) {
      failure.complete(e);
      LOG.error("the compactor of {} stopped: {}", config.graph(), e.getMessage());
    } finally {
      stopped();
    }
  }

  private Tail.Source tables() {
    return new Tail.Source(config.graph(), config.kafka(), "compactor", config.topicsWait());
  }

  private Phase idle() {
    return needsBase ? Phase.COLLECTING_BASE : Phase.TAILING;
  }

  /** Finds the place to go on from, or the beginning. */
  private CutTracker begin(Tail tail) {
    Optional<Chain.Link> resume = needsBase ? Optional.empty() : head;
    if (resume.isPresent()) {
      Manifest manifest = resume.get().manifest();
      List<Manifest.Position> positions =
          insistence.insist(
              "find the positions in Kafka",
              () -> tail.seek(manifest.positions(), "manifest " + manifest.number()));
      LOG.info("going on after manifest {} at {}", manifest.number(), manifest.to());
      return CutTracker.resumed(tail.places(), positions, new Cut(manifest.to(), manifest.sites()));
    }
    return insistence.insist(
        "find the positions in Kafka",
        () -> {
          long[] ends = tail.ends();
          tail.seekToBeginning();
          List<Manifest.SiteCut> before =
              head.map(link -> link.manifest().sites()).orElse(List.of());
          return CutTracker.fresh(tail.places(), ends, before);
        });
  }

  private VersionVector startCut() {
    return needsBase
        ? VersionVector.EMPTY
        : head.map(link -> link.manifest().to()).orElse(VersionVector.EMPTY);
  }

  private boolean isDue() {
    return needsBase
        || System.nanoTime() - lastFlushNanos >= config.flushInterval().toNanos()
        || sorter.bytes() >= config.flushBytes();
  }

  private void serveRequests(Tail tail, CutTracker tracker) {
    for (Requests.Request request : requests.waiting()) {
      long[] ends =
          request.ends(
              () -> insistence.insist("find the topics' ends in Kafka", tail::writtenEnds));
      if (tail.reached(ends)) {
        while (layDown(tail, tracker)) {
          // a base is followed by a delta
        }
        status = newStatus(idle(), tracker); // the caller may look at it at once
        requests.served(request, startCut());
      }
    }
  }

  /**
   * Lays down one snapshot, if there is anything to lay down.
   *
   * @return whether it did
   */
  private boolean layDown(Tail tail, CutTracker tracker) {
    lastFlushNanos = System.nanoTime();
    Optional<Cut> cut = needsBase ? tracker.baseCut() : Optional.of(tracker.cut());
    if (cut.isEmpty() || (!needsBase && cut.get().vector().equals(startCut()))) {
      sayWhatIsMissing(tracker);
      return false;
    }
    status = newStatus(Phase.LAYING_DOWN, tracker);
    insistence.insist(
        "lay down the cut " + cut.get().vector(),
        () -> {
          Optional<Manifest> before = head.map(Chain.Link::manifest);
          published(
              layDown.run(tail, tracker, cut.get(), new LayDown.After(before, tip, needsBase)));
          return true;
        });
    rememberNewest();
    if (needsBase) {
      needsBase = false;
      tracker.baseIsMade();
    }
    lastFlushNanos = System.nanoTime();
    return true;
  }

  /** Once: a base may wait for it for ever. */
  private void sayWhatIsMissing(CutTracker tracker) {
    Set<Site> missing = needsBase && tracker.settled() ? tracker.missing() : Set.of();
    if (!missing.isEmpty() && !missing.equals(saidMissing)) {
      LOG.warn(
          "the new base waits for {}: the chain has it, and Kafka does not; capture the site, or"
              + " begin another chain",
          missing);
    }
    saidMissing = missing;
  }

  private void rememberNewest() {
    Manifest.Parent entry = tip.orElseThrow();
    insistence.insist(
        "write to " + config.workDirectory(),
        () -> {
          newest.write(config.repository().location(), entry);
          return true;
        });
  }

  private void published(Chain.Tip done) {
    Manifest manifest = (Manifest) done.entry();
    tip = Optional.of(done.asParent());
    head = Optional.of(new Chain.Link(manifest, done.sha256()));
    manifests++;
    lastPublishedAt = Optional.of(clock.instant());
    LOG.info(
        "manifest {}: {} up to {}, {} versions, {} transactions, {} bytes",
        manifest.number(),
        manifest.kind(),
        manifest.to(),
        manifest.counts().versions(),
        manifest.counts().transactions(),
        manifest.totalBytes());
  }

  private void stopped() {
    try {
      sorter.close();
      work.close();
    } catch (IOException e) {
      LOG.warn("cannot clear {}: {}", work.path(), e.toString());
    }
    wire.close();
    CompactStatus last = status;
    status =
        new CompactStatus(
            Phase.STOPPED,
            last.newestManifest(),
            last.laidDown(),
            last.reached(),
            0,
            0,
            0,
            manifests,
            lastPublishedAt,
            insistence.trouble());
    requests.refuseAll(failure());
  }

  private CompactStatus newStatus(Phase phase, CutTracker tracker) {
    return new CompactStatus(
        phase,
        head.map(l -> OptionalLong.of(l.manifest().number())).orElse(OptionalLong.empty()),
        head.map(l -> l.manifest().to()).orElse(VersionVector.EMPTY),
        tracker.cut().vector(),
        sorter.count(),
        sorter.bytes(),
        sorter.spilledBytes(),
        manifests,
        lastPublishedAt,
        insistence.trouble());
  }

  private static CompactStatus initialStatus(Optional<Chain.Link> head) {
    VersionVector cut = head.map(l -> l.manifest().to()).orElse(VersionVector.EMPTY);
    return new CompactStatus(
        Phase.STARTING,
        head.map(l -> OptionalLong.of(l.manifest().number())).orElse(OptionalLong.empty()),
        cut,
        cut,
        0,
        0,
        0,
        0,
        Optional.empty(),
        Optional.empty());
  }
}
