package dev.varve.compact;

import dev.varve.change.Transaction;
import dev.varve.tail.Insistence;
import dev.varve.tail.Intake;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.SortEntry.Rank;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.VersionHeader;

/** Puts what is not laid down yet into the sorter. */
final class Sorting implements Intake.Collector {

  private final VersionSorter sorter;
  private final Insistence insistence;

  Sorting(VersionSorter sorter, Insistence insistence) {
    this.sorter = sorter;
    this.insistence = insistence;
  }

  @Override
  public void version(
      byte kind,
      String id,
      Origin origin,
      VersionHeader header,
      Intake.Body body,
      boolean covered) {
    if (covered) {
      return;
    }
    Rank rank = new Rank(header.weight(), header.committedAtMicros());
    insistence.insist(
        "spill",
        () -> {
          sorter.addVersion(kind, id, origin, rank, body.bytes(), body.offset(), body.length());
          return true;
        });
  }

  @Override
  public void transaction(
      Origin origin, Transaction transaction, Intake.Body body, boolean covered) {
    if (covered) {
      return;
    }
    insistence.insist(
        "spill",
        () -> {
          sorter.addTransaction(origin, body.bytes(), body.offset(), body.length());
          return true;
        });
  }
}
