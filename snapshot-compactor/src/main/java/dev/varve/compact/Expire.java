package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.Orphans;
import dev.varve.archive.Repository;
import dev.varve.archive.Repository.Listed;
import dev.varve.archive.Repository.Upload;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes from a repository what is no longer part of its chain.
 *
 * <p>In three steps. First a ledger is published that lists what has expired: from then on nobody
 * counts on it. Then it is published once more, so that if the newest ledger is lost the one before
 * it says the same. Only then, and only what both of them list, are objects removed, files before
 * the manifests that name them, so that whoever comes after a crash knows what is left to do. What
 * cannot be removed, because a lock holds it, stays until another time.
 */
public final class Expire {

  private static final Logger LOG = LoggerFactory.getLogger(Expire.class);

  private final Repository repository;
  private final String graph;
  private final List<String> refused = new ArrayList<>();
  private long objects;
  private long bytes;

  private Expire(Repository repository, String graph) {
    this.repository = repository;
    this.graph = graph;
  }

  /**
   * What was removed.
   *
   * @param plan what expired; absent where only what had expired before was removed
   * @param objects how many were removed, manifests and orphans included
   * @param bytes how much they had
   * @param orphans how many of them no entry had named
   * @param uploads that had not ended and were given up
   * @param refused what could not be removed, and why
   */
  public record Removed(
      Optional<ExpirePlan> plan,
      long objects,
      long bytes,
      long orphans,
      List<Upload> uploads,
      List<String> refused) {
    public Removed {
      uploads = List.copyOf(uploads);
      refused = List.copyOf(refused);
    }
  }

