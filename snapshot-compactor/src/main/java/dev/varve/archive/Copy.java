package dev.varve.archive;

import dev.varve.archive.Manifest.StoredObject;
import dev.varve.archive.Repository.Creation;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Copies a graph's chain from one repository to another, whatever they are made of: the same names,
 * the same content, and the entries byte for byte.
 *
 * <p>Entries go in order, each after its objects, so the copy is a chain at every moment, and a run
 * that was killed at any call is continued by the next. What is copied is compared with its hash on
 * the way; a damaged object is reported and neither it nor an entry that names it is copied.
 * Nothing that is in the destination is overwritten; what expired in the source is removed there.
 *
 * <p>{@link #run} may be called again, after a failure too: it then looks at what has come since,
 * and not again at what was damaged. One thread calls; the copying itself is done by several.
 * Memory: a few small objects; larger ones go through files.
 */
public final class Copy implements AutoCloseable {

  private static final int THREADS = 4;
  private static final int AHEAD = 4 * THREADS;

  private final Repository source;
  private final Repository destination;
  private final String graph;
  private final Transfer transfer;
  private final Watcher watcher;
  private final ExecutorService pool;

  // what is known from earlier runs
  private long cursor;
  private Optional<Manifest.Parent> cursorEntry = Optional.empty();
  private Optional<Ledger> ledger = Optional.empty();
  private Optional<Long> removedFor = Optional.empty();
  private Optional<Manifest.Parent> unproven = Optional.empty();
  private boolean related;
  private boolean branchesCopied;
  private final List<Damage> knownSourceDamage = new ArrayList<>();
  private final List<Damage> knownDestinationDamage = new ArrayList<>();

  /** Is told how it goes on. */
  public interface Watcher {
    Watcher NONE = new Watcher() {};

    /** What there is to copy. */
    default void begins(long entries, long bytes) {}

    /** What was copied, or found to be there; called from several threads. */
    default void copied(long bytes) {}
  }

  /**
   * What a run did.
   *
   * @param newest number of the source's newest entry; absent if it has none
   * @param entries copied
   * @param objects copied
   * @param bytes of these objects
   * @param present objects of these entries that were there
   * @param removed objects and entries that have expired
   * @param sourceDamage what could not be copied, or could not be trusted, in this run and before
   * @param destinationDamage what is in the destination and is not what was put there, so that an
   *     entry could not be copied
   */
  public record Report(
      String graph,
      OptionalLong newest,
      long entries,
      long objects,
      long bytes,
      long present,
      long removed,
      List<Damage> sourceDamage,
      List<Damage> destinationDamage) {

    public Report {
      sourceDamage = List.copyOf(sourceDamage);
      destinationDamage = List.copyOf(destinationDamage);
    }

    public ExitCode exitCode() {
      return sourceDamage.isEmpty() && destinationDamage.isEmpty()
          ? ExitCode.DONE
          : ExitCode.DAMAGE_FOUND;
    }
  }

  /** An entry of one of the two, as far as it has to be remembered. */
  private record Seen(
      long number,
      String sha256,
      Optional<Manifest.Parent> parent,
      long bytes,
      Optional<Ledger> ledger) {

    Manifest.Parent asParent() {
      return new Manifest.Parent(number, sha256);
    }
  }

  /** What is on its way: an entry and its objects. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Pending(String key, byte[] bytes, List<Future<Optional<Obstacle>>> objects) {}

  /** Why an object is not in the destination. */
  private record Obstacle(boolean inDestination, Damage damage) {}

  /**
   * @param scratch a directory for objects on their way, of this copy alone
   */
  public Copy(
      Repository source, Repository destination, String graph, Path scratch, Watcher watcher) {
    this.source = source;
    this.destination = destination;
    this.graph = graph;
    this.transfer = new Transfer(source, destination, scratch);
    this.watcher = watcher;
    this.pool =
        Executors.newFixedThreadPool(
            THREADS,
            task -> {
              Thread thread = new Thread(task, "varve-copy");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Copies what the destination lacks.
   *
   * @throws VarveException with {@link ExitCode#FENCED} if the destination holds another chain, or
   *     one that has gone its own way; nothing was written then
   * @throws IOException if one of the two cannot be reached; run it again
   */
  public Report run() throws IOException {
    if (cursor == 0) {
      transfer.begin();
    }
    Run run = new Run();
    run.look();
    run.compare();
    run.copy();
    run.copyBranches();
    run.removeExpired();
    run.remember();
    return run.report();
  }

  @Override
  public void close() {
    pool.shutdownNow();
    transfer.close();
  }

  /** One pass over what comes after the cursor. */
  private final class Run {
    private final TreeMap<Long, Seen> there = new TreeMap<>();
    private final TreeMap<Long, Seen> here = new TreeMap<>();
    private final TreeMap<Long, Damage> wrongThere = new TreeMap<>();
    private final TreeMap<Long, Damage> wrongHere = new TreeMap<>();
    private final List<Damage> sourceDamage = new ArrayList<>(knownSourceDamage);
    private final List<Damage> destinationDamage = new ArrayList<>(knownDestinationDamage);
    private final AtomicLong objects = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong present = new AtomicLong();
    private long entries;
    private long removed;
    private long newest;

    /** Reads what is new in both. */
    void look() throws IOException {
      newest = cursor;
      // the destination first: what is copied meanwhile by another is then in the source's list
      read(destination, here, wrongHere);
      read(source, there, wrongThere);
      for (Map<Long, ?> each : List.of(there, wrongThere)) {
        for (long number : each.keySet()) {
          newest = Math.max(newest, number);
        }
      }
      for (Seen seen : there.descendingMap().values()) {
        if (seen.ledger().isPresent() && trusted(seen)) {
          ledger = seen.ledger();
          break;
        }
      }
    }

    private void read(Repository from, Map<Long, Seen> seen, Map<Long, Damage> wrong)
        throws IOException {
      String after = cursor == 0 ? "" : Keys.manifest(graph, cursor);
      Map<Long, Future<Object>> reading = new TreeMap<>();
      for (Repository.Listed listed :
          Transfer.insist(
              "list " + from.location(), () -> from.list(Keys.manifests(graph), after))) {
        OptionalLong number = Keys.manifestNumber(listed.key());
        if (number.isPresent() && number.getAsLong() > cursor) {
          long n = number.getAsLong();
          reading.put(n, pool.submit(() -> readEntry(from, n)));
        }
      }
      for (Map.Entry<Long, Future<Object>> each : reading.entrySet()) {
        Object result = Transfer.await(each.getValue());
        if (result instanceof Seen entry) {
          seen.put(each.getKey(), entry);
        } else if (result instanceof Damage damage) {
          wrong.put(each.getKey(), damage);
        }
      }
    }

    private Object readEntry(Repository from, long number) throws IOException {
      String key = Keys.manifest(graph, number);
      try {
        Chain.Tip tip =
            Transfer.insist("read " + key, () -> Chain.Tip.of(key, Transfer.bytesOf(from, key)));
        Entry entry = tip.entry();
        if (entry.number() != number || !entry.graph().equals(graph)) {
          return new Damage.Unreadable(
              key, key + " says that it is number " + entry.number() + " of " + entry.graph());
        }
        return new Seen(
            number,
            tip.sha256(),
            entry.parent(),
            entry instanceof Manifest manifest ? manifest.totalBytes() : 0,
            entry instanceof Ledger found ? Optional.of(found) : Optional.empty());
      } catch (NoSuchFileException e) {
        return new Damage.Missing(key);
      } catch (DamagedException e) {
        return new Damage.Unreadable(key, String.valueOf(e.getMessage()));
      } catch (NewerFormatException e) {
        return new Damage.TooNew(key, String.valueOf(e.getMessage()));
      }
    }

    /** Whether the next entry, as far as it can be read, names this one by its hash. */
    private boolean trusted(Seen seen) {
      Seen child = there.get(seen.number() + 1);
      return child == null || child.parent().equals(Optional.of(seen.asParent()));
    }

    private boolean expired(long number) {
      return ledger.isPresent() && ledger.get().isExpired(number);
    }

    /** Refuses a destination that does not hold the beginning of the same chain. */
    void compare() throws IOException {
      for (Seen mine : here.values()) {
        if (mine.number() > newest) {
          throw refused(
              "it has number " + mine.number() + ", the source ends with number " + newest);
        }
        Optional<Boolean> known = known(mine.asParent());
        if (known.isPresent() && !known.get()) {
          throw refused("its " + Keys.manifest(graph, mine.number()) + " is another one");
        }
        related |= known.isPresent();
      }
      requireProof();
      Seen next = there.get(cursor + 1);
      if (next != null && cursorEntry.isPresent() && !next.parent().equals(cursorEntry)) {
        throw refused("the source's number " + next.number() + " does not follow what it has");
      }
      wrongHere.forEach((number, damage) -> destinationDamage.add(damage));
      for (long number = cursor + 1; number <= newest; number++) {
        if (!expired(number)) {
          Optional<Damage> damage = sourceDamage(number);
          if (damage.isPresent()
              && !(damage.get() instanceof Damage.Missing && expiredMeanwhile(number))) {
            sourceDamage.add(damage.get());
          }
        }
      }
    }

    private Optional<Damage> sourceDamage(long number) {
      String key = Keys.manifest(graph, number);
      Seen seen = there.get(number);
      if (seen == null) {
        return Optional.of(wrongThere.getOrDefault(number, new Damage.Missing(key)));
      }
      if (trusted(seen)) {
        return Optional.empty();
      }
      String named =
          Optional.ofNullable(there.get(number + 1))
              .flatMap(Seen::parent)
              .map(Manifest.Parent::sha256)
              .orElse("none");
      return Optional.of(new Damage.Altered(key, named, seen.sha256()));
    }

    /**
     * Whether an entry of the destination is the one that the source has, or had, of this number;
     * empty if the source does not know any more.
     */
    private Optional<Boolean> known(Manifest.Parent mine) {
      if (expired(mine.number())) { // what the source has there may be what a fenced writer left
        Optional<Boolean> remembered =
            ledger.get().expiredHashes().areOf(mine.number(), mine.sha256());
        if (remembered.isPresent()) {
          return remembered;
        }
      }
      Seen theirs = there.get(mine.number());
      if (theirs != null && theirs.sha256().equals(mine.sha256())) {
        return Optional.of(true);
      }
      Seen child = there.get(mine.number() + 1);
      if (child != null && trusted(child)) {
        return Optional.of(child.parent().equals(Optional.of(mine)));
      }
      return theirs != null && trusted(theirs) ? Optional.of(false) : Optional.empty();
    }

    /**
     * The newest entry of the destination stands for all before it. Where the source does not know
     * it any more, somebody may have written to the destination, and what he wrote would be taken
     * for expired.
     */
    private void requireProof() {
      if (!here.isEmpty()) {
        unproven = Optional.of(here.lastEntry().getValue().asParent());
      }
      unproven = unproven.filter(mine -> known(mine).isEmpty());
      if (unproven.isPresent() && expired(unproven.get().number())) {
        throw new VarveException(
            ExitCode.FENCED,
            ("it cannot be told whether %s holds a copy of the chain of %s in %s: its newest entry, number %d,"
                    + " has expired there, and is forgotten; nothing was copied, and nothing removed")
                .formatted(
                    destination.location(), graph, source.location(), unproven.get().number()),
            "if it is a copy that was not kept in step for long, nothing in it is needed any more:"
                + " copy to an empty place, and remove the old copy when that is verified; if"
                + " anything but a copy ever wrote to it, keep both");
      }
      if (unproven.isPresent() && !related) {
        throw refused("none of its entries is in the source");
      }
    }

    private VarveException refused(String why) {
      return new VarveException(
          ExitCode.FENCED,
          destination.location()
              + " does not hold a copy of the chain of "
              + graph
              + " in "
              + source.location()
              + ": "
              + why
              + "; nothing was copied",
          "copy to an empty place; if a compactor ever wrote to the destination, or the source was"
              + " brought back from a backup, keep both chains");
    }

    /** Copies entries in order, and objects of several ahead. */
    void copy() throws IOException {
      List<Seen> wanted =
          there.values().stream()
              .filter(
                  seen ->
                      !here.containsKey(seen.number())
                          && !wrongHere.containsKey(seen.number())
                          && !expired(seen.number())
                          && trusted(seen))
              .toList();
      watcher.begins(wanted.size(), wanted.stream().mapToLong(Seen::bytes).sum());
      Deque<Pending> pending = new ArrayDeque<>();
      int ahead = 0;
      for (Seen seen : wanted) {
        Pending next = begin(seen);
        pending.add(next);
        ahead += 1 + next.objects().size();
        while (ahead > AHEAD) {
          Pending first = pending.remove();
          ahead -= 1 + first.objects().size();
          finish(first);
        }
      }
      for (Pending each : pending) {
        finish(each);
      }
    }

    private Pending begin(Seen seen) throws IOException {
      String key = Keys.manifest(graph, seen.number());
      byte[] content = Transfer.insist("read " + key, () -> Transfer.bytesOf(source, key));
      Chain.Tip tip = Chain.Tip.of(key, content);
      if (!tip.sha256().equals(seen.sha256())) {
        throw new IOException(key + " changed while it was copied");
      }
      List<Future<Optional<Obstacle>>> copying = new ArrayList<>();
      if (tip.entry() instanceof Manifest manifest) {
        for (StoredObject object : Transfer.objectsOf(manifest)) {
          copying.add(pool.submit(() -> copyObject(object)));
        }
      }
      return new Pending(key, content, copying);
    }

    private void finish(Pending entry) throws IOException {
      List<Obstacle> found = new ArrayList<>();
      for (Future<Optional<Obstacle>> object : entry.objects()) {
        Transfer.await(object).ifPresent(found::add);
      }
      if (found.isEmpty()) {
        publish(entry);
      } else if (!expiredMeanwhile(Keys.manifestNumber(entry.key()).orElseThrow())) {
        found.forEach(
            each -> (each.inDestination() ? destinationDamage : sourceDamage).add(each.damage()));
      }
    }

    private void publish(Pending entry) throws IOException {
      Transfer.insist(
          "write " + entry.key() + " to " + destination.location(),
          () -> {
            if (destination.create(entry.key(), entry.bytes()) == Creation.ALREADY_EXISTS
                && !Arrays.equals(Transfer.bytesOf(destination, entry.key()), entry.bytes())) {
              throw refused("somebody else writes to it: its " + entry.key() + " is another one");
            }
            return entry;
          });
      entries++;
    }

    /** The source may have expired an entry, and removed its objects, after it was looked at. */
    private boolean expiredMeanwhile(long number) throws IOException {
      for (Repository.Listed listed :
          source.list(Keys.manifests(graph), Keys.manifest(graph, newest))) {
        OptionalLong later = Keys.manifestNumber(listed.key());
        if (later.isPresent()
            && later.getAsLong() > newest
            && readEntry(source, later.getAsLong()) instanceof Seen seen
            && seen.ledger().map(found -> found.isExpired(number)).orElse(false)) {
          return true;
        }
      }
      return false;
    }

    /** Returns what is wrong with it, if it is not in the destination then. */
    private Optional<Obstacle> copyObject(StoredObject object) throws IOException {
      OptionalLong size =
          Transfer.insist("look at " + object.key(), () -> destination.sizeBytes(object.key()));
      if (size.isEmpty()) {
        return Transfer.insist("copy " + object.key(), () -> transfer(object))
            .map(damage -> new Obstacle(false, damage));
      }
      if (size.getAsLong() != object.bytes()) {
        return Optional.of(
            new Obstacle(
                true, new Damage.WrongLength(object.key(), object.bytes(), size.getAsLong())));
      }
      present.incrementAndGet();
      watcher.copied(object.bytes());
      return Optional.empty();
    }

    private Optional<Damage> transfer(StoredObject object) throws IOException {
      Optional<Damage> damage = transfer.run(object);
      if (damage.isEmpty()) {
        objects.incrementAndGet();
        bytes.addAndGet(object.bytes());
        watcher.copied(object.bytes());
      }
      return damage;
    }

    /** Looks for new branches when the chain has gone on; not while nothing happens. */
    void copyBranches() throws IOException {
      if (branchesCopied && entries == 0) {
        return;
      }
      BranchCopy.Outcome outcome = new BranchCopy(source, destination, graph, transfer).run();
      objects.addAndGet(outcome.objects());
      bytes.addAndGet(outcome.bytes());
      outcome.damage().stream()
          .filter(damage -> !sourceDamage.contains(damage))
          .forEach(sourceDamage::add);
      branchesCopied = true;
    }

    /**
     * Removes from the destination what the newest ledger there says has expired. While anything is
     * damaged nothing is removed: what has expired may be the last that stands in for it.
     */
    void removeExpired() throws IOException {
      if (ledger.isEmpty()
          || removedFor.equals(ledger.map(Ledger::number))
          || unproven.isPresent()
          || !sourceDamage.isEmpty()
          || !destinationDamage.isEmpty()
          || Transfer.insist(
                  "look at " + ledger.get().key(), () -> destination.sizeBytes(ledger.get().key()))
              .isEmpty()) {
        return;
      }
      removed = new CopySweep(source, destination, graph).run(ledger.get());
      removedFor = ledger.map(Ledger::number);
    }

    /** What is damaged is not tried again by this copy. */
    void remember() {
      Seen last = there.get(newest);
      if (newest > cursor) {
        cursorEntry = Optional.ofNullable(last).map(Seen::asParent);
      }
      cursor = newest;
      knownSourceDamage.clear();
      knownSourceDamage.addAll(sourceDamage);
      knownDestinationDamage.clear();
      knownDestinationDamage.addAll(destinationDamage);
    }

    Report report() {
      return new Report(
          graph,
          newest == 0 ? OptionalLong.empty() : OptionalLong.of(newest),
          entries,
          objects.get(),
          bytes.get(),
          present.get(),
          removed,
          sourceDamage,
          destinationDamage);
    }
  }
}
