package dev.varve.cli.drill;

/** The primary lives, and nothing that is sent to it or by it arrives. */
record PrimaryPartitioned() implements Scenario.PrimaryLost {

  @Override
  public String name() {
    return "primary-partitioned";
  }

  @Override
  public String what() {
    return "everything to and from the primary is dropped silently";
  }

  @Override
  public void inject(Pair pair) {
    pair.doors().set(Proxy.Way.SILENT);
  }

  /** It never went away; what the fence has shut stays shut. */
  @Override
  public void comeBack(Pair pair) {}
}
