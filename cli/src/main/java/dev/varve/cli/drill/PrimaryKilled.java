package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;

/** The primary's process ends at once, as when its machine loses power; its disk stays. */
record PrimaryKilled() implements Scenario.PrimaryLost {

  private static final Duration START_WITHIN = Duration.ofMinutes(2);

  @Override
  public String name() {
    return "primary-killed";
  }

  @Override
  public String what() {
    return "the primary's process is killed";
  }

  @Override
  public void inject(Pair pair) {
    pair.primary().kill();
  }

  @Override
  public void comeBack(Pair pair) throws IOException {
    pair.primary().start();
    pair.primary().awaitReady(START_WITHIN);
  }
}
