package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.ExpiredHashes;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.tail.Insistence;
import dev.varve.tail.Retry;
import java.io.IOException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Changes a chain's ledger, by publishing a new one behind the newest entry. Of two who change it
 * at the same time one is second, and decides again on what the first one left.
 */
public final class LedgerBook {

  /** How often a change is decided anew because another changed the ledger meanwhile. */
  private static final int MAX_DECISIONS = 20;

  /** How many snapshots a decision is carried behind. */
  private static final int MAX_PLACES = 1000;

  private final Repository repository;
  private final Publisher publisher;
  private final Manifest.Writer writer;
  private final Clock clock;

  /**
   * @param writer unique to one run of one program
   */
  LedgerBook(Repository repository, Publisher publisher, Manifest.Writer writer, Clock clock) {
    this.repository = repository;
    this.publisher = publisher;
    this.writer = writer;
    this.clock = clock;
  }

  /**
   * A book to write in from a program of its own, whether or not a compactor is running.
   *
   * @param program such as {@code mark}
   */
  public static LedgerBook open(Repository repository, String program) {
    Insistence insistence = new Insistence(Retry.USUAL, "see that the repository can be written");
    String version =
        Optional.ofNullable(LedgerBook.class.getPackage().getImplementationVersion())
            .orElse("development");
    return new LedgerBook(
        repository,
        new Publisher(repository, insistence),
        new Manifest.Writer(program + "-" + UUID.randomUUID(), version),
        Clock.systemUTC());
  }

  /** Decides what a ledger shall say. */
  @FunctionalInterface
  public interface Change {

    /**
     * Makes the next ledger. Is asked again if another ledger came first; what it throws ends the
     * update, and nothing is changed.
     *
     * @param newest says what the newest ledger says, nothing if there is none yet
     * @param chain as it is now
     * @return {@code newest} with other restore points or expired numbers; as it is if nothing is
     *     to be changed
     */
    Ledger after(Ledger newest, Chain chain);
  }

  /** What to do if entries that came after the newest readable ledger are damaged. */
  public enum Unknown {
    /** One of them may have been a ledger: change nothing. */
    REFUSE,
    /** Go on from the newest readable ledger; what a lost one said is lost. */
    ACCEPT
  }

  /**
   * Changes the ledger.
   *
   * @return the ledger that counts now: the one that was written, or if nothing was to be changed
   *     what there was
   * @throws VarveException with {@link ExitCode#NO_REPOSITORY} if there is no chain, {@link
   *     ExitCode#DAMAGE_FOUND} if the newest ledger may be damaged, {@link ExitCode#FAILED} if
   *     others were always first, or the repository cannot be read or written
   */
  public Ledger update(String graph, Unknown unknown, Change change) {
    for (int decisions = 0; decisions < MAX_DECISIONS; decisions++) {
      Chain chain = load(graph);
      Ledger newest = newest(chain, unknown);
      Ledger next = change.after(newest, chain);
      if (next.equals(newest)) {
        return chain.ledger().orElse(newest);
      }
      Optional<Ledger> published = publish(next);
      if (published.isPresent()) {
        return published.get();
      }
    }
    throw new VarveException(
        ExitCode.FAILED,
        "the ledger of graph '%s' was changed by others %d times while this change was made; nothing was changed"
            .formatted(graph, MAX_DECISIONS),
        "try again");
  }

  /**
   * Writes what the newest ledger says once more, unless the one before it says the same: so that
   * the loss of one of the two loses nothing. Does nothing if there is no ledger.
   *
   * @throws VarveException as {@link #update}
   */
  void confirm(String graph) {
    for (int decisions = 0; decisions < MAX_DECISIONS; decisions++) {
      Chain chain = load(graph);
      if (chain.ledger().isEmpty() || isConfirmed(chain)) {
        return;
      }
      if (publish(newest(chain, Unknown.REFUSE)).isPresent()) {
        return;
      }
    }
    throw new VarveException(
        ExitCode.FAILED,
        "the ledger of graph '%s' was changed by others %d times while it was confirmed; nothing was removed"
            .formatted(graph, MAX_DECISIONS),
        "try again");
  }

  private static boolean isConfirmed(Chain chain) {
    Ledger newest = chain.ledger().orElseThrow();
    return chain
        .fallback()
        .filter(
            earlier ->
                earlier.expired().equals(newest.expired())
                    && earlier.restorePoints().equals(newest.restorePoints()))
        .isPresent();
  }

  private Chain load(String graph) {
    try {
      return Chain.load(repository, graph);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot read the repository " + repository.location() + ": " + e,
          "see that it can be reached and read; nothing was changed",
          e);
    }
  }

  /** What the newest ledger says, in the place of the next one. */
  private Ledger newest(Chain chain, Unknown unknown) {
    if (chain.links().isEmpty() && chain.ledger().isEmpty() && chain.damage().isEmpty()) {
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no chain of " + chain.graph() + " in " + repository.location(),
          "check the repository's root and the graph's name");
    }
    if (chain.tip().isEmpty()) {
      throw refused(chain, chain.damage());
    }
    List<Damage> later = damageAfterTheLedger(chain);
    if (unknown == Unknown.REFUSE && !later.isEmpty()) {
      throw refused(chain, later);
    }
    Manifest.Parent tip = chain.tip().get();
    return new Ledger(
        chain.graph(),
        tip.number() + 1,
        Optional.of(tip),
        chain.restorePoints(),
        chain.ledger().map(Ledger::expired).orElse(List.of()),
        chain.ledger().map(Ledger::expiredHashes).orElse(ExpiredHashes.NONE),
        writer,
        clock.instant().truncatedTo(ChronoUnit.MILLIS));
  }

  /** Any of them may have been a newer ledger. */
  private static List<Damage> damageAfterTheLedger(Chain chain) {
    String newest = Keys.manifest(chain.graph(), chain.ledger().map(Ledger::number).orElse(1L));
    return chain.damage().stream().filter(damage -> damage.key().compareTo(newest) > 0).toList();
  }

  private static VarveException refused(Chain chain, List<Damage> damage) {
    return new VarveException(
        ExitCode.DAMAGE_FOUND,
        "the newest ledger of graph '%s' may be damaged, so none was written on top of it: %s"
            .formatted(
                chain.graph(), damage.stream().map(Damage::text).collect(Collectors.joining("; "))),
        "bring the damaged entry back from a copy; varve verify lists all damage; if it is lost for"
            + " good, --accept-lost-ledger goes on from the newest readable one");
  }

  /**
   * A snapshot that came first changes nothing about what was decided, another ledger may.
   *
   * @return empty if it has to be decided again
   */
  private Optional<Ledger> publish(Ledger decided) {
    Ledger ledger = decided;
    for (int places = 0; places < MAX_PLACES; places++) {
      Publisher.Outcome outcome;
      try {
        outcome = publisher.publish(ledger);
      } catch (VarveException e) {
        if (e.exitCode() == ExitCode.FENCED) {
          return Optional.empty(); // its number had expired: the chain went on without it
        }
        throw e;
      }
      if (outcome instanceof Publisher.Published) {
        return Optional.of(ledger);
      }
      Chain.Tip by = ((Publisher.Taken) outcome).by();
      boolean follows = by.entry().parent().equals(ledger.parent());
      if (!follows || by.entry() instanceof Ledger) {
        return Optional.empty();
      }
      ledger = ledger.behind(by.asParent());
    }
    return Optional.empty();
  }
}
