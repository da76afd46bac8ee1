package dev.varve.age;

/**
 * The number that Apache AGE gives a vertex or an edge: its label's, and a running number under
 * that label.
 *
 * @param label the label's id in {@code ag_catalog.ag_label}, 1 to 65535
 * @param entry 1 to 2^48 - 1, by the label's sequence
 */
public record Graphid(int label, long entry) {

  private static final int ENTRY_BITS = 48;

  /** The highest running number. */
  public static final long ENTRY_MAX = (1L << ENTRY_BITS) - 1;

  public static final int LABEL_MAX = (1 << (Long.SIZE - ENTRY_BITS)) - 1;

  public Graphid {
    if (label < 0 || label > LABEL_MAX || entry < 0 || entry > ENTRY_MAX) {
      throw new IllegalArgumentException(
          "a graphid has a label up to %d and an entry up to %d, got %d and %d"
              .formatted(LABEL_MAX, ENTRY_MAX, label, entry));
    }
  }

  public static Graphid of(long number) {
    return new Graphid((int) (number >>> ENTRY_BITS), number & ENTRY_MAX);
  }

  /**
   * Reads what {@link #toString} writes.
   *
   * @throws IllegalArgumentException if the text is not a 64-bit number
   */
  public static Graphid parse(String text) {
    return of(Long.parseLong(text));
  }

  public long number() {
    return ((long) label << ENTRY_BITS) | entry;
  }

  /** In decimal, as AGE shows it; labels above 32767 make it negative. */
  @Override
  public String toString() {
    return Long.toString(number());
  }
}
