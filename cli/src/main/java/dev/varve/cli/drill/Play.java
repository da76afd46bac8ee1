package dev.varve.cli.drill;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** A {@link FaultPlan} being gone through, beside whatever else is done. */
final class Play {

  /** What was done to a part, and for how long. */
  private record Done(FaultPlan.Fault fault, long fromNanos, long untilNanos) {}

  private final FaultPlan plan;
  private final Faults faults;
  private final List<Done> done = new ArrayList<>();
  private final CompletableFuture<Void> over = new CompletableFuture<>();

  private Play(FaultPlan plan, Faults faults) {
    this.plan = plan;
    this.faults = faults;
  }

  /** Begins now. */
  static Play of(FaultPlan plan, Pair pair) {
    Play play = new Play(plan, new Faults(pair));
    long from = System.nanoTime();
    Thread thread = new Thread(() -> play.run(from), "play");
    thread.setDaemon(true);
    thread.start();
    return play;
  }

  private void run(long from) {
    try {
      Map<FaultPlan.Fault, Long> begun = new HashMap<>();
      for (FaultPlan.Moment moment : plan.moments()) {
        FaultPlan.Fault fault = moment.fault();
        TimeUnit.NANOSECONDS.sleep(from + moment.at().toNanos() - System.nanoTime());
        if (moment.begins()) {
          begun.put(fault, System.nanoTime());
          faults.begin(fault);
        } else {
          faults.end(fault);
          done.add(new Done(fault, begun.getOrDefault(fault, from), System.nanoTime()));
        }
      }
      faults.awaitMended(plan);
      over.complete(null);
    } catch (IOException | InterruptedException | RuntimeException e) {
      over.completeExceptionally(e);
    }
  }

  /** Waits until everything is mended and serves; the trial is told what was done. */
  void awaitMended(Trial trial) throws IOException, InterruptedException {
    try {
      long from = System.nanoTime();
      over.join();
      done.sort(Comparator.comparingLong(Done::fromNanos));
      done.forEach(
          one ->
              trial.step(
                  one.fault().part().words(),
                  one.fromNanos(),
                  one.untilNanos(),
                  one.fault().way().words()));
      trial.step("all is mended", from, System.nanoTime(), "and serves again");
    } catch (CompletionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      if (e.getCause() instanceof RuntimeException wrong) {
        throw wrong;
      }
      throw e;
    }
  }
}
