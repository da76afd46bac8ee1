package dev.varve.cli.drill;

import dev.varve.cli.failover.Hook;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator gave to break a pair and to mend it. Once it was broken it is mended, once,
 * whatever happens, also when this process is told to end; and once it is told to, nothing is
 * broken any more.
 */
final class Breakage implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Breakage.class);

  private final Hook breaking;
  private final Optional<Hook> mending;
  private final Supplier<Map<String, String>> facts;
  private final Thread hook = new Thread(this::end, "drill-mend");
  private boolean broken; // guarded by this
  private boolean mended; // guarded by this
  private boolean over; // guarded by this

  /**
   * Nothing is done yet.
   *
   * @param facts that both are told
   */
  Breakage(Hook breaking, Optional<Hook> mending, Supplier<Map<String, String>> facts) {
    this.breaking = breaking;
    this.mending = mending;
    this.facts = facts;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Breaks it; whoever wants to mend meanwhile waits, for it would come too early. */
  synchronized void strike() {
    if (over) {
      throw new VarveException(
          ExitCode.FAILED, "the drill was ended before anything was broken", "run it again");
    }
    broken = true;
    breaking.run(facts("break"));
  }

  /**
   * Mends it, if it was broken and nobody has tried to mend it yet.
   *
   * @throws VarveException if that fails; it is not tried again
   */
  synchronized void mend() {
    if (broken && !mended) {
      mended = true;
      mending.ifPresent(command -> command.run(facts("mend")));
    }
  }

  private Map<String, String> facts(String step) {
    Map<String, String> all = new LinkedHashMap<>(facts.get());
    all.put("step", step);
    return all;
  }

  private void end() {
    synchronized (this) {
      over = true;
    }
    try {
      mend();
    } catch (VarveException e) {
      LOG.error("{} HINT: {}", e.getMessage(), e.hint());
    }
  }

  @Override
  public void close() {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("the process is ending, and the hook has done it");
    }
  }
}
