package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Entry;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.SegmentFormat;
import dev.varve.archive.SegmentWriter;
import dev.varve.archive.TransactionsWriter;
import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Vertex;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.Fold;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes chains as the compactor does, through the real fold and the real writers, and keeps beside
 * them what the graph was after every transaction.
 */
public final class ChainLab {

  public static final String GRAPH = "g";
  public static final Site SITE = Site.parse("neo4j@1");
  public static final String STORE = "neo4j:test";
  public static final long FIRST_MICROS = 1_700_000_000_000_000L;

  private final Path scratch;
  private final DirectoryRepository repository;
  private final ElementHasher hasher = new ElementHasher();
  private final Map<ElementId, VersionDigest> digests = new HashMap<>();
  private final Map<ElementId, ElementVersion> newest = new HashMap<>();
  private final TreeMap<ElementId, Element> alive = new TreeMap<>();
  private final List<ElementVersion> pending = new ArrayList<>();
  private final List<Transaction> pendingTransactions = new ArrayList<>();

  /** The graph after each transaction, by its number. */
  public final TreeMap<Long, Map<ElementId, Element>> history = new TreeMap<>();

  /** Snapshots that {@link #delta} made, in order; what {@link #merged} counts by. */
  public final List<Laid> deltas = new ArrayList<>();

  /** Every cut at which a snapshot was made from what was committed, in order. */
  public final List<Cut> cuts = new ArrayList<>();

  public final TreeMap<Long, Long> committedAt = new TreeMap<>();
  public final TreeMap<Long, StoreSchema> schemas = new TreeMap<>();

  /** A delta and what it holds. */
  public record Laid(
      Manifest manifest, List<ElementVersion> versions, List<Transaction> transactions) {}

  /** The graph at a cut. */
  public record Cut(
      long seq,
      long micros,
      long vertices,
      long edges,
      Fingerprint fingerprint,
      StoreSchema schema,
      List<ElementVersion> newest) {}

  private StoreSchema schema = StoreSchema.EMPTY;
  private Fingerprint fingerprint = Fingerprint.EMPTY;
  private long seq;
  private long now = FIRST_MICROS;
  private long number;
  private Optional<Manifest.Parent> parent = Optional.empty();
  private VersionVector cut = VersionVector.EMPTY;
  private int versionsASegment = 50;
  private SegmentFormat formatOfBases = SegmentFormat.of(Manifest.Kind.BASE);
  private boolean keepHistory = true;
  private String store = STORE;

