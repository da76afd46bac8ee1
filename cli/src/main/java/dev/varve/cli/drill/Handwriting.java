package dev.varve.cli.drill;

import java.util.List;

/**
 * The names of all that a {@link Load} writes, and so how it is found again.
 *
 * @param written label of the vertices, one a transaction
 * @param after type of the edges from each to the one before
 * @param half label of the two vertices that bear the number of the last transaction
 * @param same type of the edge between these
 * @param index name of the index of the first by their number, where a store needs one
 */
record Handwriting(String written, String after, String half, String same, String index) {

  /** In a store that holds nothing else. */
  static final Handwriting PLAIN = new Handwriting("Written", "AFTER", "Half", "SAME", "written");

  /** Beside what others have written. */
  static final Handwriting OF_VARVE =
      new Handwriting(
          "VarveDrillWritten",
          "VARVE_DRILL_AFTER",
          "VarveDrillHalf",
          "VARVE_DRILL_SAME",
          "varve_drill_written");

  /** The labels of vertices. */
  List<String> vertices() {
    return List.of(written, half);
  }

  /** The types of edges. */
  List<String> edges() {
    return List.of(after, same);
  }
}
