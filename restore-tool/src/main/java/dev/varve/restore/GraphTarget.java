package dev.varve.restore;

import java.util.List;

/**
 * The seam to whatever a graph can be restored into. The calls come in this order, from one thread:
 * {@link #open}, {@link #write}, {@link #readBack}, {@link #finish}, {@link #close}; after {@link
 * Standing#COMPARED} only {@link #finish} and {@link #close}. Every error is a {@link
 * dev.varve.fault.VarveException} that says what is left in the target.
 */
public interface GraphTarget extends AutoCloseable {

  /** How an operator knows it: the URI without anything secret. */
  String name();

  /**
   * Sees whether the restore may begin, and notes in the target that it has.
   *
   * @param overwrite whether what is there may be removed; without it, a target that is not empty
   *     is refused
   */
  Standing open(RestoreIdentity restore, boolean overwrite, Progress progress);

  /** Writes vertices, edges and schema; what an interrupted run of the same restore wrote stays. */
  void write(LiveGraph graph, Progress progress);

  /** Reads the whole of the target again, under the original ids of the vertices. */
  ReadBack readBack(Progress progress);

  /**
   * What could not be made in the target although its elements are what was planned, such as an
   * index that it refused; to be asked after {@link #write}.
   */
  default List<String> problems() {
    return List.of();
  }

  /**
   * Ends the restore.
   *
   * @param good whether what was read back is what was planned: then the target is declared done
   *     and all traces of the work are removed, else it is marked as not to be trusted
   */
  void finish(boolean good, Progress progress);

  /** Lets go of connections and files; never throws; without {@link #finish} nothing is done. */
  @Override
  void close();

  /** How far the target had got when it was opened. */
  enum Standing {
    FRESH,
    /** An interrupted run of the same restore is carried on. */
    RESUMED,
    /** An earlier run compared it and found it good; only the tidying is left. */
    COMPARED
  }
}
