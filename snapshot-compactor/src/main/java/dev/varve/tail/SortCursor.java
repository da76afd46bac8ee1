package dev.varve.tail;

import java.io.IOException;

/** Goes through entries in order. */
interface SortCursor extends AutoCloseable {

  /** Moves to the next entry; false at the end. */
  boolean next() throws IOException;

  /** Holds the entry, until {@link #next}. */
  byte[] bytes();

  /** Where in {@link #bytes} the entry begins. */
  int at();

  /** The entry's key. */
  long key();

  @Override
  void close() throws IOException;
}
