package dev.varve.cli.drill;

/** The primary is lost and Kafka with it: the chain is left, and a standby that follows that. */
record SiteLost() implements Scenario {

  @Override
  public String name() {
    return "site-lost";
  }

  @Override
  public String what() {
    return "the primary, all brokers and every stage are killed; the chain and a standby that"
        + " follows nothing else are left";
  }

  @Override
  public boolean usesPairUp() {
    return true;
  }
}
