package dev.varve.graph;

/**
 * The hash of an element's content: 128 bits, the first half of a SHA-256 over a canonical form.
 *
 * <p>A vertex's content is its id, labels and properties. An edge's is its type, the ids of its two
 * ends and its properties, without its own id: most stores cannot be told which id to give an edge.
 * Widths are left out (see {@link Value}). The canonical form is described in {@code
 * docs/format/topology.md} and made by {@link ElementHasher}.
 *
 * @param high the first eight bytes, big endian
 * @param low the second eight bytes
 */
public record ElementHash(long high, long low) {

  /** The number of bytes in the binary form. */
  public static final int LENGTH_BYTES = 16;

  @Override
  public String toString() {
    return String.format("%016x%016x", high, low);
  }
}
