package dev.varve.cli.failover;

import dev.varve.archive.Branch;
import dev.varve.archive.Branches;
import dev.varve.archive.Chain;
import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.LogGapException;
import dev.varve.cdc.Promotion;
import dev.varve.cdc.Remainder;
import dev.varve.cdc.StoreLog;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.cdc.Succession;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.Optional;

/**
 * Keeps a store from being emptied that holds what is nowhere else: a primary, or a former one with
 * transactions that nobody captured and that are in no branch.
 */
public final class FormerPrimary {

  private final String address;
  private final CaptureSource store;

  /**
   * @param address of the store that is to be emptied, for messages
   * @param store the same as something to capture
   */
  public FormerPrimary(String address, CaptureSource store) {
    this.address = address;
    this.store = store;
  }

  /**
   * Lets a store pass of which it is certain that nothing would be lost.
   *
   * @throws VarveException if that is not so
   */
  public void requireNothingLost(Succession succession, Branches branches) {
    Optional<Promotion> promotion = succession.promotion();
    Optional<String> known = identity(promotion.isPresent());
    if (known.isEmpty()) {
      return;
    }
    String identity = known.get();
    String primary =
        promotion
            .map(Promotion::store)
            .or(() -> succession.state().map(CaptureState::store))
            .orElse("");
    if (identity.equals(primary)) {
      throw refused("is the primary of the graph", "name the standby's address with --target");
    }
    if (promotion.isEmpty() || !promotion.get().former().contains(identity)) {
      return;
    }
    CaptureState captured =
        promotion
            .get()
            .from()
            .filter(state -> state.store().equals(identity))
            .orElseThrow(
                () ->
                    refused(
                        "was a primary before the last one, and where its capture stood is not"
                            + " known any more",
                        "move its store away, which keeps what it holds, and let a new, empty one"
                            + " stand in its place"));
    requireSetAside(captured, branches.newestOf(captured.site(), identity));
  }

  private void requireSetAside(CaptureState captured, Optional<Branch> newest) {
    Remainder left;
    try {
      left = Remainder.read(store, captured, batch -> {});
    } catch (LogGapException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "the store at %s was the primary, and its log does not tell what only it knows: %s; nothing of it was removed"
              .formatted(address, e.getMessage()),
          "move its store away, which keeps what it holds, and let a new, empty one stand in its"
              + " place",
          e);
    }
    if (left.isEmpty()) {
      return;
    }
    long last = left.last().orElseThrow();
    if (newest.isEmpty() || !newest.get().to().covers(captured.site(), last)) {
      throw refused(
          "was the primary, and holds %d transactions (up to %d) that nobody captured and not all of which are in a branch"
              .formatted(left.transactions(), last),
          "varve branch save --source " + address + " sets them aside; then do this again");
    }
  }

  /**
   * The same where Kafka is lost, and with it what was captured of the store.
   *
   * @throws VarveException if it was ever a primary
   */
  public void requireNeverPrimary(Chain chain) {
    Optional<String> identity = identity(false);
    boolean primary =
        chain.links().stream()
            .flatMap(link -> link.manifest().sites().stream())
            .anyMatch(site -> Optional.of(site.store()).equals(identity));
    if (primary) {
      throw refused(
          "was a primary of the graph, and only Kafka knows whether it holds what nobody captured",
          "do it without --chain-only while Kafka runs; or move its store away, and let a new,"
              + " empty one stand in its place");
    }
  }

  /**
   * Which store it is. What has no plugin was not captured, at least not lately.
   *
   * @param needed whether it must be known
   */
  private Optional<String> identity(boolean needed) {
    try (StoreLog log = store.open()) {
      return Optional.of(log.identity());
    } catch (StoreUnavailableException e) {
      throw e;
    } catch (VarveException e) {
      if (!needed) {
        return Optional.empty();
      }
      throw new VarveException(
          ExitCode.FAILED,
          "the graph's primary has changed, and the store at %s does not say whether it was one: %s; nothing of it was removed"
              .formatted(address, e.getMessage()),
          e.hint() + "; or name an empty store, which needs no --overwrite",
          e);
    }
  }

  private VarveException refused(String why, String hint) {
    return new VarveException(
        ExitCode.FAILED,
        "the store at " + address + " " + why + "; nothing of it was removed",
        hint);
  }
}
