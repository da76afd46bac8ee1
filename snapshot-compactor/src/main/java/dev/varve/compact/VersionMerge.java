package dev.varve.compact;

import dev.varve.compact.SnapshotBuilder.Datum;
import dev.varve.graph.ElementKind;
import dev.varve.topology.VersionHeader;
import java.io.IOException;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Several runs as one. What is open of them is all the memory it needs: a block a run, packed and
 * unpacked, about 400 KB.
 */
final class VersionMerge implements VersionRun {

  /** How many runs may be merged at a time. */
  static final int RUNS_MAX = 64;

  private final List<? extends VersionRun> runs;
  private final PriorityQueue<VersionRun> waiting;
  private @Nullable VersionRun current;
  private boolean begun;

  /**
   * @param runs before their first version; closed with this one
   */
  VersionMerge(List<? extends VersionRun> runs) {
    if (runs.size() > RUNS_MAX + 1) {
      throw new IllegalArgumentException("at most " + RUNS_MAX + " runs, got " + runs.size());
    }
    this.runs = List.copyOf(runs);
    this.waiting = new PriorityQueue<>(Math.max(1, runs.size()), ORDER);
  }

  @Override
  public boolean next() throws IOException {
    VersionRun last = current;
    if (!begun) {
      begun = true;
      for (VersionRun run : runs) {
        if (run.next()) {
          waiting.add(run);
        }
      }
    } else if (last != null && last.next()) {
      VersionRun rival = waiting.peek();
      if (rival == null || ORDER.compare(last, rival) <= 0) {
        return true;
      }
      waiting.add(last);
    }
    current = waiting.poll();
    return current != null;
  }

  @Override
  public ElementKind kind() {
    return current().kind();
  }

  @Override
  public String id() {
    return current().id();
  }

  @Override
  public VersionHeader header() {
    return current().header();
  }

  @Override
  public Datum datum() {
    return current().datum();
  }

  @Override
  public Provenance provenance() {
    return current().provenance();
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (VersionRun run : runs) {
      try {
        run.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private VersionRun current() {
    VersionRun run = current;
    if (run == null) {
      throw new IllegalStateException("next() comes first");
    }
    return run;
  }
}
