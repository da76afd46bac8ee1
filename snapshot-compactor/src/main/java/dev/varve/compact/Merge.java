package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.InexactSpan;
import dev.varve.change.Transaction;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Merges deltas that follow each other into one. Reads and writes the repository alone; the chain
 * may go on meanwhile.
 *
 * <p>Everything streams by: one block of each delta is in memory. The result is only published if
 * it leads from the fingerprint at its beginning to that at its end, and the counts agree.
 */
final class Merge {

  private final Workbench bench;

  Merge(Workbench bench) {
    this.bench = bench;
  }

  /**
   * Makes what a plan says.
   *
   * @param tip the newest entry
   * @throws DamagedException if a delta is not what its manifest says; nothing is published
   */
  Manifest run(MergePlan.Job job, Manifest.Parent tip) throws IOException {
    Freshness freshness = new Freshness(bench.clock());
    return bench.publishBehind(make(job, tip), freshness);
  }

  private Manifest make(MergePlan.Job job, Manifest.Parent tip) throws IOException {
    Manifest last = job.last();
    boolean fine = job.kind().everyMoment();
    try (VersionMerge versions = versions(job);
        SnapshotBuilder builder =
            new SnapshotBuilder(
                bench,
                last.graph(),
                tip.number() + 1,
                job.kind(),
                Optional.of(job.before()),
                job.before().schema())) {
      if (fine) {
        copyAll(versions, builder);
        copyTransactions(job, builder);
      } else {
        thin(versions, builder);
      }
      builder.finish();
      check(builder, job);
      return new Manifest(
          last.graph(),
          tip.number() + 1,
          job.kind(),
          Optional.of(tip),
          job.from(),
          last.to(),
          span(job),
          last.positions(),
          last.sites(),
          builder.counts(),
          builder.fingerprint(),
          last.schema(),
          builder.segments(),
          builder.transactions(),
          inexact(job),
          bench.writer(),
          bench.publisher().encoding(job.kind()),
          bench.clock().instant());
    }
  }

  private VersionMerge versions(MergePlan.Job job) {
    List<VersionRun> runs = new ArrayList<>();
    for (Chain.Link delta : job.deltas()) {
      runs.add(new VersionRun.OfSnapshot(bench.repository(), delta.manifest()));
    }
    return new VersionMerge(runs);
  }

  private static void copyAll(VersionMerge versions, SnapshotBuilder builder) throws IOException {
    while (versions.next()) {
      builder.addVersion(versions.kind(), versions.id(), versions.header(), versions.datum());
    }
  }

  private static void thin(VersionMerge versions, SnapshotBuilder builder) throws IOException {
    NewestOfEach newest = new NewestOfEach(versions);
    while (newest.next()) {
      builder.addVersion(newest.kind(), newest.id(), newest.headerOfAll(), newest.datumOfAll());
    }
  }

  private void copyTransactions(MergePlan.Job job, SnapshotBuilder builder) throws IOException {
    for (Chain.Link delta : job.deltas()) {
      Optional<Manifest.TransactionsFile> file = delta.manifest().transactions();
      if (file.isPresent()) {
        try (TransactionsReader reader = TransactionsReader.open(bench.repository(), file.get())) {
          for (Transaction next = reader.next(); next != null; next = reader.next()) {
            builder.addTransaction(next);
          }
        }
      }
    }
  }

  private static List<InexactSpan> inexact(MergePlan.Job job) {
    return InexactSpan.joined(
        job.deltas().stream().flatMap(delta -> delta.manifest().inexact().stream()).toList());
  }

  private static Manifest.CommitSpan span(MergePlan.Job job) {
    long first = Long.MAX_VALUE;
    long last = Long.MIN_VALUE;
    for (Chain.Link delta : job.deltas()) {
      first = Math.min(first, delta.manifest().committed().firstMicros());
      last = Math.max(last, delta.manifest().committed().lastMicros());
    }
    return new Manifest.CommitSpan(first, last);
  }

  private static void check(SnapshotBuilder builder, MergePlan.Job job) {
    Manifest last = job.last();
    Manifest.Counts counts = builder.counts();
    long versions = job.deltas().stream().mapToLong(d -> d.manifest().counts().versions()).sum();
    long transactions =
        job.deltas().stream().mapToLong(d -> d.manifest().counts().transactions()).sum();
    boolean complete =
        !job.kind().everyMoment()
            || (counts.versions() == versions && counts.transactions() == transactions);
    if (!complete
        || !builder.fingerprint().equals(last.fingerprint())
        || counts.vertices() != last.counts().vertices()
        || counts.edges() != last.counts().edges()) {
      throw new DamagedException(
          last.key(),
          ("merged, the deltas up to it lead to %d vertices, %d edges and the fingerprint %s by %d"
                  + " versions of %d transactions, not to %d, %d and %s by %d of %d")
              .formatted(
                  counts.vertices(),
                  counts.edges(),
                  builder.fingerprint(),
                  counts.versions(),
                  counts.transactions(),
                  last.counts().vertices(),
                  last.counts().edges(),
                  last.fingerprint(),
                  versions,
                  transactions),
          null);
    }
  }
}
