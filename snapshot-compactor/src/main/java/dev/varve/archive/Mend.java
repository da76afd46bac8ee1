package dev.varve.archive;

import dev.varve.archive.Manifest.StoredObject;
import dev.varve.archive.Repository.Creation;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Brings what is damaged in a repository back from a copy of it.
 *
 * <p>Nothing is removed before what takes its place was read from the copy and compared with its
 * hash; what is whole is left alone. A mended object is the one that was there, byte for byte, so
 * nothing that relied on it notices. Killed at any call, it is run again.
 */
public final class Mend {

  private static final int THREADS = 4;

  private final Repository copy;
  private final Repository damaged;
  private final String graph;
  private final Transfer transfer;
  private final Copy.Watcher watcher;
  private final TreeMap<Long, Chain.Tip> good = new TreeMap<>();
  private final TreeMap<Long, Chain.Tip> own = new TreeMap<>();
  private final TreeMap<Long, Damage> wrong = new TreeMap<>();
  private final List<Chain.Tip> toCreate = new ArrayList<>();
  private final List<Damage> mended = new ArrayList<>();
  private final List<Damage> left = new ArrayList<>();
  private long objects;

  /**
   * What was found and done.
   *
   * @param objects that were read and compared
   * @param mended what was wrong and is right now
   * @param left what is wrong still, for the copy does not have it, or not whole
   */
  public record Report(
      String graph, long entries, long objects, List<Damage> mended, List<Damage> left) {

    public Report {
      mended = List.copyOf(mended);
      left = List.copyOf(left);
    }
  }

  private Mend(
      Repository copy, Repository damaged, String graph, Path scratch, Copy.Watcher watcher) {
    this.copy = copy;
    this.damaged = damaged;
    this.graph = graph;
    this.transfer = new Transfer(copy, damaged, scratch);
    this.watcher = watcher;
  }

  /**
   * Mends a chain.
   *
   * @param scratch a directory for objects on their way
   * @throws VarveException with {@link ExitCode#FENCED} if the other does not hold a copy of this
   *     chain
   * @throws IOException if one of the two cannot be reached; run it again
   */
  public static Report run(
      Repository copy, Repository damaged, String graph, Path scratch, Copy.Watcher watcher)
      throws IOException {
    Mend mend = new Mend(copy, damaged, graph, scratch, watcher);
    mend.transfer.begin();
    try {
      return mend.run();
    } finally {
      mend.transfer.close();
    }
  }

  private Report run() throws IOException {
    read(copy, good, new TreeMap<>());
    read(damaged, own, wrong);
    requireRelated();
    Optional<Ledger> ledger = newestLedger();
    TreeSet<Long> numbers = new TreeSet<>(own.keySet());
    numbers.addAll(wrong.keySet());
    numbers.addAll(good.keySet());
    List<Chain.Tip> whole = new ArrayList<>();
    Optional<Chain.Tip> previous = Optional.empty();
    for (long number = 1; number <= (numbers.isEmpty() ? 0 : numbers.last()); number++) {
      if (ledger.isPresent() && ledger.get().isExpired(number)) {
        previous = Optional.empty();
      } else {
        previous = entry(number, previous);
        previous.ifPresent(whole::add);
      }
    }
    watcher.begins(whole.size(), whole.stream().mapToLong(tip -> bytes(tip.entry())).sum());
    mendObjects(whole);
    for (Chain.Tip tip : toCreate) {
      create(tip);
    }
    return new Report(graph, whole.size(), objects, mended, left);
  }

  private static long bytes(Entry entry) {
    return entry instanceof Manifest manifest ? manifest.totalBytes() : 0;
  }

  private void read(
      Repository from, TreeMap<Long, Chain.Tip> readable, TreeMap<Long, Damage> unreadable)
      throws IOException {
    for (String key :
        Transfer.insist("list " + from.location(), () -> from.list(Keys.manifests(graph)))) {
      OptionalLong number = Keys.manifestNumber(key);
      if (number.isEmpty()) {
        continue;
      }
      try {
        Chain.Tip tip =
            Transfer.insist("read " + key, () -> Chain.Tip.of(key, Transfer.bytesOf(from, key)));
        if (!tip.entry().key().equals(key)) {
          throw new DamagedException(key, "it says that it is " + tip.entry().key(), null);
        }
        readable.put(number.getAsLong(), tip);
      } catch (NoSuchFileException e) {
        unreadable.put(number.getAsLong(), new Damage.Missing(key));
      } catch (DamagedException e) {
        unreadable.put(
            number.getAsLong(), new Damage.Unreadable(key, String.valueOf(e.getMessage())));
      } catch (NewerFormatException e) {
        unreadable.put(number.getAsLong(), new Damage.TooNew(key, String.valueOf(e.getMessage())));
      }
    }
  }

