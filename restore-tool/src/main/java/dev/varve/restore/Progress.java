package dev.varve.restore;

/** Is told how far long work has come. Called from several threads. */
public interface Progress {

  /** Listens to nothing. */
  Progress NONE =
      new Progress() {
        @Override
        public void phase(String name, long expected) {}

        @Override
        public void advance(long done) {}
      };

  /**
   * A phase begins.
   *
   * @param name such as {@code vertices}, {@code edges}, {@code schema}, {@code read back}
   * @param expected about how many elements it has
   */
  void phase(String name, long expected);

  /**
   * @param done how many more elements of the phase are done
   */
  void advance(long done);
}
