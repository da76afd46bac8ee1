package dev.varve.replay;

import dev.varve.archive.Manifest;
import dev.varve.archive.Reached;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import dev.varve.tail.Cut;
import dev.varve.tail.Intake;
import dev.varve.tail.SortEntry;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.SortEntry.Rank;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What was read and is not applied yet: versions in a sorter, which spills to disk, and the
 * transactions that they belong to.
 *
 * <p>Versions that were applied stay as long as one of the same element waits: with several sites a
 * version may come late that is older than one that was applied.
 */
final class Pending implements Intake.Collector, AutoCloseable {

  private final VersionSorter sorter;
  private final Backlog backlog = new Backlog();
  private final long heldBytes;

  /**
   * @param directory for what does not fit
   * @param sortBytes memory for sorting
   * @param heldBytes an advance that is not larger is held in memory while it is applied
   */
  Pending(Path directory, long sortBytes, long heldBytes) {
    this.sorter = new VersionSorter(directory, sortBytes);
    this.heldBytes = heldBytes;
  }

  Backlog backlog() {
    return backlog;
  }

  long bytes() {
    return sorter.bytes();
  }

  @Override
  public void version(
      byte kind,
      String id,
      Origin origin,
      VersionHeader header,
      Intake.Body body,
      boolean covered) {
    if (!covered) {
      backlog.version(
          header.dot().site(), header.dot().seq(), header.committedAtMicros(), body.length());
    }
    onDisk(
        () ->
            sorter.addVersion(
                kind,
                id,
                origin,
                new Rank(header.weight(), header.committedAtMicros()),
                body.bytes(),
                body.offset(),
                body.length()));
  }

  @Override
  public void transaction(
      Origin origin, Transaction transaction, Intake.Body body, boolean covered) {
    if (!covered) {
      backlog.transaction(transaction, origin);
    }
  }

  /** Where to go on reading after a cut, given the first versions of each place beyond it. */
  @FunctionalInterface
  interface Positions {
    List<Manifest.Position> after(Cut cut, Optional<Origin>[] firstUncovered);
  }

  /**
   * What leads to a cut.
   *
   * @return empty if it cannot be told yet which of two concurrent versions an element has at the
   *     cut; at a later cut it can
   */
  Optional<Advance> advance(Reached from, Cut to, Goal goal) {
    boolean concurrent = concurrent(to);
    Survey survey = new Survey(from, to.vector(), concurrent, goal.places(), heldBytes);
    boolean inLine = goal.everyMoment() && !concurrent;
    scan(new Newest(from.vector(), to.vector(), inLine, survey));
    if (survey.undecided()) {
      return Optional.empty();
    }
    Origin first = backlog.firstUncovered(to.vector()).orElse(null);
    if (first != null) {
      survey.uncovered(first);
    }
    Optional<Fingerprint> known =
        goal.fingerprint().filter(end -> to.vector().equals(goal.cut().vector()));
    Reached next =
        new Reached(
            from.graph(),
            from.chain(),
            to.vector(),
            to.sites(),
            Math.max(from.committedAtMicros(), to.committedAtMicros()),
            goal.positions().after(to, survey.firstUncovered()),
            known.orElse(survey.fingerprint()),
            known.isPresent() || !concurrent || survey.waiting() == 0,
            backlog.schema(from.schema(), to.vector()));
    return Optional.of(new Found(from, next, inLine, survey));
  }

  /** Whether what follows an advance can be told before that was applied. */
  static boolean isInLine(Advance advance) {
    Found found = (Found) advance;
    return found.inLine && found.survey.held().isPresent();
  }

  /** Whether several sites write side by side. */
  private boolean concurrent(Cut to) {
    Set<Site> sites = new HashSet<>(backlog.sites());
    to.sites().forEach(cut -> sites.add(cut.site()));
    to.sites().forEach(cut -> cut.replaces().ifPresent(sites::remove));
    return sites.size() > 1;
  }

  /** The advance was applied: what it holds is no longer needed. */
  void applied(Advance advance) {
    Survey survey = ((Found) advance).survey;
    VersionVector cut = advance.to().vector();
    onDisk(
        () -> {
          try (VersionSorter.Merge merge = sorter.merge()) {
            while (merge.next()) {
              if (survey.stays(merge.bytes(), merge.at(), cut)) {
                merge.keep();
              }
            }
            merge.seal();
            merge.commit();
          }
        });
    backlog.forget(cut);
  }

  void clear() {
    onDisk(sorter::clear);
    backlog.clear();
  }

  @Override
  public void close() throws IOException {
    sorter.close();
  }

  private void scan(Newest newest) {
    onDisk(
        () -> {
          try (VersionSorter.Merge merge = sorter.merge()) {
            newest.run(merge);
          }
        });
  }

  private interface DiskWork {
    void run() throws IOException;
  }

  private static void onDisk(DiskWork work) {
    try {
      work.run();
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot sort what is to be applied: " + e + "; the standby is as it was",
          "make room in the directory 'data'",
          e);
    }
  }

  /** Held in memory, or read from the sorter again each time. */
  private final class Found implements Advance {
    private final Reached from;
    private final Reached to;
    private final boolean inLine;
    private final Survey survey;

    Found(Reached from, Reached to, boolean inLine, Survey survey) {
      this.from = from;
      this.to = to;
      this.inLine = inLine;
      this.survey = survey;
    }

    @Override
    public Reached from() {
      return from;
    }

    @Override
    public Reached to() {
      return to;
    }

    @Override
    public long elements() {
      return survey.elements();
    }

    @Override
    public void each(ElementKind kind, java.util.function.Consumer<Changed> receiver) {
      if (survey.held().isPresent()) {
        survey.held().get().stream()
            .filter(changed -> changed.id().kind() == kind)
            .forEach(receiver);
        return;
      }
      byte wanted = kind == ElementKind.VERTEX ? SortEntry.VERTEX : SortEntry.EDGE;
      Newest.Receiver each =
          new Newest.Receiver() {
            @Override
            public boolean wants(byte k) {
              return k == wanted;
            }

            @Override
            public void element(Newest.Element element) {
              element.changed().ifPresent(receiver);
            }
          };
      scan(new Newest(from.vector(), to.vector(), inLine, each));
    }
  }
}
