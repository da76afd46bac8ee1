package dev.varve.restore;

import dev.varve.archive.Branch;
import dev.varve.archive.Branches;
import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.Repository;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.convert.Engine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Checks a chain. Finds as much damage as it can in one run; alters nothing. Objects are read side
 * by side, a few at a time.
 */
public final class Verify {

  private static final int MAX_READERS = 4;

  /** So many objects are handed out at a time. */
  private static final int BATCH = 256;

  /** How deep to look; each level does what the ones before it do. */
  public enum Level {
    /**
     * Manifests, how they are chained by hash, and whether each goes on where another ended; each
     * object's presence and length, those of branches included.
     */
    MANIFEST,
    /** Every byte: checksums, order, counts, and the hash of each version's state. */
    DATA,
    /**
     * What the segments add up to: at every cut fingerprint and counts, and both ends of every edge
     * at every base and at the end of every window.
     */
    GRAPH
  }

  /**
   * Some of all objects, chosen by their hashes. With each seed it is other ones; after as many
   * seeds in a row as there are such parts in the whole, all had their turn.
   *
   * @param percent more than 0, up to 100
   */
  public record Sample(double percent, long seed) {
    private static final double HASHES = 0x1p60;
    private static final int HASH_DIGITS = 15;
    private static final double WHOLE = 100;

    public Sample {
      if (!(percent > 0 && percent <= WHOLE)) {
        throw new IllegalArgumentException("percent must be > 0 and <= 100, got " + percent);
      }
    }

    boolean takes(Manifest.StoredObject object) {
      double part = percent / WHOLE;
      double begin = seed * part;
      double place = Long.parseLong(object.sha256().substring(0, HASH_DIGITS), 16) / HASHES;
      double behind = place - (begin - Math.floor(begin));
      return (behind < 0 ? behind + 1 : behind) < part;
    }
  }

  /**
   * What was found.
   *
   * @param objects segments, transactions files and files of branches looked at
   * @param read how many of them were read
   * @param bytes of objects that were read
   * @param versions that were read
   * @param damage empty if all is well
   * @param windows what can be restored in spite of it
   * @param spans the same as spans of time
   * @param lostPoints restore points whose moment cannot be restored
   * @param looseEdges what is no damage, since the store itself allows it
   */
  public record Report(
      String graph,
      Level level,
      int manifests,
      int objects,
      int read,
      long bytes,
      long versions,
      List<Damage> damage,
      List<Window> windows,
      List<RecoverySpan> spans,
      List<Ledger.RestorePoint> lostPoints,
      List<LooseEdges> looseEdges) {

    public Report {
      damage = List.copyOf(damage);
      windows = List.copyOf(windows);
      spans = List.copyOf(spans);
      lostPoints = List.copyOf(lostPoints);
      looseEdges = List.copyOf(looseEdges);
    }

    public ExitCode exitCode() {
      return damage.isEmpty() && lostPoints.isEmpty() ? ExitCode.DONE : ExitCode.DAMAGE_FOUND;
    }

    /** What can be restored, in one sentence. */
    public String restorable() {
      return RecoverySpan.describe(spans);
    }
  }

  private final Repository repository;
  private final Level level;
  private final Optional<Sample> sample;
  private final Progress progress;
  private final List<Damage> damage = new ArrayList<>();
  private final List<LooseEdges> looseEdges = new ArrayList<>();
  private final Map<Long, SegmentTotals> totals = new HashMap<>();
  private int objects;
  private int read;
  private long bytes;
  private long versions;

  private Verify(Repository repository, Level level, Optional<Sample> sample, Progress progress) {
    this.repository = repository;
    this.level = level;
    this.sample = sample;
    this.progress = progress;
  }

  /**
   * Checks the chain of one graph.
   *
   * @throws VarveException if there is no chain, or the repository cannot be read at all
   */
  public static Report run(Repository repository, String graph, Level level, Progress progress) {
    return run(repository, graph, level, Optional.empty(), progress);
  }

