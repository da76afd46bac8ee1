package dev.varve.cli.drill;

import java.util.ArrayList;
import java.util.List;

/**
 * Which scenarios share a pair, so that its start is paid once: one that uses the pair up comes
 * last. Pure.
 */
record Schedule(List<Stay> stays) {

  Schedule {
    stays = List.copyOf(stays);
  }

  /** The life of one pair. */
  record Stay(Scenario.Need need, List<Scenario> scenarios) {
    Stay {
      scenarios = List.copyOf(scenarios);
    }

    private Stay and(Scenario last) {
      List<Scenario> more = new ArrayList<>(scenarios);
      more.add(last);
      return new Stay(need, more);
    }

    private boolean usesPairUp() {
      return scenarios.stream().anyMatch(Scenario::usesPairUp);
    }
  }

  static Schedule of(List<Scenario> scenarios) {
    List<Scenario> onFiles = new ArrayList<>();
    List<Scenario> onObjects = new ArrayList<>();
    List<Scenario> lasts = new ArrayList<>();
    for (Scenario scenario : scenarios) {
      if (scenario.usesPairUp()) {
        lasts.add(scenario);
      } else if (scenario.need() == Scenario.Need.OBJECT_STORE) {
        onObjects.add(scenario);
      } else {
        onFiles.add(scenario);
      }
    }
    List<Stay> stays = new ArrayList<>();
    if (!onFiles.isEmpty()) {
      boolean small = onFiles.stream().anyMatch(one -> one.need() == Scenario.Need.SMALL_DISK);
      stays.add(new Stay(small ? Scenario.Need.SMALL_DISK : Scenario.Need.NOTHING, onFiles));
    }
    if (!onObjects.isEmpty()) {
      stays.add(new Stay(Scenario.Need.OBJECT_STORE, onObjects));
    }
    for (Scenario last : lasts) {
      int free = 0;
      while (free < stays.size() && stays.get(free).usesPairUp()) {
        free++;
      }
      if (free < stays.size()) {
        stays.set(free, stays.get(free).and(last));
      } else {
        stays.add(new Stay(Scenario.Need.NOTHING, List.of(last)));
      }
    }
    return new Schedule(stays);
  }
}
