package dev.varve.archive;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A repository that does not answer as it should now; it may do so later. */
public final class RepositoryUnavailableException extends IOException {

  private final String hint;

  /**
   * @param hint what to do if it stays so, a sentence without the word HINT
   */
  public RepositoryUnavailableException(String message, String hint, @Nullable Throwable cause) {
    super(message, cause);
    this.hint = hint;
  }

  public String hint() {
    return hint;
  }
}
