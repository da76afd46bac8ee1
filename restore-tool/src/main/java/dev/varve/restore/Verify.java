package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Checks a chain. Finds as much damage as it can in one run; alters nothing. */
public final class Verify {

  /** How deep to look; each level does what the ones before it do. */
  public enum Level {
    /** Manifests, and how they are chained by hash; each object's presence and length. */
    MANIFEST,
    /** Every byte: checksums, order, counts, and the hash of each version's state. */
    DATA,
    /**
     * What the segments add up to: at every cut the fingerprint, at the end of every window the
     * counts, and both ends of every edge.
     */
    GRAPH
  }

  /**
   * What was found.
   *
   * @param objects segments and transactions files looked at
   * @param bytes of objects that were read
   * @param versions that were read
   * @param damage empty if all is well
   * @param windows what can be restored in spite of it
   */
  public record Report(
      String graph,
      Level level,
      int manifests,
      int objects,
      long bytes,
      long versions,
      List<Damage> damage,
      List<Window> windows) {

    public Report {
      damage = List.copyOf(damage);
      windows = List.copyOf(windows);
    }

    public ExitCode exitCode() {
      return damage.isEmpty() ? ExitCode.DONE : ExitCode.DAMAGE_FOUND;
    }

    /** What can be restored, in one sentence; windows that touch or overlap are said as one. */
    public String restorable() {
      return Planner.describe(windows);
    }
  }

  private final Repository repository;
  private final Level level;
  private final Progress progress;
  private final List<Damage> damage = new ArrayList<>();
  private final ElementHasher hasher = new ElementHasher();
  private int objects;
  private long bytes;
  private long versions;

  private Verify(Repository repository, Level level, Progress progress) {
    this.repository = repository;
    this.level = level;
    this.progress = progress;
  }

  /**
   * Checks the chain of one graph.
   *
   * @throws VarveException if there is no chain, or the repository cannot be read at all
   */
  public static Report run(Repository repository, String graph, Level level, Progress progress) {
    return new Verify(repository, level, progress).run(graph);
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
    progress.phase("segments", expectedVersions(chain));
    for (Chain.Link link : chain.links()) {
      check(link.manifest());
    }
    if (level == Level.GRAPH) {
      checkFingerprints(chain);
      checkGraphs(chain);
    }
    return new Report(
        graph,
        level,
        chain.links().size(),
        objects,
        bytes,
        versions,
        damage,
        Window.of(chain, damagedKeys()));
  }

  private static long expectedVersions(Chain chain) {
    return chain.links().stream().mapToLong(link -> link.manifest().counts().versions()).sum();
  }

  private Set<String> damagedKeys() {
    return damage.stream().map(Damage::key).collect(Collectors.toSet());
  }

  private void check(Manifest manifest) {
    for (Manifest.Segment segment : manifest.segments()) {
      check(segment.object(), () -> readSegment(manifest, segment));
    }
    manifest.transactions().ifPresent(file -> check(file.object(), () -> readTransactions(file)));
  }

  private interface Reading {
    void run() throws IOException;
  }

