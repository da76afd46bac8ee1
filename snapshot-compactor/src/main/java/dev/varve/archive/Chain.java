package dev.varve.archive;

import dev.varve.change.VersionVector;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All snapshots of a graph that can be trusted, and what is wrong with the others.
 *
 * <p>An entry can be trusted if it can be read and has the hash by which the next one names it. One
 * that has expired is no part of the chain, whether it is still there or not.
 *
 * @param links by number, ascending
 * @param ledger the newest one
 * @param fallback the one that counts if that is lost: the newest before it, unless that has
 *     expired
 * @param tip how the next entry names its parent; absent in an empty chain
 * @param damage by number of the entry concerned, ascending
 */
public record Chain(
    String graph,
    List<Link> links,
    Optional<Ledger> ledger,
    Optional<Ledger> fallback,
    Optional<Manifest.Parent> tip,
    List<Damage> damage) {

  private static final int READERS = 16;

  public Chain {
    links = List.copyOf(links);
    damage = List.copyOf(damage);
  }

  /** A chain with one ledger at most. */
  public Chain(
      String graph,
      List<Link> links,
      Optional<Ledger> ledger,
      Optional<Manifest.Parent> tip,
      List<Damage> damage) {
    this(graph, links, ledger, Optional.empty(), tip, damage);
  }

  /**
   * A manifest as it lies in the repository.
   *
   * @param sha256 of its bytes
   */
  public record Link(Manifest manifest, String sha256) {}

  /**
   * An entry as it lies in the repository.
   *
   * @param sha256 of its bytes
   */
  public record Tip(Entry entry, String sha256) {

    /**
     * An entry of its bytes.
     *
     * @throws DamagedException if they are not an entry
     * @throws NewerFormatException if its major version is not known
     */
    public static Tip of(String key, byte[] bytes) {
      return new Tip(EntryJson.read(key, bytes), Digests.sha256Of(bytes));
    }

    /**
     * Reads an entry.
     *
     * @throws DamagedException if it is not one
     * @throws NewerFormatException if its major version is not known
     * @throws NoSuchFileException if it is not there
     */
    public static Tip read(Repository repository, String key) throws IOException {
      return Chain.read(repository, key);
    }

    /** How an entry that follows this one names it. */
    public Manifest.Parent asParent() {
      return new Manifest.Parent(entry.number(), sha256);
    }
  }

  /**
   * Where a chain ends.
   *
   * @param tip the newest entry
   * @param head the newest base or delta that was made from Kafka
   */
  public record End(Tip tip, Link head) {}

  /**
   * A base or checkpoint and deltas, merged ones among them, that lead on from it without a gap.
   */
  public record Stretch(Link base, List<Link> deltas) {
    public Stretch {
      deltas = List.copyOf(deltas);
    }

    /** The earliest cut that can be restored from it. */
    public VersionVector from() {
      return base.manifest().to();
    }

    /** The latest cut that can be restored from it. */
    public VersionVector to() {
      return newest().manifest().to();
    }

    public Link newest() {
      return deltas.isEmpty() ? base : deltas.get(deltas.size() - 1);
    }
  }

  /**
   * Loads all entries of a graph. Damage is reported, not thrown; segments are not looked at.
   *
   * @throws IOException if the repository cannot be read
   */
  public static Chain load(Repository repository, String graph) throws IOException {
    return new Loader(repository, graph).load();
  }

  /**
   * The end of a chain; empty if there is none. Reads no more than it must, so it checks no link.
   *
   * @throws DamagedException if an entry on the way is damaged
   * @throws IOException if the repository cannot be read
   */
  public static Optional<End> loadEnd(Repository repository, String graph) throws IOException {
    List<Long> numbers = numbers(repository, graph);
    Tip tip = null;
    Optional<Ledger> ledger = Optional.empty();
    for (int i = numbers.size() - 1; i >= 0; i--) {
      long number = numbers.get(i);
      if (ledger.isEmpty() || !ledger.get().isExpired(number)) {
        Tip read = read(repository, Keys.manifest(graph, number));
        tip = tip == null ? read : tip;
        if (read.entry() instanceof Manifest manifest && manifest.head()) {
          return Optional.of(new End(tip, new Link(manifest, read.sha256())));
        }
        if (ledger.isEmpty() && read.entry() instanceof Ledger newest) {
          ledger = Optional.of(newest);
        }
      }
      long before = i > 0 ? numbers.get(i - 1) : 0;
      for (long missing = number - 1; missing > before; missing--) {
        if (ledger.isEmpty() || !ledger.get().isExpired(missing)) {
          throw new DamagedException(
              Keys.manifest(graph, missing),
              "it is missing, and no base or delta comes after it",
              null);
        }
      }
    }
    if (tip != null) {
      throw new DamagedException(tip.entry().key(), "there is no base or delta before it", null);
    }
    return Optional.empty();
  }

  /** The newest manifest that can be trusted. */
  public Optional<Link> newest() {
    return links.isEmpty() ? Optional.empty() : Optional.of(links.get(links.size() - 1));
  }

  /** The newest base or delta that was made from Kafka and can be trusted: how far it goes. */
  public Optional<Link> head() {
    for (int i = links.size() - 1; i >= 0; i--) {
      if (links.get(i).manifest().head()) {
        return Optional.of(links.get(i));
      }
    }
    return Optional.empty();
  }

  /**
   * Whether an entry of some other repository is the one that has, or had, this number here; empty
   * if that is not known any more.
   */
  public Optional<Boolean> knows(Manifest.Parent entry) {
    if (ledger.isPresent() && ledger.get().isExpired(entry.number())) {
      Optional<Boolean> remembered =
          ledger.get().expiredHashes().areOf(entry.number(), entry.sha256());
      if (remembered.isPresent()) {
        return remembered;
      }
    }
    for (Link link : links) {
      if (link.manifest().number() == entry.number()) {
        return Optional.of(link.sha256().equals(entry.sha256()));
      }
    }
    Stream<Optional<Manifest.Parent>> parents =
        Stream.concat(
            links.stream().map(link -> link.manifest().parent()),
            Stream.of(ledger, fallback).flatMap(Optional::stream).map(Ledger::parent));
    return Stream.concat(parents, Stream.of(tip))
        .flatMap(Optional::stream)
        .filter(parent -> parent.number() == entry.number())
        .map(parent -> parent.sha256().equals(entry.sha256()))
        .findFirst();
  }

  /** Keys of all segments and transactions files of the chain. */
  public Set<String> objectKeys() {
    return links.stream()
        .flatMap(link -> link.manifest().objects().stream())
        .map(Manifest.StoredObject::key)
        .collect(Collectors.toSet());
  }

  /** The restore points, by name. */
  public List<Ledger.RestorePoint> restorePoints() {
    return ledger.map(Ledger::restorePoints).orElse(List.of());
  }

  /** {@link #stretches(Set)} of an undamaged chain. */
  public List<Stretch> stretches() {
    return stretches(Set.of());
  }

  /**
   * What can be restored from, oldest base first. Stretches overlap: an older base stands in if a
   * newer one's segments are lost. Where deltas were merged, a stretch takes the merged one.
   *
   * @param damaged keys of manifests and segments that cannot be used
   */
  public List<Stretch> stretches(Set<String> damaged) {
    return ways(damaged).all();
  }

  /**
   * The ways that end at a cut, that from the newest base first.
   *
   * @param damaged keys of manifests and segments that cannot be used
   */
  public List<Stretch> waysTo(VersionVector cut, Set<String> damaged) {
    return ways(damaged).to(cut);
  }

  /**
   * The shortest way from the newest base to a moment, which may be inside its last steps.
   *
   * @param damaged keys of manifests, segments and transactions files that cannot be used
   * @return empty if the moment cannot be restored
   */
  public Optional<Stretch> wayTowards(VersionVector moment, Set<String> damaged) {
    return ways(damaged).towards(moment);
  }

  /**
   * {@link #wayTowards} for many moments.
   *
   * @param damaged keys of manifests, segments and transactions files that cannot be used
   */
  public Function<VersionVector, Optional<Stretch>> waysTowards(Set<String> damaged) {
    return ways(damaged)::towards;
  }

  /**
   * All bases and checkpoints, and the deltas that a way leads to: each cut that one of these has
   * can be restored.
   *
   * @param damaged keys of manifests and segments that cannot be used
   */
  public List<Link> restorable(Set<String> damaged) {
    return ways(damaged).restorable();
  }

  /**
   * Whether a delta leads through every moment between its cuts: it holds them all, and the list of
   * its transactions can be read.
   *
   * @param damaged keys of objects that cannot be used
   */
  public static boolean everyMoment(Manifest delta, Set<String> damaged) {
    return Stretches.everyMoment(delta, damaged);
  }

  private Stretches ways(Set<String> damaged) {
    return new Stretches(usable(damaged), damaged);
  }

  private List<Link> usable(Set<String> damaged) {
    return links.stream().filter(link -> usable(link.manifest(), damaged)).toList();
  }

  private static boolean usable(Manifest manifest, Set<String> damaged) {
    return !damaged.contains(manifest.key())
        && manifest.segments().stream()
            .noneMatch(segment -> damaged.contains(segment.object().key()));
  }

  /**
   * Compares every object that the manifests name with its length and hash.
   *
   * @throws IOException if the repository cannot be read
   */
  public List<Damage> checkObjects(Repository repository) throws IOException {
    List<Damage> found = new ArrayList<>();
    for (Link link : links) {
      for (Manifest.Segment segment : link.manifest().segments()) {
        check(repository, segment.object()).ifPresent(found::add);
      }
      if (link.manifest().transactions().isPresent()) {
        check(repository, link.manifest().transactions().get().object()).ifPresent(found::add);
      }
    }
    return found;
  }

  /** Compares one object with its length and hash. */
  public static Optional<Damage> check(Repository repository, Manifest.StoredObject object)
      throws IOException {
    OptionalLong size = repository.sizeBytes(object.key());
    if (size.isEmpty()) {
      return Optional.of(new Damage.Missing(object.key()));
    }
    if (size.getAsLong() != object.bytes()) {
      return Optional.of(new Damage.WrongLength(object.key(), object.bytes(), size.getAsLong()));
    }
    try (InputStream in = repository.read(object.key(), 0)) {
      String actual = Digests.sha256Of(in);
      return actual.equals(object.sha256())
          ? Optional.empty()
          : Optional.of(new Damage.Altered(object.key(), object.sha256(), actual));
    } catch (NoSuchFileException e) {
      return Optional.of(new Damage.Missing(object.key()));
    } catch (DamagedException e) {
      return Optional.of(new Damage.Unreadable(object.key(), String.valueOf(e.getMessage())));
    }
  }

  private static List<Long> numbers(Repository repository, String graph) throws IOException {
    List<Long> numbers = new ArrayList<>();
    for (String key : repository.list(Keys.manifests(graph))) {
      Keys.manifestNumber(key).ifPresent(numbers::add);
    }
    return numbers;
  }

  static Tip read(Repository repository, String key) throws IOException {
    return repository instanceof RememberedEntries remembered
        ? remembered.entry(key)
        : Tip.of(key, Transfer.bytesOf(repository, key));
  }

  /** Reads all entries, several at a time: there may be many, and each is small and far away. */
  private static final class Loader {
    private final Repository repository;
    private final String graph;
    private final Map<Long, Tip> readable = new ConcurrentHashMap<>();
    private final Map<Long, Damage> damage = new ConcurrentHashMap<>();

    Loader(Repository repository, String graph) {
      this.repository = repository;
      this.graph = graph;
    }

    Chain load() throws IOException {
      List<Long> numbers = numbers(repository, graph);
      if (numbers.size() < READERS) {
        for (long number : numbers) {
          read(number);
        }
      } else {
        readTogether(numbers);
      }
      return link(numbers);
    }

    private void readTogether(List<Long> numbers) throws IOException {
      ExecutorService readers = Executors.newFixedThreadPool(READERS);
      try {
        List<Future<?>> done = new ArrayList<>(numbers.size());
        for (long number : numbers) {
          done.add(
              readers.submit(
                  () -> {
                    read(number);
                    return true;
                  }));
        }
        for (Future<?> next : done) {
          next.get();
        }
      } catch (ExecutionException e) {
        if (e.getCause() instanceof IOException unreadable) {
          throw new IOException(unreadable.getMessage(), unreadable);
        }
        if (e.getCause() instanceof VarveException known) {
          throw known;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while the chain was loaded");
      } finally {
        readers.shutdownNow();
      }
    }

    private void read(long number) throws IOException {
      String key = Keys.manifest(graph, number);
      try {
        Tip tip = Chain.read(repository, key);
        if (tip.entry().number() != number || !tip.entry().graph().equals(graph)) {
          throw new DamagedException(
              key,
              "it says that it is number " + tip.entry().number() + " of " + tip.entry().graph(),
              null);
        }
        readable.put(number, tip);
      } catch (NoSuchFileException e) {
        damage.put(number, new Damage.Missing(key));
      } catch (DamagedException e) {
        damage.put(number, new Damage.Unreadable(key, String.valueOf(e.getMessage())));
      } catch (NewerFormatException e) {
        damage.put(number, new Damage.TooNew(key, String.valueOf(e.getMessage())));
      }
    }

    private Chain link(List<Long> numbers) {
      if (numbers.isEmpty()) {
        return new Chain(graph, List.of(), Optional.empty(), Optional.empty(), List.of());
      }
      long last = numbers.get(numbers.size() - 1);
      Optional<Ledger> ledger = newestLedger(last);
      Optional<Ledger> fallback =
          ledger.flatMap(
              newest ->
                  newestLedger(newest.number() - 1)
                      .filter(earlier -> !newest.isExpired(earlier.number())));
      List<Link> links = new ArrayList<>();
      List<Damage> all = new ArrayList<>();
      for (long number = 1; number <= last; number++) {
        if (ledger.isPresent() && ledger.get().isExpired(number)) {
          continue;
        }
        Optional<Damage> wrong = wrong(number);
        if (wrong.isPresent()) {
          all.add(wrong.get());
        } else if (trusted(number).entry() instanceof Manifest manifest) {
          links.add(new Link(manifest, trusted(number).sha256()));
        }
      }
      return new Chain(
          graph,
          links,
          ledger,
          fallback,
          Optional.ofNullable(readable.get(last)).map(Tip::asParent),
          all);
    }

    private Optional<Ledger> newestLedger(long last) {
      for (long number = last; number >= 1; number--) {
        Tip tip = readable.get(number);
        if (tip != null && tip.entry() instanceof Ledger ledger && wrong(number).isEmpty()) {
          return Optional.of(ledger);
        }
      }
      return Optional.empty();
    }

    private Optional<Damage> wrong(long number) {
      Damage known = damage.get(number);
      if (known != null) {
        return Optional.of(known);
      }
      Tip tip = readable.get(number);
      if (tip == null) {
        return Optional.of(new Damage.Missing(Keys.manifest(graph, number)));
      }
      Tip child = readable.get(number + 1);
      if (child != null && !child.entry().parent().equals(Optional.of(tip.asParent()))) {
        String named = child.entry().parent().map(Manifest.Parent::sha256).orElse("none");
        return Optional.of(new Damage.Altered(tip.entry().key(), named, tip.sha256()));
      }
      return Optional.empty();
    }

    private Tip trusted(long number) {
      Tip tip = readable.get(number);
      if (tip == null) {
        throw new IllegalStateException("nothing is known of number " + number);
      }
      return tip;
    }
  }
}
