package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentWriter;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What one kind of element is merged from: runs of segments, not more than can be open at a time. A
 * longer chain is first merged into local files, a group of deltas at a time, keeping the newest
 * version of each element.
 */
final class Runs implements AutoCloseable {

  /**
   * A run.
   *
   * @param part whether only some of its versions belong to the moment, and count for {@link
   *     MergePass.Totals#moved}
   */
  record Run(Repository repository, List<Manifest.Segment> segments, boolean part) {
    long bytes() {
      return segments.stream().mapToLong(segment -> segment.object().bytes()).sum();
    }

    VersionSource open(VersionVector vector, boolean hashed) {
      return new SegmentSource(repository, segments, vector, hashed);
    }
  }

  private final VersionVector vector;
  private final int maxOpen;
  private final List<Path> directories = new ArrayList<>();

  Runs(VersionVector vector, int maxOpen) {
    if (maxOpen < 3) {
      throw new IllegalArgumentException("maxOpen must be >= 3, got " + maxOpen);
    }
    this.vector = vector;
    this.maxOpen = maxOpen;
  }

  /** The runs of a plan, merged together as far as is needed. */
  List<Run> of(RestorePlan plan, Repository repository, ElementKind kind) {
    List<Run> runs = new ArrayList<>();
    List<Run> parts = new ArrayList<>();
    for (Chain.Link link : plan.whole()) {
      add(link.manifest(), repository, kind, false, runs);
    }
    for (Chain.Link link : plan.part()) {
      add(link.manifest(), repository, kind, true, plan.derivable() ? parts : runs);
    }
    while (runs.size() + parts.size() > maxOpen) {
      runs = fewer(runs, kind);
    }
    runs.addAll(parts);
    return runs;
  }

  private static void add(
      Manifest manifest, Repository repository, ElementKind kind, boolean part, List<Run> runs) {
    List<Manifest.Segment> segments = manifest.segments(kind);
    if (!segments.isEmpty()) {
      runs.add(new Run(repository, segments, part));
    }
  }

  /** The first run is the base, by far the largest: it is left as it is. */
  private List<Run> fewer(List<Run> runs, ElementKind kind) {
    List<Run> result = new ArrayList<>(List.of(runs.get(0)));
    for (int from = 1; from < runs.size(); from += maxOpen) {
      List<Run> group = runs.subList(from, Math.min(runs.size(), from + maxOpen));
      result.addAll(group.size() == 1 ? group : merged(group, kind));
    }
    return result;
  }

  private List<Run> merged(List<Run> group, ElementKind kind) {
    try {
      Path directory = Files.createTempDirectory("varve-merge-");
      directories.add(directory);
      VersionCodec codec = new VersionCodec();
      AvroOutput entry = new AvroOutput();
      List<Manifest.Segment> segments = new ArrayList<>();
      long written = 0;
      try (NewestVersions newest = NewestVersions.of(group, vector, true);
          SegmentWriter writer = new SegmentWriter(directory.resolve("s"), "s", kind)) {
        for (Version v = newest.next(); v != null; v = newest.next()) {
          entry.clear().writeString(v.id());
          codec.writeHeader(v.held().header(), entry);
          AvroInput state = v.held().state();
          entry.raw(state.array(), state.position(), state.remaining());
          writer.append(v.id(), v.held().removed(), entry.array(), 0, entry.length());
          written++;
        }
        if (written > 0) {
          segments.add(writer.finish());
        }
      }
      return segments.isEmpty()
          ? List.of()
          : List.of(new Run(new DirectoryRepository(directory), segments, false));
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot merge a long chain in " + System.getProperty("java.io.tmpdir") + ": " + e,
          "free some space there, name another directory with -Djava.io.tmpdir, or make a"
              + " checkpoint so that the chain becomes short",
          e);
    }
  }

  @Override
  public void close() {
    for (Path directory : directories) {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      } catch (IOException e) {
        directory.toFile().deleteOnExit();
      }
    }
    directories.clear();
  }
}
