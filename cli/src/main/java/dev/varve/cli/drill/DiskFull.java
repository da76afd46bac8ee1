package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;

/** The disk that the chain is kept on is full to the last block. */
record DiskFull() implements Scenario.Trouble {

  @Override
  public String name() {
    return "disk-full";
  }

  @Override
  public String what() {
    return "the file system that the repository is on is full";
  }

  @Override
  public Need need() {
    return Need.SMALL_DISK;
  }

  @Override
  public void inject(Pair pair) throws IOException {
    pair.disk().fill();
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(10);
  }

  @Override
  public String mending() {
    return "room is made on it";
  }

  @Override
  public void mend(Pair pair) throws IOException {
    pair.disk().free();
  }

  @Override
  public Scenario.Follower concerns() {
    return Scenario.Follower.CHAIN;
  }
}