  /** Whether the next entry, as far as it can be read, names this one by its hash. */
  private static boolean trusted(TreeMap<Long, Chain.Tip> chain, Chain.Tip tip) {
    Chain.Tip child = chain.get(tip.entry().number() + 1);
    return child == null || child.entry().parent().equals(Optional.of(tip.asParent()));
  }

  private void requireRelated() {
    boolean related = false;
    for (Chain.Tip tip : own.values()) {
      Chain.Tip other = good.get(tip.entry().number());
      if (other != null) {
        boolean same = other.sha256().equals(tip.sha256());
        related |= same;
        if (!same && trusted(own, tip) && trusted(good, other)) {
          throw refused("its " + tip.entry().key() + " is another one");
        }
      }
    }
    if (!related) {
      throw refused("they have no entry in common");
    }
  }

  private VarveException refused(String why) {
    return new VarveException(
        ExitCode.FENCED,
        copy.location()
            + " does not hold a copy of the chain of "
            + graph
            + " in "
            + damaged.location()
            + ": "
            + why
            + "; nothing was changed",
        "name a copy that was made of this repository");
  }

  private Optional<Ledger> newestLedger() {
    Optional<Ledger> newest = Optional.empty();
    for (TreeMap<Long, Chain.Tip> chain : List.of(good, own)) {
      for (Chain.Tip tip : chain.values()) {
        if (tip.entry() instanceof Ledger ledger
            && trusted(chain, tip)
            && newest.map(Ledger::number).orElse(0L) < ledger.number()) {
          newest = Optional.of(ledger);
        }
      }
    }
    return newest;
  }

  /**
   * The entry of a number as it has to be. What the copy has behind our last one was lost, too: it
   * was made of this chain.
   */
  private Optional<Chain.Tip> entry(long number, Optional<Chain.Tip> previous) {
    Chain.Tip mine = own.get(number);
    if (mine != null && trusted(own, mine)) {
      return Optional.of(mine);
    }
    String key = Keys.manifest(graph, number);
    Chain.Tip theirs = good.get(number);
    Damage damage =
        mine != null
            ? new Damage.Altered(key, named(number), mine.sha256())
            : wrong.getOrDefault(number, new Damage.Missing(key));
    if (theirs == null || !trusted(good, theirs) || !fits(theirs, previous)) {
      left.add(damage);
      return Optional.empty();
    }
    mended.add(damage);
    toCreate.add(theirs);
    return Optional.of(theirs);
  }

  /** Puts an entry in the place of what is there. Its objects are there before it. */
  private void create(Chain.Tip tip) throws IOException {
    String key = tip.entry().key();
    byte[] bytes = Transfer.insist("read " + key, () -> Transfer.bytesOf(copy, key));
    if (!Digests.sha256Of(bytes).equals(tip.sha256())) {
      throw new IOException(key + " changed while it was read");
    }
    Transfer.insist(
        "write " + key,
        () -> {
          damaged.delete(key);
          if (damaged.create(key, bytes) == Creation.ALREADY_EXISTS
              && !Arrays.equals(Transfer.bytesOf(damaged, key), bytes)) {
            throw refused("somebody else has just written " + key);
          }
          return key;
        });
  }

  private String named(long number) {
    return Optional.ofNullable(own.get(number + 1))
        .flatMap(child -> child.entry().parent())
        .map(Manifest.Parent::sha256)
        .orElse("none");
  }

  /** Whether it names the one before it, and our own next entry names it, as far as is known. */
  private boolean fits(Chain.Tip tip, Optional<Chain.Tip> previous) {
    Chain.Tip child = own.get(tip.entry().number() + 1);
    return (child == null || child.entry().parent().equals(Optional.of(tip.asParent())))
        && (previous.isEmpty() || tip.entry().parent().equals(previous.map(Chain.Tip::asParent)));
  }

  private record Found(Damage damage, boolean mended) {}

  private void mendObjects(List<Chain.Tip> entries) throws IOException {
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<Optional<Found>>> looking = new ArrayList<>();
      for (Chain.Tip tip : entries) {
        if (tip.entry() instanceof Manifest manifest) {
          for (StoredObject object : Transfer.objectsOf(manifest)) {
            looking.add(pool.submit(() -> mend(object)));
          }
        }
      }
      for (Future<Optional<Found>> each : looking) {
        Optional<Found> found = Transfer.await(each);
        found.ifPresent(f -> (f.mended() ? mended : left).add(f.damage()));
        objects++;
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private Optional<Found> mend(StoredObject object) throws IOException {
    Optional<Damage> damage =
        Transfer.insist("read " + object.key(), () -> Chain.check(damaged, object));
    if (damage.isEmpty()) {
      watcher.copied(object.bytes());
      return Optional.empty();
    }
    Optional<Damage> inCopy =
        Transfer.insist("mend " + object.key(), () -> transfer.replace(object));
    watcher.copied(object.bytes());
    return Optional.of(new Found(damage.get(), inCopy.isEmpty()));
  }
}
