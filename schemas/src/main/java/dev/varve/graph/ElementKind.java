package dev.varve.graph;

/** Which of the two things a property graph is made of. */
public enum ElementKind {
  VERTEX('v'),
  EDGE('e');

  private final char code;

  ElementKind(char code) {
    this.code = code;
  }

  /** The letter that begins the text form of an id of this kind: {@code v} or {@code e}. */
  public char code() {
    return code;
  }

  /**
   * The kind that a letter stands for.
   *
   * @throws IllegalArgumentException if it stands for none
   */
  public static ElementKind ofCode(char code) {
    return switch (code) {
      case 'v' -> VERTEX;
      case 'e' -> EDGE;
      default -> throw new IllegalArgumentException("element kind must be v or e, got " + code);
    };
  }
}
