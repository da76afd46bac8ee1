package dev.varve.cli.drill;

import java.io.IOException;

/** The primary's process stands still: its connections stay, and nothing answers. */
record PrimaryFrozen() implements Scenario.PrimaryLost {

  @Override
  public String name() {
    return "primary-frozen";
  }

  @Override
  public String what() {
    return "the primary's process is stopped where it is (SIGSTOP)";
  }

  @Override
  public void inject(Pair pair) throws IOException, InterruptedException {
    pair.primary().freeze();
  }

  @Override
  public void comeBack(Pair pair) throws IOException, InterruptedException {
    pair.primary().thaw();
  }
}
