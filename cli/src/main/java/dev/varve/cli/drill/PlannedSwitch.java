package dev.varve.cli.drill;

/** The primary is well, and the standby takes its place all the same. */
record PlannedSwitch() implements Scenario {

  @Override
  public String name() {
    return "planned-switch";
  }

  @Override
  public String what() {
    return "the standby is promoted as planned, while the primary is well and written to";
  }

  @Override
  public boolean usesPairUp() {
    return true;
  }
}
