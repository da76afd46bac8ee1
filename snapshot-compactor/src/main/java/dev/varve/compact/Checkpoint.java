package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.tail.Cut;
import dev.varve.tail.SortEntry;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.SortEntry.Rank;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Merges a base and the deltas after it into a new base at a cut of the chain, so that it stays
 * short and no single loss breaks it. Reads and writes the repository alone; the chain may go on
 * meanwhile.
 *
 * <p>Everything streams by; where there are too many deltas to be open at a time, they are sorted
 * within a budget of memory. The result is only published if its fingerprint and counts are those
 * of the manifest that it stands for.
 */
public final class Checkpoint {

  private final Workbench bench;

  Checkpoint(Workbench bench) {
    this.bench = bench;
  }

  /**
   * Makes a checkpoint at the newest cut of a graph, whether or not a compactor is running.
   *
   * @return the manifest that was written, or that of the base or checkpoint that is there already
   * @throws VarveException if there is no chain, or if it is damaged
   */
  public static Manifest make(Repository repository, String graph) {
    return Workbench.aside(
        "checkpoint",
        repository,
        bench -> new Checkpoint(bench).make(graph, head(repository, graph)));
  }

  /** Whether a base at the cut may leave out removed elements: nobody else can bring them back. */
  static boolean forgetsTombstones(Cut cut) {
    List<Site> replaced = cut.sites().stream().flatMap(site -> site.replaces().stream()).toList();
    return cut.sites().stream().filter(site -> !replaced.contains(site.site())).count() <= 1;
  }

  private static Manifest head(Repository repository, String graph) throws IOException {
    return Chain.loadEnd(repository, graph)
        .orElseThrow(
            () ->
                new VarveException(
                    ExitCode.NO_REPOSITORY,
                    "there is no chain of " + graph + " in " + repository.location(),
                    "check the repository's root and the graph's name"))
        .head()
        .manifest();
  }

  /**
   * Makes a checkpoint.
   *
   * @param at the manifest at whose cut it is
   * @return its manifest, or that of the base or checkpoint that is at this cut already
   * @throws DamagedException if nothing that the chain holds leads to this cut
   */
  Manifest make(String graph, Manifest at) throws IOException {
    Chain chain = Chain.load(bench.repository(), graph);
    Chain.Stretch way = way(chain, at, Set.of());
    if (way.deltas().isEmpty()) {
      return way.base().manifest();
    }
    Manifest.Parent tip =
        chain
            .tip()
            .orElseThrow(() -> new DamagedException(at.key(), "the chain's end is damaged", null));
    Freshness freshness = new Freshness(bench.clock());
    return bench.publishBehind(merge(chain, at, tip), freshness);
  }

  private static Chain.Stretch way(Chain chain, Manifest at, Set<String> damaged) {
    List<Chain.Stretch> ways = chain.waysTo(at.to(), damaged);
    if (ways.isEmpty()) {
      throw new DamagedException(
          at.key(),
          "no unbroken chain leads to it: "
              + chain.damage().stream().map(Damage::text).collect(Collectors.joining("; ")),
          null);
    }
    return ways.get(0);
  }

  /** What cannot be read is gone round: by an older base, or by what a merge was made of. */
  private Manifest merge(Chain chain, Manifest at, Manifest.Parent tip) throws IOException {
    Set<String> damaged = new HashSet<>();
    while (true) {
      try {
        return merge(way(chain, at, damaged), at, tip);
      } catch (DamagedException e) {
        if (!damaged.add(e.key()) || chain.waysTo(at.to(), damaged).isEmpty()) {
          throw e;
        }
      }
    }
  }

