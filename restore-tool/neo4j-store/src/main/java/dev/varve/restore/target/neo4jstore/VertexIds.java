package dev.varve.restore.target.neo4jstore;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The ids of the vertices that were written, one bit each. Filled by one thread at a time, read by
 * many after that.
 */
final class VertexIds {

  /** 2^16 ids make a block of 8 KiB, so that a gap costs nothing. */
  private static final int BLOCK_BITS = 16;

  private static final int BLOCK_MASK = (1 << BLOCK_BITS) - 1;

  private final Map<Long, long[]> blocks = new HashMap<>();

  void add(long id) {
    int bit = (int) id & BLOCK_MASK;
    long[] block =
        blocks.computeIfAbsent(
            id >>> BLOCK_BITS, number -> new long[(1 << BLOCK_BITS) / Long.SIZE]);
    block[bit / Long.SIZE] |= 1L << (bit % Long.SIZE);
  }

  boolean contains(long id) {
    long @Nullable [] block = blocks.get(id >>> BLOCK_BITS);
    int bit = (int) id & BLOCK_MASK;
    return block != null && (block[bit / Long.SIZE] & 1L << (bit % Long.SIZE)) != 0;
  }
}
