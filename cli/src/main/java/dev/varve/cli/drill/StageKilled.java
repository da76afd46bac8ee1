package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;

/**
 * One of the stages is killed; whatever supervises it starts it again.
 *
 * @param stage its command
 * @param concerns what is behind while it is away
 */
record StageKilled(String stage, Scenario.Follower concerns) implements Scenario.Trouble {

  @Override
  public String name() {
    return (stage.equals("compact") ? "compactor" : stage) + "-killed";
  }

  @Override
  public String what() {
    return "the process of varve " + stage + " is killed";
  }

  @Override
  public void inject(Pair pair) {
    pair.stages().kill(stage);
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public String mending() {
    return "its supervisor starts it again";
  }

  @Override
  public void mend(Pair pair) throws IOException, InterruptedException {
    pair.stages().awaitAlive(stage);
  }
}