  private Manifest merge(Chain.Stretch stretch, Manifest last, Manifest.Parent tip)
      throws IOException {
    Cut cut = new Cut(last.to(), last.sites());
    try (Versions versions = versions(stretch);
        SnapshotBuilder builder =
            new SnapshotBuilder(
                bench,
                last.graph(),
                tip.number() + 1,
                Manifest.Kind.CHECKPOINT,
                Optional.empty(),
                last.schema())) {
      boolean forgets = forgetsTombstones(cut);
      NewestOfEach newest = new NewestOfEach(versions.all());
      while (newest.next()) {
        if (!newest.header().removed() || !forgets) {
          builder.addNewest(
              newest.kind(), newest.id(), newest.header(), newest.datum(), newest.provenance());
        }
      }
      builder.finish();
      check(builder, last);
      return new Manifest(
          last.graph(),
          tip.number() + 1,
          Manifest.Kind.CHECKPOINT,
          Optional.of(tip),
          VersionVector.EMPTY,
          last.to(),
          builder.span(cut),
          last.positions(),
          last.sites(),
          builder.counts(),
          builder.fingerprint(),
          last.schema(),
          builder.segments(),
          Optional.empty(),
          bench.writer(),
          bench.publisher().encoding(Manifest.Kind.CHECKPOINT),
          bench.clock().instant());
    }
  }

  /** What a checkpoint is merged from. */
  private record Versions(VersionRun all, Optional<VersionSorter> sorter, Path runs)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      all.close();
      if (sorter.isPresent()) {
        sorter.get().close();
      }
      Files.deleteIfExists(runs);
    }
  }

  /** Segments are in order already; only what is too many to be open at a time is sorted. */
  private Versions versions(Chain.Stretch stretch) throws IOException {
    List<VersionRun> runs = new ArrayList<>();
    runs.add(new VersionRun.OfSnapshot(bench.repository(), stretch.base().manifest()));
    Path directory = Files.createTempDirectory(bench.directory(), "checkpoint");
    if (stretch.deltas().size() <= VersionMerge.RUNS_MAX) {
      for (Chain.Link delta : stretch.deltas()) {
        runs.add(new VersionRun.OfSnapshot(bench.repository(), delta.manifest()));
      }
      return new Versions(new VersionMerge(runs), Optional.empty(), directory);
    }
    VersionSorter sorter = new VersionSorter(directory, bench.sortBytes());
    try {
      for (Chain.Link delta : stretch.deltas()) {
        for (Manifest.Segment segment : delta.manifest().segments()) {
          collect(segment, sorter);
        }
      }
      runs.add(new VersionRun.OfSorter(sorter.merge()));
    } catch (IOException | RuntimeException e) {
      sorter.close();
      Files.deleteIfExists(directory);
      throw e;
    }
    return new Versions(new VersionMerge(runs), Optional.of(sorter), directory);
  }

  private void collect(Manifest.Segment segment, VersionSorter sorter) throws IOException {
    byte kind = segment.kind() == ElementKind.VERTEX ? SortEntry.VERTEX : SortEntry.EDGE;
    Origin origin = new Origin(0, 0, 0);
    try (SegmentReader reader = SegmentReader.open(bench.repository(), segment)) {
      while (reader.next()) {
        reader.checkState();
        VersionHeader header = reader.header();
        AvroInput version = reader.versionBytes();
        sorter.addVersion(
            kind,
            reader.id(),
            origin,
            new Rank(header.weight(), header.committedAtMicros()),
            version.array(),
            version.position(),
            version.remaining());
      }
    }
  }

  private static void check(SnapshotBuilder builder, Manifest last) {
    Manifest.Counts counts = builder.counts();
    if (!builder.fingerprint().equals(last.fingerprint())
        || counts.vertices() != last.counts().vertices()
        || counts.edges() != last.counts().edges()) {
      throw new DamagedException(
          last.key(),
          "merged, the chain has %d vertices, %d edges and the fingerprint %s, not %d, %d and %s"
              .formatted(
                  counts.vertices(),
                  counts.edges(),
                  builder.fingerprint(),
                  last.counts().vertices(),
                  last.counts().edges(),
                  last.fingerprint()),
          null);
    }
  }
}
