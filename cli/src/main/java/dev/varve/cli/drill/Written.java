package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * What a store holds of what a load has written.
 *
 * @param times how often each number is there
 */
record Written(Map<Long, Long> times) {

  Written {
    times = Map.copyOf(times);
  }

  Set<Long> numbers() {
    return times.keySet();
  }

  /**
   * Measures what is not in it though the old primary acknowledged it.
   *
   * @param old the old primary's address
   * @return the numbers of these
   */
  Set<Long> lost(Trial trial, List<Load.Acknowledged> acknowledged, String old) {
    List<Load.Acknowledged> before =
        acknowledged.stream().filter(one -> one.by().equals(old)).toList();
    List<Load.Acknowledged> lost =
        before.stream().filter(one -> !times.containsKey(one.number())).toList();
    trial.rpo(Behind.Lag.of(lost, trial.faultNanos()).rpo());
    trial.fact("acknowledged before the fault", before.size() + " transactions");
    return lost.stream().map(Load.Acknowledged::number).collect(Collectors.toSet());
  }

  /** Of these nothing is missing, and nothing is there twice. */
  void requireOnce(String store, LongStream acknowledged) {
    acknowledged
        .filter(number -> times.getOrDefault(number, 0L) != 1)
        .findFirst()
        .ifPresent(
            number -> {
              throw new VarveException(
                  ExitCode.FAILED,
                  "the %s holds transaction %d, which was acknowledged, %d times"
                      .formatted(store, number, times.getOrDefault(number, 0L)),
                  "this is a defect; see the logs with --keep");
            });
  }
}
