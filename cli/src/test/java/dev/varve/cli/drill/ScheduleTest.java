package dev.varve.cli.drill;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which scenarios share a pair. */
final class ScheduleTest {

  @Test
  void whatUsesThePairUpComesLastAndOnceOfEachPair() {
    for (Schedule.Stay stay : Schedule.of(Scenario.all()).stays()) {
      List<Scenario> all = stay.scenarios();
      assertThat(all.subList(0, all.size() - 1)).as("%s", all).noneMatch(Scenario::usesPairUp);
    }
  }

  @Test
  void everyScenarioIsTriedOnceWithWhatItNeeds() {
    Schedule schedule = Schedule.of(Scenario.all());
    assertThat(schedule.stays().stream().flatMap(stay -> stay.scenarios().stream()))
        .containsExactlyInAnyOrderElementsOf(Scenario.all());
    for (Schedule.Stay stay : schedule.stays()) {
      for (Scenario scenario : stay.scenarios()) {
        if (scenario.need() != Scenario.Need.NOTHING) {
          assertThat(stay.need()).as(scenario.name()).isEqualTo(scenario.need());
        }
      }
    }
    assertThat(schedule.stays()).as("one pair for each primary that is replaced").hasSize(5);
  }

  @Test
  void segmentIsCorruptedWhereTheChainIsInFiles() {
    Schedule schedule = Schedule.of(List.of(new ObjectStoreDown(), new Scenario.CorruptSegment()));
    assertThat(schedule.stays())
        .filteredOn(stay -> stay.scenarios().contains(new Scenario.CorruptSegment()))
        .allMatch(stay -> stay.need() != Scenario.Need.OBJECT_STORE);
  }

  @Test
  void nothingToTryNeedsNoPair() {
    assertThat(Schedule.of(List.of()).stays()).isEmpty();
  }
}
