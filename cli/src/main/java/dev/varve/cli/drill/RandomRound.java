package dev.varve.cli.drill;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Several things go wrong at random moments, some of them at once; at its end everything is mended.
 *
 * @param number from 1 on
 * @param command does the same again
 */
record RandomRound(int number, FaultPlan plan, Need need, String command) implements Scenario {

  /** What is neither of the old primary nor lost with it. */
  private static final List<Part> AMID =
      List.of(
          Part.FOLD,
          Part.COMPACT,
          Part.REPLAY,
          Part.STANDBY,
          Part.BROKER_1,
          Part.BROKER_2,
          Part.BROKER_3);

  @Override
  public String name() {
    return "random-" + number;
  }

  @Override
  public String what() {
    return plan.faults().size() + " faults at random moments, some of them at once";
  }

  @Override
  public Optional<String> repeatedBy() {
    return Optional.of(command);
  }

  /** Rounds, and how the primary is replaced after them, if it is, drawn from a seed. */
  static List<Scenario> drawn(long seed, int rounds, boolean alone, String command) {
    SplittableRandom random = new SplittableRandom(seed);
    Need need = alone && random.nextBoolean() ? Need.OBJECT_STORE : Need.NOTHING;
    List<Part> parts =
        Stream.of(Part.values())
            .filter(part -> need == Need.OBJECT_STORE || !part.isOfObjectStore())
            .toList();
    List<Scenario> drawn = new ArrayList<>();
    for (int number = 1; number <= rounds; number++) {
      drawn.add(new RandomRound(number, FaultPlan.draw(random.split(), parts), need, command));
    }
    if (alone) {
      replaced(random, command).ifPresent(drawn::add);
    }
    return drawn;
  }

  /** A planned switch is for when all is well; a loss is not. */
  private static Optional<Scenario> replaced(SplittableRandom random, String command) {
    List<Scenario> ways = Scenario.all().stream().filter(Scenario::usesPairUp).toList();
    int drawn = random.nextInt(ways.size() + 1);
    if (drawn == ways.size()) {
      return Optional.empty();
    }
    return Optional.of(
        ways.get(drawn) instanceof PrimaryLost lost
            ? new LostAmid(lost, FaultPlan.draw(random.split(), AMID), command)
            : ways.get(drawn));
  }
}
