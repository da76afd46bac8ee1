package dev.varve.fault;

import org.jspecify.annotations.Nullable;

/** An error that an operator can act on: what happened, what to do about it, and the exit code. */
public class VarveException extends RuntimeException {

  private final ExitCode exitCode;
  private final String hint;

  /**
   * @param message what happened and what is still safe, naming the values
   * @param hint what to do, a sentence without the word HINT
   */
  public VarveException(ExitCode exitCode, String message, String hint) {
    this(exitCode, message, hint, null);
  }

  public VarveException(ExitCode exitCode, String message, String hint, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
    this.hint = hint;
  }

  public ExitCode exitCode() {
    return exitCode;
  }

  public String hint() {
    return hint;
  }

  /**
   * Whether the same may go well later though nobody has done anything: false for what somebody has
   * to decide, so that trying again is of no use.
   */
  public boolean mayPass() {
    return exitCode == ExitCode.FAILED;
  }
}
