package dev.varve.graph;

/**
 * Names one element of a graph: its kind and the store's own id as text.
 *
 * <p>Ordered by kind, then by the id's length, then by its characters, so that decimal ids come in
 * numeric order. Stores may use an id again after a delete.
 *
 * @param kind vertex or edge
 * @param id the store's id, not empty; for Neo4j the internal id in decimal
 */
public record ElementId(ElementKind kind, String id) implements Comparable<ElementId> {

  public ElementId {
    if (id.isEmpty()) {
      throw new IllegalArgumentException("element id must not be empty");
    }
  }

  public static ElementId vertex(String id) {
    return new ElementId(ElementKind.VERTEX, id);
  }

  public static ElementId edge(String id) {
    return new ElementId(ElementKind.EDGE, id);
  }

  /**
   * Reads the form that {@link #toString} writes: {@code v42}, {@code e7}. It is also the key of
   * the element's records in Kafka.
   *
   * @throws IllegalArgumentException if the text is not of this form
   */
  public static ElementId parse(String text) {
    if (text.length() < 2) {
      throw new IllegalArgumentException("element id must be v or e and an id, got '" + text + "'");
    }
    return new ElementId(ElementKind.ofCode(text.charAt(0)), text.substring(1));
  }

  @Override
  public int compareTo(ElementId other) {
    int byKind = kind.compareTo(other.kind);
    if (byKind != 0) {
      return byKind;
    }
    int byLength = Integer.compare(id.length(), other.id.length());
    return byLength != 0 ? byLength : id.compareTo(other.id);
  }

  @Override
  public String toString() {
    return kind.code() + id;
  }
}
