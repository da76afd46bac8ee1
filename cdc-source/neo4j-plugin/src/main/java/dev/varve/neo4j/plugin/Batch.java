// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.TransactionCodec;
import java.util.List;
import java.util.Optional;

/** One row's log batch while it is filled; used again for the next row. Not thread-safe. */
final class Batch {

  private final ElementHasher hasher = new ElementHasher();
  private final ChangeCodec changes = new ChangeCodec();
  private final TransactionCodec transactions = new TransactionCodec();
  private final AvroOutput body = new AvroOutput();
  private final VersionVector seen;

  private AvroOutput out = new AvroOutput();
  private LogBatch.Writer writer = new LogBatch.Writer(out);

  Batch(VersionVector seen) {
    this.seen = seen;
  }

  void change(
      ElementId id,
      Dot dot,
      long committedAtMicros,
      Optional<Element> state,
      List<String> alteredLabels,
      List<String> alteredProperties) {
    ChangeHeader header =
        new ChangeHeader(
            dot,
            committedAtMicros,
            seen,
            state.map(element -> hasher.hash(id, element)),
            alteredLabels,
            alteredProperties);
    changes.write(new Change(id, header, state), body.clear());
    writer.change(id, body);
  }

  void transaction(long appendIndex, Transaction transaction) {
    transactions.write(transaction, body.clear());
    writer.transaction(appendIndex, body);
  }

  int lengthBytes() {
    return out.length();
  }

  /** The bytes so far; the batch is empty after. */
  byte[] take() {
    byte[] bytes = out.toByteArray();
    out = new AvroOutput();
    writer = new LogBatch.Writer(out);
    return bytes;
  }
}
