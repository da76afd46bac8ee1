package dev.varve.restore;

import org.jspecify.annotations.Nullable;

/** Versions in the order of ids and then of versions; a removal has no state. */
interface VersionSource extends AutoCloseable {

  /** The next version; null at the end. */
  @Nullable Version next();

  @Override
  void close();
}
