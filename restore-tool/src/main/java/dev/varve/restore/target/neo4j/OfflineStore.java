package dev.varve.restore.target.neo4j;

import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import java.nio.file.Path;
import java.util.function.LongFunction;

/**
 * Writes a Neo4j store directly, without a server. Implemented where Neo4j's own code may be
 * linked, and found with {@link java.util.ServiceLoader} on a class path of its own.
 *
 * <p>Vertices keep their ids, edges get new ones. All errors are {@link
 * dev.varve.fault.VarveException}s; a failed load leaves a directory that {@link #inspect} calls
 * {@link Condition#UNFINISHED}.
 */
public interface OfflineStore {

  /** What is in the place; creates and alters nothing. */
  Condition inspect(Place place);

  /**
   * Makes the database: vertices, edges, indexes, constraints. The place must be {@link
   * Condition#EMPTY} or {@link Condition#UNFINISHED}, or else {@code replace} be set, which
   * replaces this one database, at the latest when the restore is finished.
   *
   * <p>Every vertex id must be a decimal number that Neo4j can use as an internal id, and every
   * value one that Neo4j can hold; otherwise it is refused before anything is written, or at the
   * latest when it is met.
   */
  void load(Place place, LiveGraph graph, boolean replace, Resources resources, Progress progress);

  /**
   * Opens what was loaded, reads all of it and hashes it; the store is left as it was.
   *
   * @param originals the ids under which vertices are hashed, by those that they have in the store
   */
  ReadBack readBack(
      Place place, LongFunction<String> originals, Resources resources, Progress progress);

  /** Removes the mark of an unfinished load: the restore was compared and is good. */
  void finish(Place place);

  /**
   * @param directory Neo4j's home: it holds {@code data/databases/<database>} and {@code
   *     data/transactions/<database>} afterwards
   * @param database usually {@code neo4j}
   */
  record Place(Path directory, String database) {}

  /**
   * @param threads how many may work
   * @param memoryBytes how much may be used off the heap
   */
  record Resources(int threads, long memoryBytes) {}

  /** What stands in a place. */
  enum Condition {
    EMPTY,
    /** A load that did not get as far as {@link #finish}, and nothing that it would replace. */
    UNFINISHED,
    /** A database with something in it, or files that are not ours. */
    OCCUPIED,
    /** A running server holds the store's lock. */
    IN_USE
  }
}
