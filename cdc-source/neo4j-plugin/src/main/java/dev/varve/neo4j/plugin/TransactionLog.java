// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.neo4j.plugin.CdcException.Code;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.neo4j.common.DependencyResolver;
import org.neo4j.kernel.impl.transaction.CommittedCommandBatchRepresentation;
import org.neo4j.kernel.impl.transaction.CompleteBatchRepresentation;
import org.neo4j.kernel.impl.transaction.log.CommandBatchCursor;
import org.neo4j.kernel.impl.transaction.log.LogPosition;
import org.neo4j.kernel.impl.transaction.log.LogicalTransactionStore;
import org.neo4j.kernel.impl.transaction.log.NoSuchLogEntryException;
import org.neo4j.kernel.impl.transaction.log.files.LogFile;
import org.neo4j.kernel.impl.transaction.log.files.LogFiles;
import org.neo4j.procedure.TerminationGuard;
import org.neo4j.storageengine.api.MetadataProvider;
import org.neo4j.storageengine.api.TransactionId;

/** One database's transaction log: where it begins and ends, and reading it from a place on. */
final class TransactionLog {

  /** How often the log's beginning is looked for anew if it is pruned meanwhile. */
  private static final int EARLIEST_ATTEMPTS = 5;

  private static final String SCAN_ANEW =
      "Have capture scan the store anew, and raise db.tx_log.rotation.retention_policy above the"
          + " longest time that capture may be down.";

  private final LogicalTransactionStore store;
  private final LogFiles files;
  private final MetadataProvider metadata;

  TransactionLog(DependencyResolver database) {
    this.store = database.resolveDependency(LogicalTransactionStore.class);
    this.files = database.resolveDependency(LogFiles.class);
    this.metadata = database.resolveDependency(MetadataProvider.class);
  }

  /** The store's identity: it comes to be with the store, and an import makes a new one. */
  String storeId() {
    return metadata.getExternalStoreId().id().toString();
  }

  /** The newest transaction before which all others are in the store too. */
  TransactionId lastClosed() {
    return metadata.getLastClosedTransaction().transactionId();
  }

  /** The place after the newest closed transaction. */
  LogPlace current() {
    TransactionId last = lastClosed();
    return new LogPlace(
        storeId(), last.appendIndex(), last.id(), 0, OptionalInt.of(last.checksum()));
  }

  /** The place before the oldest transaction that the log still has. */
  LogPlace earliest() {
    for (int attempt = 1; ; attempt++) {
      try {
        return readEarliest();
      } catch (IOException e) {
        if (attempt == EARLIEST_ATTEMPTS) {
          throw broken("The beginning of the transaction log cannot be read: " + e.getMessage(), e);
        }
      }
    }
  }

  private LogPlace readEarliest() throws IOException {
    LogFile file = files.getLogFile();
    LogPosition start = file.extractHeader(file.getLowestLogVersion()).getStartPosition();
    try (CommandBatchCursor cursor = store.getCommandBatches(start)) {
      if (!cursor.next()) {
        return current();
      }
      CommittedCommandBatchRepresentation first = cursor.get();
      return new LogPlace(
          storeId(), first.appendIndex() - 1, first.txId() - 1, 0, previousChecksum(first));
    }
  }

  /**
   * Opens the log for reading from a place up to the newest transaction closed by now.
   *
   * @param guard asked before each transaction whether the client still wants it
   * @throws CdcException if the place is another store's, or the log there is gone
   */
  Cursor open(LogPlace from, TerminationGuard guard) {
    if (!from.store().equals(storeId())) {
      throw new CdcException(
          Code.OTHER_STORE,
          "Position "
              + from
              + " is of the store "
              + from.store()
              + ", this one is "
              + storeId()
              + ".",
          "Check the address. If the store was replaced, have capture scan it as a new incarnation.");
    }
    TransactionId last = lastClosed();
    if (from.appendIndex() > last.appendIndex() || from.txId() > last.id()) {
      throw otherHistory(from, "the store has only reached transaction " + last.id());
    }
    if (from.appendIndex() == last.appendIndex()
        && from.checksum().isPresent()
        && from.checksum().getAsInt() != last.checksum()) {
      throw otherHistory(from, "the store's transaction " + last.id() + " is not the same one");
    }
    return new Cursor(from, last, guard);
  }

  /** Reads transactions one after another and sees to it that none is missing. */
  final class Cursor implements AutoCloseable {

    private final LogPlace from;
    private final TransactionId last;
    private final TerminationGuard guard;
    private @Nullable CommandBatchCursor batches;
    private long appendIndex;
    private long txId;
    private boolean first = true;

    private Cursor(LogPlace from, TransactionId last, TerminationGuard guard) {
      this.from = from;
      this.last = last;
      this.guard = guard;
      this.appendIndex = from.firstAppendIndex() - 1;
      this.txId = from.isInsideTransaction() ? from.txId() - 1 : from.txId();
    }

