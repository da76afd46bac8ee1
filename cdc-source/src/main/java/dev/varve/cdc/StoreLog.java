package dev.varve.cdc;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.Optional;

/**
 * One open connection to a store whose committed transactions can be read in order: the seam that a
 * store implements.
 *
 * <p>A position is the store's own text and names a point between two changes; reading from the
 * same position gives the same changes in the same order, however often, only cut into other rows.
 * Every method throws {@link StoreUnavailableException} if the store cannot be reached (reading may
 * go on later, over a new connection), {@link LogGapException} if the log is not the one that the
 * position came from or does not reach back to it, and {@link dev.varve.fault.VarveException} if an
 * operator has to do something. Not thread-safe.
 */
public interface StoreLog extends AutoCloseable {

  /**
   * Which store this is, such as {@code neo4j:8f3c…}: another one after a restore or an import, the
   * same after a restart.
   */
  String identity();

  /** Where the log ends: after the last transaction that is wholly visible. */
  LogHead head();

  /**
   * Where the log is to be read from after a scan that begins now. A store that keeps its log only
   * for those who have asked for it is asked here.
   */
  default LogHead begin() {
    return head();
  }

  /**
   * Reads elements as they are now, each at least once unless it is changed meanwhile, in whatever
   * order the cursor can go on in, while the graph may be changing.
   *
   * @param cursor where the page before ended; absent for the first one
   * @param as what the elements' changes have to say of themselves
   */
  ScanPage scan(ElementKind kind, Optional<String> cursor, ScanAs as);

  /** Whether the store is a standby: a replay writes what it holds, and is not captured. */
  default boolean follows() {
    return false; // not every store tells
  }

  /** Every index and constraint that there is now. */
  StoreSchema schema();

  /**
   * Reads the log from a position to its end, which is at least where it ended when this was
   * called.
   *
   * @param from exclusive
   * @param as what the changes have to say of themselves
   * @param rows receives the rows in order
   * @return whether the end was reached; false if the receiver did not want more, or if the log is
   *     about to make up for something that it lacks there
   */
  boolean read(String from, ReadAs as, RowReceiver rows) throws InterruptedException;

  /**
   * Is told that everything up to a position has been committed in Kafka, so that the store need
   * not keep its log for us before that. May be called by another thread, and while reading.
   */
  default void acknowledge(String position) {
    // most stores keep their log by size or age
  }

  @Override
  void close();

  /** Receives rows of the log. */
  interface RowReceiver {

    /** Takes a row; returns whether more are wanted. */
    boolean accept(LogRow row) throws InterruptedException;
  }

  /**
   * What changes read from the log say of their writer.
   *
   * @param seen what it had seen of other sites
   */
  record ReadAs(Site site, VersionVector seen) {}

  /**
   * What changes made from scanned elements say of themselves: they stand for one transaction that
   * made the whole graph.
   *
   * @param seq that transaction's number: that of the last one before the scan began
   * @param committedAtMicros when it was committed
   */
  record ScanAs(Site site, VersionVector seen, long seq, long committedAtMicros) {}
}
