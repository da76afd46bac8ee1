package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;

/** The object store is gone for a while. */
record ObjectStoreDown() implements Scenario.Trouble {

  private static final Duration START_WITHIN = Duration.ofMinutes(1);

  @Override
  public String name() {
    return "object-store-down";
  }

  @Override
  public String what() {
    return "the object store's process is killed";
  }

  @Override
  public Need need() {
    return Need.OBJECT_STORE;
  }

  @Override
  public void inject(Pair pair) {
    pair.objectStore().server().kill();
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(10);
  }

  @Override
  public String mending() {
    return "the object store is started again";
  }

  @Override
  public void mend(Pair pair) throws IOException {
    pair.objectStore().server().start();
    pair.objectStore().server().awaitReady(START_WITHIN);
  }

  @Override
  public Scenario.Follower concerns() {
    return Scenario.Follower.CHAIN;
  }
}
