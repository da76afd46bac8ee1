package dev.varve.cli.drill;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Does to a pair what a {@link FaultPlan} says, and mends it. */
record Faults(Pair pair) {

  private static final Duration START_WITHIN = Duration.ofMinutes(2);

  /** Breaks it. */
  void begin(FaultPlan.Fault fault) throws IOException, InterruptedException {
    Part part = fault.part();
    switch (part.kind()) {
      case STAGE -> {
        if (fault.way() == Part.Way.KILLED) {
          pair.stages().kill(stage(part));
        } else {
          pair.stages().freeze(stage(part));
        }
      }
      case BROKER -> {
        awaitBrokers(); // a machine that is busy takes longer than was planned
        breaks(server(part), fault.way());
      }
      case SERVER -> breaks(server(part), fault.way());
      case DOOR -> set(part, Proxy.Way.valueOf(fault.way().name()));
    }
  }

  /** Mends it; a server is not waited for. */
  void end(FaultPlan.Fault fault) throws IOException, InterruptedException {
    Part part = fault.part();
    switch (part.kind()) {
      case STAGE -> {
        if (fault.way() == Part.Way.FROZEN) {
          pair.stages().thaw(stage(part));
        }
      }
      case BROKER, SERVER -> {
        if (fault.way() == Part.Way.KILLED) {
          server(part).start();
        } else {
          server(part).thaw();
        }
      }
      case DOOR -> set(part, Proxy.Way.OPEN);
    }
  }

  /** Waits until everything that was to be broken serves. */
  void awaitMended(FaultPlan plan) throws InterruptedException {
    for (FaultPlan.Fault fault : plan.faults()) {
      switch (fault.part().kind()) {
        case STAGE -> pair.stages().awaitAlive(stage(fault.part()));
        case BROKER, SERVER -> server(fault.part()).awaitReady(START_WITHIN);
        case DOOR -> {}
      }
    }
  }

  private void awaitBrokers() {
    pair.brokers().forEach(broker -> broker.awaitReady(START_WITHIN));
  }

  private static void breaks(Child server, Part.Way way) throws IOException, InterruptedException {
    if (way == Part.Way.KILLED) {
      server.kill();
    } else {
      server.freeze();
    }
  }

  private static String stage(Part part) {
    return part.name().toLowerCase(Locale.ROOT);
  }

  private Child server(Part part) {
    List<Child> brokers = pair.brokers();
    return switch (part) {
      case BROKER_1 -> brokers.get(0);
      case BROKER_2 -> brokers.get(1);
      case BROKER_3 -> brokers.get(2);
      case PRIMARY -> pair.primary();
      case STANDBY -> pair.standby();
      case OBJECT_STORE -> pair.objectStore().server();
      default -> throw new IllegalArgumentException(part + " is no server");
    };
  }

  private void set(Part door, Proxy.Way way) {
    if (door == Part.DOOR_OF_THE_OBJECT_STORE) {
      pair.objectStore().door().set(way);
    } else {
      pair.doors().set(way);
    }
  }
}