  /**
   * Checks the chain of one graph.
   *
   * @param sample which objects to read; all if absent
   * @throws VarveException if there is no chain, or the repository cannot be read at all
   */
  public static Report run(
      Repository repository,
      String graph,
      Level level,
      Optional<Sample> sample,
      Progress progress) {
    if (level == Level.GRAPH && sample.isPresent()) {
      throw new VarveException(
          ExitCode.USAGE,
          "a graph cannot be added up from some of its segments",
          "leave --subset away, or take --level=data");
    }
    return new Verify(repository, level, sample, progress).run(graph);
  }

  private Report run(String graph) {
    Chain chain = Restore.load(repository, graph);
    if (chain.links().isEmpty() && chain.damage().isEmpty()) {
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no snapshot of graph '" + graph + "' in " + repository.location(),
          "check repository.root and graph in the configuration");
    }
    damage.addAll(chain.damage());
    damage.addAll(CutCheck.of(chain));
    checkPresence(chain);
    if (level != Level.MANIFEST) {
      progress.phase("segments", expectedVersions(chain));
      readObjects(chain);
      checkBases(chain);
    }
    if (level == Level.GRAPH) {
      checkDeltas(chain);
      checkGraphs(chain);
    }
    checkBranches(graph);
    Set<String> damaged = damagedKeys();
    return new Report(
        graph,
        level,
        chain.links().size(),
        objects,
        read,
        bytes,
        versions,
        damage,
        Window.of(chain, damaged),
        RecoverySpan.of(chain, damaged),
        lostPoints(chain, damaged),
        looseEdges);
  }

  private static long expectedVersions(Chain chain) {
    return chain.links().stream().mapToLong(link -> link.manifest().counts().versions()).sum();
  }

  private static List<Ledger.RestorePoint> lostPoints(Chain chain, Set<String> damaged) {
    Function<VersionVector, Optional<Chain.Stretch>> ways = chain.waysTowards(damaged);
    Inexact inexact = Inexact.of(chain);
    return chain.restorePoints().stream()
        .filter(
            point -> ways.apply(point.vector()).isEmpty() || inexact.at(point.vector()).isPresent())
        .toList();
  }

  private Set<String> damagedKeys() {
    return damage.stream().map(Damage::key).collect(Collectors.toSet());
  }

  private void checkPresence(Chain chain) {
    List<Manifest.StoredObject> all =
        chain.links().stream().flatMap(link -> objects(link.manifest())).toList();
    objects = all.size();
    try {
      damage.addAll(Presence.of(repository, chain.graph(), objects).wrong(all));
    } catch (IOException e) {
      throw Restore.unreadable(repository, e);
    }
  }

  /** Branches are no part of the chain, but nowhere else is what they hold. */
  private void checkBranches(String graph) {
    try {
      Branches branches = Branches.load(repository, graph);
      boolean everyByte = level != Level.MANIFEST && sample.isEmpty();
      damage.addAll(branches.check(repository, everyByte));
      for (Branch branch : branches.all()) {
        objects += branch.objects().size();
        read += everyByte ? branch.objects().size() : 0;
        bytes += everyByte ? branch.totalBytes() : 0;
      }
    } catch (IOException e) {
      throw Restore.unreadable(repository, e);
    }
  }

  private static Stream<Manifest.StoredObject> objects(Manifest manifest) {
    return Stream.concat(
        manifest.segments().stream().map(Manifest.Segment::object),
        manifest.transactions().stream().map(Manifest.TransactionsFile::object));
  }

  /**
   * What reading an object came to.
   *
   * @param totals of a segment
   */
  private record Outcome(
      Manifest manifest,
      Manifest.StoredObject object,
      Optional<SegmentTotals> totals,
      Optional<Damage> damage) {}

  private void readObjects(Chain chain) {
    Set<String> known = damagedKeys();
    List<Callable<Outcome>> batch = new ArrayList<>();
    ExecutorService readers =
        Executors.newFixedThreadPool(
            Math.min(MAX_READERS, Runtime.getRuntime().availableProcessors()));
    try {
      for (Chain.Link link : chain.links()) {
        for (Callable<Outcome> next : readings(link.manifest(), known)) {
          batch.add(next);
          if (batch.size() == BATCH) {
            collect(readers.invokeAll(batch));
            batch.clear();
          }
        }
      }
      collect(readers.invokeAll(batch));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while objects were read", e);
    } finally {
      readers.shutdownNow();
    }
  }

  private List<Callable<Outcome>> readings(Manifest manifest, Set<String> known) {
    List<Callable<Outcome>> readings = new ArrayList<>();
    for (Manifest.Segment segment : manifest.segments()) {
      if (chosen(segment.object(), known)) {
        readings.add(
            () ->
                outcome(
                    manifest,
                    segment.object(),
                    () -> Optional.of(SegmentTotals.read(repository, manifest, segment))));
      }
    }
    manifest
        .transactions()
        .filter(file -> chosen(file.object(), known))
        .ifPresent(
            file ->
                readings.add(() -> outcome(manifest, file.object(), () -> readTransactions(file))));
    return readings;
  }

  private boolean chosen(Manifest.StoredObject object, Set<String> known) {
    return !known.contains(object.key()) && (sample.isEmpty() || sample.get().takes(object));
  }

  private void collect(List<Future<Outcome>> done) throws InterruptedException {
    for (Future<Outcome> future : done) {
      Outcome outcome;
      try {
        outcome = future.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof VarveException known) {
          throw known;
        }
        throw new IllegalStateException(e.getCause());
      }
      read++;
      bytes += outcome.object().bytes();
      outcome.damage().ifPresent(damage::add);
      outcome
          .totals()
          .ifPresent(
              found -> {
                versions += found.versions();
                progress.advance(found.versions());
                totals.merge(outcome.manifest().number(), found, SegmentTotals::plus);
              });
    }
  }

  private interface Reading {
    Optional<SegmentTotals> run() throws IOException;
  }

  private Outcome outcome(Manifest manifest, Manifest.StoredObject object, Reading reading) {
    try {
      return new Outcome(manifest, object, reading.run(), Optional.empty());
    } catch (DamagedException | NewerFormatException e) {
      return new Outcome(manifest, object, Optional.empty(), Optional.of(describe(object, e)));
    } catch (IOException e) {
      Damage unreadable =
          new Damage.Unreadable(object.key(), object.key() + " cannot be read: " + e);
      return new Outcome(manifest, object, Optional.empty(), Optional.of(unreadable));
    }
  }

  /** Says missing, cut off or altered where it is one of these. */
  private Damage describe(Manifest.StoredObject object, VarveException e) {
    try {
      Optional<Damage> known = Chain.check(repository, object);
      if (known.isPresent()) {
        return known.get();
      }
    } catch (IOException unreadable) {
      e.addSuppressed(unreadable);
    }
    return new Damage.Unreadable(object.key(), String.valueOf(e.getMessage()));
  }

  private Optional<SegmentTotals> readTransactions(Manifest.TransactionsFile file)
      throws IOException {
    try (TransactionsReader reader = TransactionsReader.open(repository, file)) {
      while (reader.next() != null) {
        // reading is what checks it
      }
    }
    return Optional.empty();
  }

  /**
   * A base is what its versions are. Where its segments carry no hashes of their own, this is what
   * shows a state that was exchanged; a base of which some segments were left out is passed over.
   */
  private void checkBases(Chain chain) {
    Set<String> damaged = damagedKeys();
    for (Chain.Link link : chain.links()) {
      Manifest manifest = link.manifest();
      SegmentTotals found = found(manifest);
      if (manifest.kind().whole()
          && intact(manifest, damaged)
          && found.versions()
              == manifest.segments().stream().mapToLong(Manifest.Segment::versions).sum()) {
        compare(
            manifest, new ReadBack(found.vertices().alive(), found.edges().alive(), found.sum()));
      }
    }
  }

  private SegmentTotals found(Manifest manifest) {
    return totals.getOrDefault(manifest.number(), SegmentTotals.NOTHING);
  }

  private static boolean intact(Manifest manifest, Set<String> damaged) {
    return manifest.segments().stream().noneMatch(s -> damaged.contains(s.object().key()));
  }

  /** Every delta leads from the cut before it to its own. */
  private void checkDeltas(Chain chain) {
    Set<String> damaged = damagedKeys();
    Map<VersionVector, Manifest> at = new HashMap<>();
    chain.links().forEach(link -> at.putIfAbsent(link.manifest().to(), link.manifest()));
    for (Chain.Link link : chain.links()) {
      Manifest manifest = link.manifest();
      Manifest before = at.get(manifest.from());
      SegmentTotals found = found(manifest);
      if (!manifest.kind().whole() && before != null && intact(manifest, damaged)) {
        compare(
            manifest,
            new ReadBack(
                before.counts().vertices() + found.vertices().more(),
                before.counts().edges() + found.edges().more(),
                before.fingerprint().plus(found.moved())));
      }
    }
  }

  private void compare(Manifest manifest, ReadBack actual) {
    ReadBack promised =
        new ReadBack(
            manifest.counts().vertices(), manifest.counts().edges(), manifest.fingerprint());
    if (!actual.equals(promised)) {
      damage.add(
          new Damage.Unreadable(
              manifest.key(),
              "%s promises %d vertices, %d edges and fingerprint %s, but its versions lead to %d, %d and %s"
                  .formatted(
                      manifest.key(),
                      promised.vertices(),
                      promised.edges(),
                      promised.fingerprint(),
                      actual.vertices(),
                      actual.edges(),
                      actual.fingerprint())));
    }
  }

  /** The graph at the beginning and at the end of every window. */
  private void checkGraphs(Chain chain) {
    Set<String> damaged = damagedKeys();
    Set<VersionVector> seen = new HashSet<>();
    Set<Long> begun = new HashSet<>();
    for (Window window : Window.of(chain, damaged)) {
      if (begun.add(window.base().manifest().number())) {
        checkGraph(chain, new Window(window.base(), List.of()), damaged, seen);
      }
      checkGraph(chain, window, damaged, seen);
    }
  }

  private void checkGraph(
      Chain chain, Window window, Set<String> damaged, Set<VersionVector> seen) {
    Manifest last = window.newest().manifest();
    if (!window.steps().isEmpty() && !seen.add(last.to())) {
      return;
    }
    List<Chain.Link> links = new ArrayList<>(List.of(window.base()));
    links.addAll(window.deltas());
    RestorePlan plan =
        new RestorePlan(
            chain.graph(),
            new Moment.AtVector(last.to()),
            last.to(),
            window.toTime(),
            links,
            List.of(),
            true,
            last.schema(),
            List.of(),
            List.copyOf(damaged));
    progress.phase("graph", plan.estimate().vertices() + plan.estimate().edges());
    try (GraphMerge graph = new GraphMerge(plan, repository)) {
      LooseEdges loose = EndCheck.of(graph, last.to(), progress);
      Promise.merged(plan, graph);
      if (loose.count() > 0) {
        report(last, loose);
      }
    } catch (VarveException e) {
      if (e.exitCode() != ExitCode.DAMAGE_FOUND) {
        throw e;
      }
      damage.add(new Damage.Unreadable(last.key(), String.valueOf(e.getMessage())));
    }
  }

  /** What the store itself allows is in the chain as it was there. */
  private void report(Manifest manifest, LooseEdges loose) {
    List<String> stores = manifest.sites().stream().map(Manifest.SiteCut::store).toList();
    if (Engine.ofStores(stores).removesEdgesWithTheirEnds()) {
      damage.add(new Damage.Unreadable(manifest.key(), manifest.key() + ": " + loose));
    } else if (!looseEdges.contains(loose)) { // a window's end is another one's base
      looseEdges.add(loose);
    }
  }
}
