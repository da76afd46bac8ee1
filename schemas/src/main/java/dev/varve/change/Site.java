package dev.varve.change;

/**
 * One place where the graph is written, and which life of it.
 *
 * @param name letters, digits, dot, dash and underscore
 * @param incarnation counts from 1; a restored or promoted store is a new incarnation
 */
public record Site(String name, int incarnation) implements Comparable<Site> {

  public Site {
    if (!name.matches("[A-Za-z0-9._-]+")) {
      throw new IllegalArgumentException(
          "site name must be letters, digits, '.', '-' or '_', got '" + name + "'");
    }
    if (incarnation < 1) {
      throw new IllegalArgumentException("incarnation must be >= 1, got " + incarnation);
    }
  }

  /**
   * Reads {@code berlin@1}.
   *
   * @throws IllegalArgumentException if the text is not of this form
   */
  public static Site parse(String text) {
    int at = text.lastIndexOf('@');
    if (at < 1) {
      throw new IllegalArgumentException("site must be name@incarnation, got '" + text + "'");
    }
    try {
      return new Site(text.substring(0, at), Integer.parseInt(text.substring(at + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("site must be name@incarnation, got '" + text + "'", e);
    }
  }

  /** The life after this one. */
  public Site next() {
    return new Site(name, incarnation + 1);
  }

  @Override
  public int compareTo(Site other) {
    int byName = name.compareTo(other.name);
    return byName != 0 ? byName : Integer.compare(incarnation, other.incarnation);
  }

  @Override
  public String toString() {
    return name + "@" + incarnation;
  }
}