  public ChainLab(Path directory) {
    scratch = directory.resolve("scratch");
    repository = new DirectoryRepository(directory.resolve("repository"));
    try {
      Files.createDirectories(scratch);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How bases and checkpoints are laid down from now on; as they are now unless said. */
  public ChainLab basesOf(SegmentFormat format) {
    formatOfBases = format;
    return this;
  }

  private SegmentFormat format(Manifest.Kind kind) {
    return kind.whole() ? formatOfBases : SegmentFormat.of(kind);
  }

  public ChainLab versionsASegment(int count) {
    versionsASegment = count;
    return this;
  }

  /** The identity of the store that the chain is from; {@link #STORE} if not said. */
  public ChainLab store(String identity) {
    store = identity;
    return this;
  }

  /** Large graphs do not remember every moment. */
  public ChainLab withoutHistory() {
    keepHistory = false;
    return this;
  }

  public DirectoryRepository repository() {
    return repository;
  }

  public Map<ElementId, Element> alive() {
    return alive;
  }

  public long seq() {
    return seq;
  }

  public long now() {
    return now;
  }

  public Fingerprint fingerprint() {
    return fingerprint;
  }

  public void tick(long micros) {
    now += micros;
  }

  /** Commits a transaction; an empty state removes. Numbers have gaps. */
  public long commit(Map<ElementId, Optional<Element>> changes) {
    return commit(changes, Optional.empty());
  }

  public long commit(
      Map<ElementId, Optional<Element>> changes, Optional<StoreSchema.Change> schemaChange) {
    seq += 1 + seq % 3;
    long index = 0;
    for (Map.Entry<ElementId, Optional<Element>> entry : changes.entrySet()) {
      fold(
          new Change(
              entry.getKey(),
              new ChangeHeader(
                  new Dot(SITE, seq, index++),
                  now,
                  VersionVector.EMPTY,
                  entry.getValue().map(state -> hasher.hash(entry.getKey(), state)),
                  List.of(),
                  List.of()),
              entry.getValue()));
    }
    schema = schemaChange.map(schema::after).orElse(schema);
    pendingTransactions.add(
        new Transaction(
            SITE, seq, now, Optional.empty(), new TreeMap<>(), List.of(), schemaChange));
    committedAt.put(seq, now);
    schemas.put(seq, schema);
    if (keepHistory) {
      history.put(seq, new TreeMap<>(alive));
    }
    return seq;
  }

  private void fold(Change change) {
    Fold.Outcome outcome = Fold.apply(digests.get(change.id()), change.header());
    if (outcome instanceof Fold.Won won) {
      ElementVersion version = new ElementVersion(change.id(), won.version(), change.state());
      digests.put(change.id(), won.version().digest());
      newest.put(change.id(), version);
      pending.add(version);
      fingerprint = fingerprint.after(won.version());
      if (change.state().isPresent()) {
        alive.put(change.id(), change.state().get());
      } else {
        alive.remove(change.id());
      }
    } else {
      throw new IllegalStateException("one site has no conflicts");
    }
  }

  /** A base of all that was committed. */
  public Manifest base() {
    Cut here = here();
    return head(Manifest.Kind.BASE, new ArrayList<>(newest.values()), List.of(), here);
  }

  /** A checkpoint: leaves removals out. */
  public Manifest checkpoint() {
    return checkpoint(here());
  }

  /** A checkpoint in which one element has another state, with the hash of that. */
  public Manifest forgedCheckpoint() {
    Cut honest = here();
    List<ElementVersion> versions = new ArrayList<>(honest.newest());
    versions.removeIf(version -> version.state().isEmpty());
    ElementVersion victim = versions.remove(0);
    Element other =
        victim.state().orElseThrow() instanceof Edge edge
            ? Edge.of("FORGED", edge.start(), edge.end(), Map.of())
            : Vertex.of(Set.of("Forged"), Map.of());
    VersionHeader header = victim.header();
    versions.add(
        new ElementVersion(
            victim.id(),
            new VersionHeader(
                header.dot(),
                header.committedAtMicros(),
                header.weight(),
                header.vector(),
                Optional.of(hasher.hash(victim.id(), other)),
                header.replaced(),
                header.lost(),
                header.alteredLabels(),
                header.alteredProperties()),
            Optional.of(other)));
    return publish(
        Manifest.Kind.CHECKPOINT,
        VersionVector.EMPTY,
        versions,
        List.of(),
        honest.micros(),
        honest);
  }

  /** A checkpoint at an earlier cut. */
  public Manifest checkpoint(Cut at) {
    return publish(
        Manifest.Kind.CHECKPOINT,
        VersionVector.EMPTY,
        at.newest().stream().filter(version -> version.state().isPresent()).toList(),
        List.of(),
        at.micros(),
        at);
  }

  public Manifest delta() {
    List<ElementVersion> versions = new ArrayList<>(pending);
    List<Transaction> transactions = new ArrayList<>(pendingTransactions);
    Manifest made = head(Manifest.Kind.DELTA, versions, transactions, here());
    deltas.add(new Laid(made, versions, transactions));
    return made;
  }

  /** Deltas merged, each by its place in {@link #deltas}, both included. */
  public Manifest merged(int first, int last) {
    List<Laid> originals = deltas.subList(first, last + 1);
    return publish(
        Manifest.Kind.MERGED,
        originals.get(0).manifest().from(),
        originals.stream().flatMap(delta -> delta.versions().stream()).toList(),
        originals.stream().flatMap(delta -> delta.transactions().stream()).toList(),
        originals.get(0).manifest().committed().firstMicros(),
        at(originals.get(originals.size() - 1).manifest().to()));
  }

  /** Deltas merged and thinned: of each element the newest version, as if it were the only one. */
  public Manifest thinned(int first, int last) {
    List<Laid> originals = deltas.subList(first, last + 1);
    Map<ElementId, ElementVersion> kept = new TreeMap<>();
    Map<ElementId, Optional<ElementHash>> before = new HashMap<>();
    for (Laid delta : originals) {
      for (ElementVersion version : delta.versions()) {
        before.putIfAbsent(version.id(), version.header().replaced());
        kept.put(version.id(), version);
      }
    }
    return publish(
        Manifest.Kind.THINNED,
        originals.get(0).manifest().from(),
        kept.values().stream()
            .map(version -> replacing(version, before.getOrDefault(version.id(), Optional.empty())))
            .toList(),
        List.of(),
        originals.get(0).manifest().committed().firstMicros(),
        at(originals.get(originals.size() - 1).manifest().to()));
  }

  private static ElementVersion replacing(ElementVersion version, Optional<ElementHash> replaced) {
    VersionHeader header = version.header();
    return new ElementVersion(
        version.id(),
        new VersionHeader(
            header.dot(),
            header.committedAtMicros(),
            header.weight(),
            header.vector(),
            header.hash(),
            replaced,
            header.lost(),
            header.alteredLabels(),
            header.alteredProperties()),
        version.state());
  }

  /** A ledger of all restore points and expired numbers. */
  public Ledger ledger(List<Ledger.RestorePoint> points, List<Ledger.Range> expired) {
    return append(
        new Ledger(
            GRAPH,
            ++number,
            parent,
            points,
            expired,
            new Manifest.Writer("lab", "0"),
            Instant.EPOCH));
  }

  /** The same, and what it remembers of what has expired. */
  public Ledger ledger(
      List<Ledger.RestorePoint> points,
      List<Ledger.Range> expired,
      Collection<Long> more,
      Map<Long, String> sha256) {
    Ledger first =
        new Ledger(
            GRAPH,
            ++number,
            parent,
            points,
            expired,
            new Manifest.Writer("lab", "0"),
            Instant.EPOCH);
    return append(first.withExpired(more, sha256));
  }

  private Cut at(VersionVector to) {
    return cuts.stream()
        .filter(known -> VersionVector.of(SITE, known.seq()).equals(to))
        .findFirst()
        .orElseThrow();
  }

  private Cut here() {
    long vertices = alive.keySet().stream().filter(id -> id.kind() == ElementKind.VERTEX).count();
    Cut here =
        new Cut(
            seq,
            now,
            vertices,
            alive.size() - vertices,
            fingerprint,
            schema,
            List.copyOf(newest.values()));
    if (keepHistory) {
      cuts.add(here);
    }
    return here;
  }

  private Manifest head(
      Manifest.Kind kind, List<ElementVersion> versions, List<Transaction> transactions, Cut at) {
    long first = transactions.stream().mapToLong(Transaction::committedAtMicros).min().orElse(now);
    Manifest made =
        publish(kind, kind.whole() ? VersionVector.EMPTY : cut, versions, transactions, first, at);
    cut = made.to();
    pending.clear();
    pendingTransactions.clear();
    return made;
  }

  private Manifest publish(
      Manifest.Kind kind,
      VersionVector from,
      List<ElementVersion> versions,
      List<Transaction> transactions,
      long firstMicros,
      Cut at) {
    number++;
    List<Manifest.Segment> segments = new ArrayList<>();
    segments.addAll(segments(ElementKind.VERTEX, "v", format(kind), versions));
    segments.addAll(segments(ElementKind.EDGE, "e", format(kind), versions));
    Manifest manifest =
        new Manifest(
            GRAPH,
            number,
            kind,
            parent,
            from,
            VersionVector.of(SITE, at.seq()),
            new Manifest.CommitSpan(firstMicros, at.micros()),
            List.of(),
            List.of(new Manifest.SiteCut(SITE, store, at.seq(), at.micros(), Optional.empty())),
            new Manifest.Counts(
                at.vertices(),
                at.edges(),
                versions.size(),
                versions.stream().filter(version -> version.state().isEmpty()).count(),
                transactions.size()),
            at.fingerprint(),
            at.schema(),
            segments,
            transactions.isEmpty() ? Optional.empty() : Optional.of(file(transactions)),
            new Manifest.Writer("lab", "0"),
            new Manifest.Encoding("zstandard", format(kind), Optional.empty()),
            Instant.EPOCH);
    append(manifest);
    return manifest;
  }

  private <T extends Entry> T append(T entry) {
    try {
      byte[] json = EntryJson.write(entry);
      repository.create(entry.key(), json);
      parent = Optional.of(Chain.Tip.of(entry.key(), json).asParent());
      return entry;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Manifest.Segment> segments(
      ElementKind kind, String letter, SegmentFormat format, List<ElementVersion> versions) {
    List<ElementVersion> sorted =
        versions.stream()
            .filter(version -> version.id().kind() == kind)
            .sorted(
                Comparator.comparing(ElementVersion::id)
                    .thenComparing(version -> version.header().digest(), VersionDigest.ORDER))
            .toList();
    List<Manifest.Segment> segments = new ArrayList<>();
    for (int from = 0; from < sorted.size(); from += versionsASegment) {
      String key = Keys.part(GRAPH, number, letter + String.format("%03d", segments.size()), 7);
      Path file = scratch.resolve(key.replace('/', '_'));
      try (SegmentWriter writer = new SegmentWriter(file, key, kind, format, 1)) {
        for (ElementVersion version :
            sorted.subList(from, Math.min(sorted.size(), from + versionsASegment))) {
          writer.append(version);
        }
        segments.add(writer.finish());
        repository.create(key, file);
        Files.delete(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return segments;
  }

  private Manifest.TransactionsFile file(List<Transaction> transactions) {
    String key = Keys.part(GRAPH, number, "t", 7);
    Path file = scratch.resolve(key.replace('/', '_'));
    try (TransactionsWriter writer = new TransactionsWriter(file, key)) {
      for (Transaction transaction : transactions) {
        writer.append(transaction);
      }
      Manifest.TransactionsFile written = writer.finish();
      repository.create(key, file);
      Files.delete(file);
      return written;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A random transaction of creates, updates, removals, and ids used again. */
  public long randomCommit(Random random, RandomValues values) {
    Map<ElementId, Optional<Element>> changes = new TreeMap<>();
    TreeSet<String> vertices = new TreeSet<>();
    alive.keySet().stream()
        .filter(id -> id.kind() == ElementKind.VERTEX)
        .forEach(id -> vertices.add(id.id()));
    for (int i = 1 + random.nextInt(6); i > 0; i--) {
      String id = Integer.toString(random.nextInt(60));
      if (random.nextInt(5) == 0) {
        removeVertex(id, vertices, changes);
      } else {
        vertices.add(id);
        changes.put(
            ElementId.vertex(id),
            Optional.of(Vertex.of(randomLabels(random), values.properties())));
      }
    }
    List<String> ends = List.copyOf(vertices);
    for (int i = random.nextInt(8); i > 0 && !ends.isEmpty(); i--) {
      ElementId id = ElementId.edge(Integer.toString(random.nextInt(120)));
      Element there = alive.get(id);
      if (changes.containsKey(id)) {
        continue;
      }
      if (there instanceof Edge edge && random.nextInt(3) > 0) {
        changes.put(
            id,
            random.nextBoolean()
                ? Optional.empty()
                : Optional.of(
                    new Edge(edge.type(), edge.start(), edge.end(), values.properties())));
      } else if (there == null) {
        changes.put(
            id,
            Optional.of(
                Edge.of(
                    random.nextBoolean() ? "KNOWS" : "odd `type\\u0041",
                    ends.get(random.nextInt(ends.size())),
                    ends.get(random.nextInt(ends.size())),
                    values.properties())));
      }
    }
    return commit(changes);
  }

  private void removeVertex(
      String id, Set<String> vertices, Map<ElementId, Optional<Element>> changes) {
    if (alive.containsKey(ElementId.vertex(id)) && !changes.containsKey(ElementId.vertex(id))) {
      vertices.remove(id);
      changes.put(ElementId.vertex(id), Optional.empty());
      alive.forEach(
          (edgeId, element) -> {
            if (element instanceof Edge edge
                && (edge.start().equals(id) || edge.end().equals(id))) {
              changes.put(edgeId, Optional.empty());
            }
          });
    }
  }

  private static Set<String> randomLabels(Random random) {
    return switch (random.nextInt(5)) {
      case 0 -> Set.of();
      case 1 -> Set.of("Person");
      case 2 -> Set.of("Person", "Öddly `labelled\\u0041");
      case 3 -> Set.of("Thing");
      default -> Set.of("Person", "Thing");
    };
  }

  /** The fingerprint of a graph, computed from nothing else. */
  public static Fingerprint fingerprintOf(Map<ElementId, Element> graph) {
    ElementHasher hasher = new ElementHasher();
    Fingerprint sum = Fingerprint.EMPTY;
    for (Map.Entry<ElementId, Element> entry : graph.entrySet()) {
      sum = sum.plus(hasher.hash(entry.getKey(), entry.getValue()));
    }
    return sum;
  }
}
