package dev.varve.cdc;

import dev.varve.change.Transaction;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.AvroInput;
import dev.varve.wire.LogBatch;
import dev.varve.wire.TransactionCodec;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a store has committed after what was captured of it: the transactions that only it knows.
 *
 * @param transactions those that changed an element, an index or a constraint
 * @param changes of elements
 * @param first the number of the first of these transactions
 * @param last the number of the last of them
 */
public record Remainder(long transactions, long changes, OptionalLong first, OptionalLong last) {

  /** Is handed what was found, in the order of the log. */
  public interface Receiver {

    /** A batch of the log, as {@link LogBatch} has it. */
    void batch(byte[] batch);
  }

  public boolean isEmpty() {
    return transactions == 0;
  }

  /**
   * Reads it, to the log's end as it is now. Alters nothing and publishes nothing.
   *
   * @param captured where capture stood
   * @throws StoreUnavailableException if the store cannot be reached
   * @throws LogGapException if it is another store, or its log no longer reaches back so far
   */
  public static Remainder read(CaptureSource source, CaptureState captured, Receiver receiver) {
    if (captured.scan().isPresent() || captured.until().isPresent()) {
      throw new VarveException(
          ExitCode.FAILED,
          "the capture of " + captured.site() + " never came to the end of its first scan",
          "compare the store with a restore of the chain by hand");
    }
    if (!captured.hasPosition()) {
      throw new VarveException(
          ExitCode.FAILED,
          "where the capture of " + captured.site() + " stood was lost with Kafka",
          "keep the old primary's store as it is, and compare it by hand with a restore of the"
              + " chain up to tx:"
              + captured.site()
              + "/"
              + captured.seq());
    }
    try (StoreLog log = source.open()) {
      if (!log.identity().equals(captured.store())) {
        throw LogGapException.otherStore(captured.store(), log.identity());
      }
      Counter counter = new Counter();
      log.read(
          captured.position(),
          new StoreLog.ReadAs(captured.site(), captured.seen()),
          row -> {
            LogBatch.read(row.batch(), counter);
            receiver.batch(row.batch());
            return true;
          });
      return counter.found();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VarveException(
          ExitCode.FAILED, "reading the store's log was interrupted", "do it again", e);
    }
  }

  private static final class Counter implements LogBatch.Visitor {
    private final TransactionCodec codec = new TransactionCodec();
    private long transactions;
    private long changes;
    private long ofThisOne;
    private @Nullable Long first;
    private @Nullable Long last;

    @Override
    public void change(String key, AvroInput body) {
      ofThisOne++;
    }

    @Override
    public void sweep(AvroInput body) {
      ofThisOne++;
    }

    @Override
    public void transaction(long logPosition, AvroInput body) {
      Transaction transaction = codec.read(body);
      if (ofThisOne > 0 || transaction.schema().isPresent()) {
        transactions++;
        changes += ofThisOne;
        first = first == null ? Long.valueOf(transaction.seq()) : first;
        last = transaction.seq();
      }
      ofThisOne = 0;
    }

    Remainder found() {
      return new Remainder(transactions, changes, optional(first), optional(last));
    }

    private static OptionalLong optional(@Nullable Long number) {
      return number == null ? OptionalLong.empty() : OptionalLong.of(number);
    }
  }
}
