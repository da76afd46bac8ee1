package dev.varve.archive;

/** How the versions in a segment are laid out; {@code docs/format/segment.md} describes both. */
public enum SegmentFormat {
  /**
   * Version 1: any number of versions an element, as the topology tables have them. Deltas need it:
   * what each version replaced, and by which hash, cannot be found out in another way.
   */
  VERSIONS(1),

  /**
   * Version 2: one version an element, field by field in columns, without what follows from the
   * rest of it: the hash of a state above all, which is a third of a small element and cannot be
   * compressed.
   */
  ELEMENTS(2);

  private final int number;

  SegmentFormat(int number) {
    this.number = number;
  }

  /** What a manifest calls it. */
  public int number() {
    return number;
  }

  /** The format in which the segments of such a snapshot are written now. */
  public static SegmentFormat of(Manifest.Kind kind) {
    return kind.whole() ? ELEMENTS : VERSIONS;
  }

  static SegmentFormat ofNumber(long number) {
    for (SegmentFormat format : values()) {
      if (format.number == number) {
        return format;
      }
    }
    throw new IllegalArgumentException("segments of version " + number);
  }
}