  private void check(Manifest.StoredObject object, Reading reading) {
    objects++;
    try {
      if (level == Level.MANIFEST) {
        checkLength(object);
      } else {
        reading.run();
        bytes += object.bytes();
      }
    } catch (DamagedException | NewerFormatException e) {
      damage.add(describe(object, e));
    } catch (IOException e) {
      damage.add(new Damage.Unreadable(object.key(), object.key() + " cannot be read: " + e));
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

  private void checkLength(Manifest.StoredObject object) throws IOException {
    long actual = repository.sizeBytes(object.key()).orElse(-1);
    if (actual < 0) {
      damage.add(new Damage.Missing(object.key()));
    } else if (actual != object.bytes()) {
      damage.add(new Damage.WrongLength(object.key(), object.bytes(), actual));
    }
  }

  private void readSegment(Manifest manifest, Manifest.Segment segment) throws IOException {
    long tombstones = 0;
    try (SegmentReader reader = SegmentReader.open(repository, segment)) {
      while (reader.next()) {
        ElementVersion version = reader.version();
        versions++;
        progress.advance(1);
        tombstones += version.header().removed() ? 1 : 0;
        checkVersion(manifest, segment, version);
      }
    }
    if (tombstones != segment.tombstones()) {
      throw new DamagedException(
          segment.object().key(),
          "it has " + tombstones + " tombstones, not " + segment.tombstones(),
          null);
    }
  }

  private void checkVersion(Manifest manifest, Manifest.Segment segment, ElementVersion version) {
    VersionHeader header = version.header();
    if (!manifest.to().covers(header.dot()) || manifest.from().covers(header.dot())) {
      throw new DamagedException(
          segment.object().key(),
          version.id() + " at " + header.dot() + " does not belong to the snapshot",
          null);
    }
    if (version.state().isPresent()
        && !hasher.hash(version.id(), version.state().get()).equals(header.hash().orElseThrow())) {
      throw new DamagedException(
          segment.object().key(),
          version.id() + " at " + header.dot() + " does not have the hash that it carries",
          null);
    }
  }

  private void readTransactions(Manifest.TransactionsFile file) throws IOException {
    try (TransactionsReader reader = TransactionsReader.open(repository, file)) {
      while (reader.next() != null) {
        progress.advance(0);
      }
    }
  }

  /** Every delta leads from its parent's fingerprint to its own. */
  private void checkFingerprints(Chain chain) {
    Set<String> damaged = damagedKeys();
    Set<Long> seen = new HashSet<>();
    for (Window window : Window.of(chain, damaged)) {
      Fingerprint before = window.base().manifest().fingerprint();
      for (Chain.Link link : window.deltas()) {
        Manifest delta = link.manifest();
        if (seen.add(delta.number())) {
          Fingerprint after = before.plus(moved(delta));
          if (!after.equals(delta.fingerprint())) {
            damage.add(
                new Damage.Unreadable(
                    delta.key(),
                    delta.key()
                        + " promises fingerprint "
                        + delta.fingerprint()
                        + ", but its versions lead to "
                        + after));
          }
        }
        before = delta.fingerprint();
      }
    }
  }

  private Fingerprint moved(Manifest delta) {
    Fingerprint moved = Fingerprint.EMPTY;
    for (Manifest.Segment segment : delta.segments()) {
      try (SegmentReader reader = SegmentReader.open(repository, segment)) {
        while (reader.next()) {
          moved = moved.after(reader.header());
        }
      } catch (IOException e) {
        throw Restore.unreadable(repository, e);
      }
    }
    return moved;
  }

  /** The graph at the beginning and at the end of every window. */
  private void checkGraphs(Chain chain) {
    Set<String> damaged = damagedKeys();
    Set<VersionVector> seen = new HashSet<>();
    for (Window window : Window.of(chain, damaged)) {
      checkGraph(chain, new Window(window.base(), List.of()), damaged, seen);
      checkGraph(chain, window, damaged, seen);
    }
  }

  private void checkGraph(
      Chain chain, Window window, Set<String> damaged, Set<VersionVector> seen) {
    Manifest last = window.newest().manifest();
    if (!window.deltas().isEmpty() && !seen.add(last.to())) {
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
      checkEnds(graph, last);
      Restore.promised(plan, graph);
    } catch (VarveException e) {
      if (e.exitCode() != ExitCode.DAMAGE_FOUND) {
        throw e;
      }
      damage.add(new Damage.Unreadable(last.key(), String.valueOf(e.getMessage())));
    }
  }

  private void checkEnds(GraphMerge graph, Manifest manifest) {
    VertexIds vertexIds = new VertexIds();
    try (LiveElements vertices = graph.vertices()) {
      for (LiveElement v = vertices.next(); v != null; v = vertices.next()) {
        vertexIds.add(v.id().id());
        progress.advance(1);
      }
    }
    LiveElement loose = null;
    try (LiveElements edges = graph.edges()) {
      for (LiveElement e = edges.next(); e != null; e = edges.next()) {
        Edge edge = (Edge) e.state();
        if (!vertexIds.contains(edge.start()) || !vertexIds.contains(edge.end())) {
          loose = loose == null ? e : loose;
        }
        progress.advance(1);
      }
    }
    if (loose != null) {
      Edge edge = (Edge) loose.state();
      throw new DamagedException(
          manifest.key(),
          loose.id()
              + " goes from "
              + ElementId.vertex(edge.start())
              + " to "
              + ElementId.vertex(edge.end())
              + ", and not both are there",
          null);
    }
  }
}
