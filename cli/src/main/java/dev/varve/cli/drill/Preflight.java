package dev.varve.cli.drill;

import dev.varve.change.Site;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Looks at a configured pair before anything is done to it. */
final class Preflight {

  private static final String NOTHING_DONE = "; nothing was done";

  private Preflight() {}

  /**
   * A pair that can be tried.
   *
   * @param identity the primary's
   * @param announced which primary is announced now; absent if none is
   * @param site that is captured
   */
  record Found(String identity, Optional<String> announced, Site site) {}

  /**
   * Looks.
   *
   * @throws VarveException if something is not as it has to be; nothing was done then
   */
  static Found look(PairPlan plan) {
    ConfiguredPair pair = plan.pair();
    String identity = identity("primary", pair.primary());
    long left = pair.primary().ask(Preflight::vertices);
    if (left > 0) {
      throw refused(
          pair.primary() + " holds " + left + " vertices of an earlier drill",
          "remove them: " + pair.primary().removal(Handwriting.OF_VARVE));
    }
    Site site =
        pair.chain()
            .site()
            .orElseThrow(
                () ->
                    refused(
                        "there is no snapshot of graph '" + pair.graph() + "'",
                        "wait until 'varve info' shows one"));
    plan.way().standby().ifPresent(standby -> standby(standby, identity, plan.follow()));
    if (plan.prove() && !Files.isWritable(plan.scratch())) {
      throw refused(plan.scratch() + " cannot be written to", "name another --scratch");
    }
    return new Found(
        identity,
        plan.way() instanceof PairPlan.Promoted promoted
            ? announced(plan, promoted, identity)
            : Optional.empty(),
        site);
  }

  private static long vertices(Link link) {
    return link.hand(Handwriting.OF_VARVE).vertices();
  }

  private static String identity(String what, Store store) {
    try {
      return store.ask(Link::identity);
    } catch (VarveException e) {
      throw refused("the " + what + ": " + e.getMessage(), e.hint());
    }
  }

  private static void standby(Store standby, String primary, Duration follow) {
    if (identity("standby", standby).equals(primary)) {
      throw refused(
          "--target " + standby + " leads to the primary itself", "name the standby's address");
    }
    if (!standby.ask(Link::isStandby)) {
      throw refused(
          standby + " is no standby, or not yet",
          "start 'varve replay --follow' for it, and wait until it has caught up");
    }
    if (standby.ask(Link::isConverted)) {
      throw refused(
          standby + " holds the graph of another kind of store, and cannot be promoted",
          "name a standby that was begun without --convert");
    }
    Trial.await(
        "what an earlier drill wrote was removed from " + standby,
        follow,
        "nothing was done; see that 'varve replay' is at work",
        () -> standby.ask(Preflight::vertices) == 0);
  }

  private static Optional<String> announced(
      PairPlan plan, PairPlan.Promoted promoted, String identity) {
    Optional<String> now = read(promoted.place());
    Store primary = plan.pair().primary();
    if (now.isPresent() && !now.get().equals(primary.address())) {
      Store store = plan.at(now.get());
      if (!identity("announced primary", store).equals(identity)) {
        throw refused(
            "%s announces %s, which is another store than %s"
                .formatted(promoted.announced(), now.get(), primary),
            "set source.uri to the primary, or have the announcement corrected");
      }
    }
    return now;
  }

  private static Optional<String> read(Announced.Place place) {
    if (place instanceof Announced.InFile in) {
      Path directory = in.file().getParent();
      if (directory == null || !Files.isDirectory(directory)) {
        throw refused(
            "no primary can be announced in " + place + ": there is no such directory",
            "name the file that promote.announce names");
      }
    }
    try {
      return place.read();
    } catch (IOException e) {
      throw refused(
          "cannot read which primary is announced in " + place + ": " + e.getMessage(),
          "name the file of promote.announce, or http://OBSERVER:PORT/primary of an observer that"
              + " reaches Kafka");
    } catch (InterruptedException e) {
      throw Trial.interrupted(e);
    }
  }

  private static VarveException refused(String what, String hint) {
    return new VarveException(
        ExitCode.FAILED, what.endsWith(NOTHING_DONE) ? what : what + NOTHING_DONE, hint);
  }
}
