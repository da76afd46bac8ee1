package dev.varve.cli.drill;

import java.time.Duration;

/** The object store answers late and little by little. */
record ObjectStoreSlow() implements Scenario.Trouble {

  @Override
  public String name() {
    return "object-store-slow";
  }

  @Override
  public String what() {
    return "each piece of at most 4 KiB to and from the object store takes 300 ms";
  }

  @Override
  public Need need() {
    return Need.OBJECT_STORE;
  }

  @Override
  public void inject(Pair pair) {
    pair.objectStore().door().set(Proxy.Way.SLOW);
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(15);
  }

  @Override
  public String mending() {
    return "it is as fast as before";
  }

  @Override
  public void mend(Pair pair) {
    pair.objectStore().door().set(Proxy.Way.OPEN);
  }

  @Override
  public Scenario.Follower concerns() {
    return Scenario.Follower.CHAIN;
  }
}