    /**
     * The next transaction; null after the newest that was closed when the cursor was opened.
     *
     * @throws CdcException if it is not in the log any more
     */
    @Nullable CommittedCommandBatchRepresentation next() {
      if (appendIndex >= last.appendIndex()) {
        return null;
      }
      guard.check();
      CommittedCommandBatchRepresentation batch = advance();
      check(batch);
      first = false;
      appendIndex = batch.appendIndex();
      txId = batch.txId();
      return batch;
    }

    /**
     * Moves on. An end before the newest transaction is none: pruning takes files from under an
     * open cursor, which then ends as if there were no more. It is opened once more to find out.
     */
    private CommittedCommandBatchRepresentation advance() {
      for (int attempt = 1; attempt <= 2; attempt++) {
        try {
          CommandBatchCursor open = batches == null ? reopen() : batches;
          if (open.next()) {
            return open.get();
          }
        } catch (NoSuchLogEntryException | NoSuchFileException e) {
          throw pruned(e);
        } catch (IOException e) {
          if (attempt == 2) {
            throw broken(
                "The transaction log cannot be read after transaction "
                    + txId
                    + ": "
                    + e.getMessage(),
                e);
          }
        }
        close();
      }
      throw broken(
          "The transaction log ends after transaction "
              + txId
              + ", the store has reached "
              + last.id()
              + ".",
          null);
    }

    private CommandBatchCursor reopen() throws IOException {
      CommandBatchCursor opened = store.getCommandBatches(appendIndex + 1);
      batches = opened;
      return opened;
    }

    private CdcException pruned(IOException cause) {
      return new CdcException(
          Code.LOG_PRUNED,
          "The transaction log after transaction "
              + txId
              + " was pruned; the store has reached "
              + last.id()
              + ". Nothing that was read before is affected.",
          SCAN_ANEW,
          cause);
    }

    private void check(CommittedCommandBatchRepresentation batch) {
      if (!(batch instanceof CompleteBatchRepresentation)) {
        throw new CdcException(
            Code.UNSUPPORTED_LOG,
            "Transaction "
                + batch.txId()
                + " is in several pieces in the log, which this plugin does not know.",
            "Use a store format of Community, such as aligned.");
      }
      if (batch.appendIndex() != appendIndex + 1 || batch.txId() <= txId) {
        throw broken(
            "The transaction log has transaction "
                + batch.txId()
                + " ("
                + batch.appendIndex()
                + ") after transaction "
                + txId
                + " ("
                + appendIndex
                + ").",
            null);
      }
      if (!first) {
        if (batch.txId() != txId + 1) {
          throw broken(
              "The transaction log lacks the transactions between "
                  + txId
                  + " and "
                  + batch.txId()
                  + ".",
              null);
        }
      } else if (from.isInsideTransaction()) {
        checkOwn(batch);
      } else {
        checkPredecessor(batch);
      }
    }

    /** The place is inside this transaction: it has to be the same one. */
    private void checkOwn(CommittedCommandBatchRepresentation batch) {
      if (batch.txId() != from.txId()
          || (from.checksum().isPresent() && from.checksum().getAsInt() != batch.checksum())) {
        throw otherHistory(from, "the store's log has another transaction there");
      }
    }

    /** The place is after the transaction before this one: that has to be the same one. */
    private void checkPredecessor(CommittedCommandBatchRepresentation batch) {
      OptionalInt logged = previousChecksum(batch);
      if (from.checksum().isEmpty() || from.checksum().equals(logged)) {
        return;
      }
      // A store that was imported begins its log with another checksum than its metadata has. The
      // transaction itself decides, if the log has it; if not, it was before this log's beginning.
      try (CommandBatchCursor before = store.getCommandBatches(from.appendIndex())) {
        if (before.next() && before.get().checksum() != from.checksum().getAsInt()) {
          throw otherHistory(
              from, "the store's transaction " + from.txId() + " is not the same one");
        }
      } catch (NoSuchLogEntryException e) {
        return;
      } catch (IOException e) {
        throw broken("Transaction " + from.txId() + " cannot be read: " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      if (batches != null) {
        try {
          batches.close();
        } catch (IOException e) {
          throw broken("The transaction log cannot be closed: " + e.getMessage(), e);
        } finally {
          batches = null;
        }
      }
    }
  }

  private static OptionalInt previousChecksum(CommittedCommandBatchRepresentation batch) {
    return batch instanceof CompleteBatchRepresentation complete
        ? OptionalInt.of(complete.startEntry().getPreviousChecksum())
        : OptionalInt.empty();
  }

  private static CdcException otherHistory(LogPlace from, String finding) {
    return new CdcException(
        Code.OTHER_STORE,
        "Position "
            + from
            + " is not in this store's history: "
            + finding
            + ". The store was put back to an older copy.",
        "Have capture scan the store anew as a new incarnation.");
  }

  private static CdcException broken(String message, @Nullable Throwable cause) {
    return new CdcException(
        Code.LOG_BROKEN,
        message,
        "Try again; if it stays so, check the store's consistency and have capture scan it anew.",
        cause);
  }
}
