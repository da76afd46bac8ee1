package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;

/** One of three brokers is killed, and everything goes on with the other two. */
record BrokerKilled() implements Scenario.Trouble {

  private static final Duration START_WITHIN = Duration.ofMinutes(2);

  @Override
  public String name() {
    return "broker-killed";
  }

  @Override
  public String what() {
    return "one broker of three is killed, with the partitions that it leads";
  }

  @Override
  public void inject(Pair pair) {
    pair.broker().kill();
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(3);
  }

  @Override
  public boolean enduredUnmended() {
    return true;
  }

  @Override
  public String mending() {
    return "the broker is started again";
  }

  @Override
  public void mend(Pair pair) throws IOException {
    pair.broker().start();
    pair.broker().awaitReady(START_WITHIN);
  }

  @Override
  public Scenario.Follower concerns() {
    return Scenario.Follower.STANDBY;
  }
}
