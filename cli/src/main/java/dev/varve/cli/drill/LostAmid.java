package dev.varve.cli.drill;

import java.io.IOException;
import java.util.Optional;

/**
 * The primary is lost while other things go wrong too, before the loss and after it.
 *
 * @param command does the same again
 */
record LostAmid(Scenario.PrimaryLost lost, FaultPlan meanwhile, String command)
    implements Scenario.PrimaryLost {

  @Override
  public String name() {
    return lost.name() + "-amid";
  }

  @Override
  public String what() {
    return lost.what() + ", amid " + meanwhile.faults().size() + " other faults";
  }

  @Override
  public Optional<String> repeatedBy() {
    return Optional.of(command);
  }

  @Override
  public void inject(Pair pair) throws IOException, InterruptedException {
    lost.inject(pair);
  }

  @Override
  public void comeBack(Pair pair) throws IOException, InterruptedException {
    lost.comeBack(pair);
  }
}
