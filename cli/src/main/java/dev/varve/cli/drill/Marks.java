package dev.varve.cli.drill;

import dev.varve.archive.Manifest;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * What a chain holds of a load, told by the primary's transaction numbers, so that nobody's clock
 * matters: what was acknowledged before the log was seen to end at a number is in a chain that
 * reaches it. At each look both are noted.
 */
final class Marks implements Behind.Look {

  /** As many looks may go by while the chain stands still. */
  private static final int MARKS_MAX = 100_000;

  /** So many were acknowledged, and then the log ended here. */
  private record Mark(long acknowledged, long seq) {}

  private final ChainEnd chain;
  private final IntSupplier acknowledged;
  private final LongSupplier lastTransaction;
  private final Deque<Mark> marks = new ArrayDeque<>();
  private long held;

  Marks(ChainEnd chain, IntSupplier acknowledged, LongSupplier lastTransaction) {
    this.chain = chain;
    this.acknowledged = acknowledged;
    this.lastTransaction = lastTransaction;
  }

  @Override
  public long holds() throws IOException {
    note();
    Optional<Manifest> newest = chain.read();
    return reached(newest.map(ChainEnd::reached).orElse(-1L));
  }

  void note() {
    int before = acknowledged.getAsInt();
    if (marks.size() < MARKS_MAX) {
      marks.addLast(new Mark(before, lastTransaction.getAsLong()));
    }
  }

  long reached(long seq) {
    while (!marks.isEmpty() && marks.getFirst().seq() <= seq) {
      held = marks.removeFirst().acknowledged();
    }
    return held;
  }
}