  /**
   * What would expire.
   *
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if the chain is damaged, {@link
   *     ExitCode#NO_REPOSITORY} if there is none
   * @throws IOException if the repository cannot be read
   */
  public static ExpirePlan plan(
      Repository repository, String graph, ExpirePlan.Policy policy, Instant now)
      throws IOException {
    Chain chain = Chain.load(repository, graph);
    if (chain.links().isEmpty() && chain.damage().isEmpty()) {
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no chain of " + graph + " in " + repository.location(),
          "check the repository's root and the graph's name");
    }
    return ExpirePlan.of(chain, repository.list(graph + "/", ""), policy, now);
  }

  /**
   * Uploads that never ended and would be given up.
   *
   * @throws IOException if the repository cannot be read
   */
  public static List<Upload> leftUploads(
      Repository repository, String graph, ExpirePlan.Policy policy) throws IOException {
    Optional<Instant> newest = Orphans.newest(repository.list(graph + "/", ""));
    return newest.isPresent()
        ? repository.uploads(newest.get().minus(policy.uploadAge()))
        : List.of();
  }

  /**
   * Lets expire what a policy does not keep, and removes it, what had expired before, and what
   * failed attempts left.
   *
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if the chain is damaged; what had
   *     expired before is removed all the same
   * @throws IOException if the repository cannot be read
   */
  public static Removed run(
      Repository repository, String graph, ExpirePlan.Policy policy, LedgerBook book, Clock clock)
      throws IOException {
    Expire expire = new Expire(repository, graph);
    try {
      ExpirePlan plan = expire.publish(policy, book, clock);
      book.confirm(graph);
      expire.removeExpired();
      long orphans = expire.removeOrphans();
      List<Upload> uploads = expire.abandonUploads(policy.uploadAge());
      return new Removed(
          Optional.of(plan), expire.objects, expire.bytes, orphans, uploads, expire.refused);
    } catch (VarveException e) {
      if (e.exitCode() == ExitCode.DAMAGE_FOUND) {
        expire.removeExpired();
      }
      throw e;
    }
  }

  /**
   * Removes the objects of all entries that the newest ledger and the one before it list as
   * expired.
   *
   * @throws IOException if the repository cannot be read
   */
  public static Removed removeExpired(Repository repository, String graph) throws IOException {
    Expire expire = new Expire(repository, graph);
    expire.removeExpired();
    return new Removed(
        Optional.empty(), expire.objects, expire.bytes, 0, List.of(), expire.refused);
  }

  /** Decided again whenever somebody else changes the ledger first. */
  private ExpirePlan publish(ExpirePlan.Policy policy, LedgerBook book, Clock clock)
      throws IOException {
    ExpirePlan[] decided = new ExpirePlan[1];
    try {
      book.update(
          graph,
          LedgerBook.Unknown.REFUSE,
          (newest, chain) -> {
            ExpirePlan plan = ExpirePlan.of(chain, list(), policy, clock.instant());
            decided[0] = plan;
            return plan.isEmpty() ? newest : newest.withExpired(plan.numbers(), hashes(plan));
          });
    } catch (UncheckedIOException e) {
      throw new IOException(String.valueOf(e.getMessage()), e);
    }
    return decided[0];
  }

  /** By number; the chain is not damaged, so each entry is the one that its number had. */
  private Map<Long, String> hashes(ExpirePlan plan) {
    Map<Long, String> hashes = new TreeMap<>();
    for (Chain.Link link : plan.before().links()) {
      hashes.put(link.manifest().number(), link.sha256());
    }
    hashes.keySet().retainAll(plan.numbers());
    for (long number : plan.numbers()) {
      if (!hashes.containsKey(number)) { // a ledger
        sha256(number).ifPresent(sha256 -> hashes.put(number, sha256));
      }
    }
    return hashes;
  }

  private Optional<String> sha256(long number) {
    try {
      return Optional.of(Chain.Tip.read(repository, Keys.manifest(graph, number)).sha256());
    } catch (NoSuchFileException | DamagedException | NewerFormatException e) {
      return Optional.empty(); // somebody else let it expire meanwhile, and his ledger is first
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Listed> list() {
    try {
      return repository.list(graph + "/", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void removeExpired() throws IOException {
    Chain chain = Chain.load(repository, graph);
    Optional<Ledger> ledger = chain.ledger();
    Optional<Ledger> fallback = chain.fallback();
    if (ledger.isEmpty() || fallback.isEmpty()) {
      return; // nothing has expired, or nobody but the newest ledger says so
    }
    List<Listed> there = repository.list(graph + "/", "");
    Set<String> removable = there.stream().map(Listed::key).collect(Collectors.toSet());
    removable.removeAll(chain.objectKeys());
    for (Listed listed : there) {
      OptionalLong number = Keys.manifestNumber(listed.key());
      if (number.isPresent()
          && ledger.get().isExpired(number.getAsLong())
          && fallback.get().isExpired(number.getAsLong())) {
        removeEntry(listed, removable);
      }
    }
  }

  private void removeEntry(Listed listed, Set<String> removable) throws IOException {
    List<Manifest.StoredObject> files = List.of();
    try {
      if (Chain.Tip.read(repository, listed.key()).entry() instanceof Manifest manifest) {
        files = manifest.objects();
      }
    } catch (NoSuchFileException e) {
      return; // somebody else is at it too
    } catch (DamagedException | NewerFormatException e) {
      LOG.warn("what {} named is not known: {}", listed.key(), e.getMessage());
    }
    boolean all = true;
    for (Manifest.StoredObject file : files) {
      all &= !removable.contains(file.key()) || remove(file.key(), file.bytes());
    }
    if (all) {
      remove(listed.key(), listed.bytes());
    }
  }

  /** Files that no entry names, and that no writer can still be about to name. */
  private long removeOrphans() throws IOException {
    List<Listed> listed = repository.list(graph + "/", "");
    Chain chain = Chain.load(repository, graph);
    Optional<Chain.Link> head = chain.head();
    if (!chain.damage().isEmpty() || head.isEmpty()) {
      return 0;
    }
    long removed = 0;
    for (Listed file : Orphans.of(listed, chain.objectKeys())) {
      Keys.Part part = Keys.partOf(file.key()).orElseThrow();
      boolean fenced = part.beside() || part.number() <= head.get().manifest().number();
      if (fenced && remove(file.key(), file.bytes())) {
        removed++;
      }
    }
    return removed;
  }

  private List<Upload> abandonUploads(Duration age) {
    try {
      Optional<Instant> newest = Orphans.newest(repository.list(graph + "/", ""));
      return newest.isPresent() ? repository.abandonUploads(newest.get().minus(age)) : List.of();
    } catch (IOException e) {
      refused.add("uploads that never ended: " + e);
      return List.of();
    }
  }

  private boolean remove(String key, long length) {
    try {
      repository.delete(key);
      objects++;
      bytes += length;
      return true;
    } catch (IOException e) {
      refused.add(key + ": " + e);
      return false;
    }
  }
}
