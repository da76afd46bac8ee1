package dev.varve.fault;

/** How the command ends; the numbers are documented and do not change. */
public enum ExitCode {
  DONE(0),
  FAILED(1),
  DAMAGE_FOUND(2),
  DONE_WITH_PROBLEMS(3),
  NO_REPOSITORY(10),
  FENCED(11),
  WRONG_KEY(12),
  OUTSIDE_WINDOW(20),
  USAGE(64),
  INTERNAL(70);

  private final int number;

  ExitCode(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
