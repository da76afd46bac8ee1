package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What is drawn from a seed keeps to its bounds, whatever the seed. */
final class FaultPlanTest {

  private static final int SEEDS = 500;

  private static List<FaultPlan> plans() {
    return LongStream.range(0, SEEDS)
        .mapToObj(seed -> FaultPlan.draw(new SplittableRandom(seed), List.of(Part.values())))
        .toList();
  }

  @Test
  void sameSeedIsTheSamePlan() {
    assertThat(Scenario.random(7, 3, true, "x")).isEqualTo(Scenario.random(7, 3, true, "x"));
    assertThat(plans()).isEqualTo(plans()).doesNotHaveDuplicates();
  }

  @Test
  void atMostOneBrokerIsAwayAndTheLastIsInSyncByThen() {
    for (FaultPlan plan : plans()) {
      List<FaultPlan.Fault> brokers =
          plan.faults().stream().filter(fault -> fault.part().kind() == Part.Kind.BROKER).toList();
      for (int i = 1; i < brokers.size(); i++) {
        assertThat(brokers.get(i).from())
            .as("%s", plan)
            .isGreaterThanOrEqualTo(brokers.get(i - 1).until().plus(FaultPlan.BROKER_RECOVERS));
      }
    }
  }

  @Test
  void nothingIsBrokenThatIsBrokenAlready() {
    for (FaultPlan plan : plans()) {
      Set<Part> broken = EnumSet.noneOf(Part.class);
      for (FaultPlan.Moment moment : plan.moments()) {
        if (moment.begins()) {
          assertThat(broken.add(moment.fault().part())).as("%s", plan).isTrue();
        } else {
          assertThat(broken.remove(moment.fault().part())).as("%s", plan).isTrue();
        }
        assertThat(broken.size()).as("%s", plan).isLessThanOrEqualTo(FaultPlan.AT_ONCE);
      }
      assertThat(broken).as("everything is mended: %s", plan).isEmpty();
    }
  }

  @Test
  void everyPartBreaksInEveryWayAndSomeAtOnce() {
    List<FaultPlan> plans = plans();
    for (Part part : Part.values()) {
      for (Part.Way way : Part.Way.values()) {
        assertThat(
                plans.stream()
                    .flatMap(plan -> plan.faults().stream())
                    .anyMatch(fault -> fault.part() == part && fault.way() == way))
            .as("%s %s", part, way)
            .isEqualTo(part.kind().breaksBy(way));
      }
    }
    assertThat(plans)
        .allSatisfy(
            plan -> {
              assertThat(plan.faults().size()).isBetween(4, FaultPlan.MOST);
              assertThat(plan.moments().get(plan.moments().size() - 1).at())
                  .isLessThan(FaultPlan.BEGUN_BEFORE.plus(FaultPlan.LONG_FREEZE));
            });
  }

  @Test
  void roundsShareOnePairAndThePrimaryIsLostLast() {
    Set<Scenario.Need> needs = EnumSet.noneOf(Scenario.Need.class);
    for (long seed = 0; seed < SEEDS; seed++) {
      List<Schedule.Stay> stays = Schedule.of(Scenario.random(seed, 3, true, "x")).stays();
      assertThat(stays).as("seed %d", seed).hasSize(1);
      assertThat(stays.get(0).scenarios().size()).isBetween(3, 4);
      needs.add(stays.get(0).need());
      assertThat(Scenario.random(seed, 3, false, "x"))
          .as("beside others the primary is theirs to lose, and the chain is in files")
          .hasSize(3)
          .allMatch(round -> round.need() == Scenario.Need.NOTHING);
    }
    assertThat(needs).containsExactlyInAnyOrder(Scenario.Need.NOTHING, Scenario.Need.OBJECT_STORE);
  }
}
