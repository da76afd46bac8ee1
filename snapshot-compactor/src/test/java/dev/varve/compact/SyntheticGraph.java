package dev.varve.compact;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.InexactSpan;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.Fold;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.RecordKind;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Utils;

/**
 * A graph that is changed at random, what the tables would hold of it, and what it was after each
 * transaction. A second site may join: then the two write by turns, each without having seen all
 * that the other wrote, and numbers are given to their transactions in the order in which they
 * arrive.
 */
final class SyntheticGraph {

  private final Random random;
  private final Random turns;
  private final Wire wire;
  private final int partitions;
  private final ElementHasher hasher = new ElementHasher();
  private final VersionCodec versionCodec = new VersionCodec();
  private final AvroOutput buffer = new AvroOutput();
  private final Map<ElementId, VersionDigest> folded = new HashMap<>();
  private final NavigableMap<ElementId, Element> alive = new TreeMap<>();
  private final Map<Integer, Long> counts = new HashMap<>();
  private final Map<Site, VersionVector> seen = new HashMap<>();
  private Optional<Site> second = Optional.empty();

  /** What waits to be put into each place: vertices, then edges, then transactions. */
  final List<Deque<Row>> queues = new ArrayList<>();

  /** The graph after each transaction from the first consistent one on. */
  final NavigableMap<Long, Map<ElementId, Element>> history = new TreeMap<>();

  /** What each of these moments includes. */
  final NavigableMap<Long, VersionVector> vectors = new TreeMap<>();

  final int vertexIds;

  /** How many changes lost against a concurrent one. */
  int conflicts;

  Site site = new Site("neo4j", 1);
  long seq = 100;

  /** Every so many numbers a transaction says that the graph was not known before it; 0: none. */
  int inexactEvery;

  private VersionVector reached = VersionVector.EMPTY;
  private boolean consistent;

  /** A record of a topic. */
  record Row(String key, byte[] value) {}

  SyntheticGraph(long seed, Wire wire, int partitions, int vertexIds) {
    this.random = new Random(seed);
    this.turns = new Random(~seed);
    this.wire = wire;
    this.partitions = partitions;
    this.vertexIds = vertexIds;
    for (int i = 0; i < 2 * partitions + 1; i++) {
      queues.add(new ArrayDeque<>());
    }
  }

  /** The initial scan, a few transactions beside it, and the first watermark. */
  void scan(int elements) {
    long index = 0;
    for (int i = 0; i < elements; i++) {
      put(site, randomId(), index++, false);
    }
    transaction(
        site,
        Optional.of(
            new StoreSchema.Change(
                true,
                List.of(
                    new StoreSchema.Rule(
                        "person_name",
                        StoreSchema.Form.INDEX,
                        "RANGE",
                        ElementKind.VERTEX,
                        List.of("Person"),
                        List.of("name"),
                        Optional.empty())),
                List.of())));
    for (int i = 0; i < 3; i++) {
      transact(5);
    }
    consistent = true;
    watermark(Optional.empty());
    remember();
  }

  /** Transactions, a watermark after some of them and after the last. */
  void change(int transactions, int changesEach) {
    for (int i = 0; i < transactions; i++) {
      transact(1 + random.nextInt(changesEach));
      if (i == transactions - 1 || random.nextInt(4) == 0) {
        watermark(Optional.empty());
      }
    }
  }

  /** A second site writes too from now on; it has seen everything so far. */
  void join() {
    second = Optional.of(new Site("west", 1));
    seen.put(site, VersionVector.EMPTY);
    seen.put(second.get(), reached);
  }

  private Site turn() {
    if (second.isEmpty()) {
      return site;
    }
    boolean first = turns.nextBoolean();
    Site writer = first ? site : second.get();
    Site other = first ? second.get() : site;
    if (turns.nextBoolean()) { // else it has not heard of the other for a while
      long heard = reached.seqs().getOrDefault(other, 0L);
      VersionVector known = seen(writer).union(seen(other));
      seen.put(writer, heard > 0 ? known.union(VersionVector.of(other, heard)) : known);
    }
    return writer;
  }

  private VersionVector seen(Site writer) {
    if (second.isPresent()) {
      return seen.getOrDefault(writer, VersionVector.EMPTY);
    }
    return writer.incarnation() == 1
        ? VersionVector.EMPTY
        : VersionVector.of(new Site(writer.name(), writer.incarnation() - 1), seq);
  }

  /** One transaction, without a watermark. */
  void transact(int changes) {
    seq += 1 + random.nextInt(3);
    Site writer = turn();
    List<ElementId> touched = new ArrayList<>();
    for (int i = 0; i < changes; i++) {
      ElementId id = randomId();
      if (!touched.contains(id)) {
        touched.add(id);
        put(writer, id, touched.size() - 1, random.nextInt(3) == 0);
      }
    }
    transaction(writer, Optional.empty());
    if (consistent) {
      remember();
    }
  }

  /** The store was replaced: everything is scanned anew under the next incarnation. */
  void replaceStore(int elements) {
    Site old = site;
    site = site.next();
    if (second.isPresent()) {
      seq++;
      seen.put(site, seen(old).union(VersionVector.of(old, reached.seqs().getOrDefault(old, 0L))));
    }
    consistent = false;
    List<ElementId> all = new ArrayList<>(alive.keySet());
    long index = 0;
    for (int i = 0; i < elements; i++) {
      ElementId id = randomId();
      if (!all.contains(id)) {
        all.add(id);
      }
    }
    for (ElementId id : all) {
      put(site, id, index++, random.nextInt(3) == 0);
    }
    transaction(site, Optional.empty());
    consistent = true;
    watermark(Optional.of(old));
    remember();
  }

  void watermark(Optional<Site> replaces) {
    watermark(site, seq, replaces);
    second
        .filter(west -> reached.seqs().containsKey(west))
        .ifPresent(
            west -> watermark(west, reached.seqs().getOrDefault(west, 0L), Optional.empty()));
  }

  private void watermark(Site site, long seq, Optional<Site> replaces) {
    WatermarkCodec codec = new WatermarkCodec();
    for (int place = 0; place < queues.size(); place++) {
      buffer.clear();
      codec.write(
          new Watermark(
              site, seq, micros(seq), counts.getOrDefault(place, 0L), "neo4j:" + site, replaces),
          buffer);
      queues.get(place).add(new Row("w" + site, wire.frame(RecordKind.WATERMARK, buffer)));
    }
  }

  Fingerprint fingerprint(Map<ElementId, Element> graph) {
    Fingerprint sum = Fingerprint.EMPTY;
    for (Map.Entry<ElementId, Element> entry : graph.entrySet()) {
      sum = sum.plus(hasher.hash(entry.getKey(), entry.getValue()));
    }
    return sum;
  }

  static long micros(long seq) {
    return 1_790_000_000_000_000L + seq * 1000;
  }

  /** What a moment of the history includes. */
  VersionVector vector(long moment) {
    return Optional.ofNullable(vectors.get(moment)).orElseThrow();
  }

  private void remember() {
    history.put(seq, new HashMap<>(alive));
    vectors.put(seq, reached);
  }

  private ElementId randomId() {
    int n = random.nextInt(vertexIds);
    if (random.nextInt(20) == 0) {
      return ElementId.vertex("ключ-" + n % 7); // ids need not be numbers
    }
    return random.nextBoolean()
        ? ElementId.vertex(String.valueOf(n))
        : ElementId.edge(String.valueOf(n));
  }

  private void put(Site site, ElementId id, long index, boolean remove) {
    Optional<Element> state = remove ? Optional.empty() : Optional.of(randomState(id));
    ChangeHeader change =
        new ChangeHeader(
            new Dot(site, seq, index),
            micros(seq),
            seen(site),
            state.map(element -> hasher.hash(id, element)),
            List.of(),
            List.of());
    Fold.Outcome outcome = Fold.apply(folded.get(id), change);
    if (outcome instanceof Fold.Won won) {
      folded.put(id, won.version().digest());
      state.ifPresentOrElse(element -> alive.put(id, element), () -> alive.remove(id));
      row(id, id.toString(), won.version(), state);
    } else if (outcome instanceof Fold.Lost lost) {
      folded.put(id, lost.kept());
      conflicts++;
      row(id, id + "!" + change.dot(), lost.version(), state);
    } // else the initial scan met an element twice
  }

  private void row(ElementId id, String name, VersionHeader version, Optional<Element> state) {
    buffer.clear();
    versionCodec.write(new ElementVersion(id, version, state), buffer);
    byte[] key = id.toString().getBytes(StandardCharsets.UTF_8);
    int place =
        (id.kind() == ElementKind.VERTEX ? 0 : partitions)
            + Utils.toPositive(Utils.murmur2(key)) % partitions;
    counts.merge(place, 1L, Long::sum);
    queues.get(place).add(new Row(name, wire.frame(RecordKind.ELEMENT_VERSION, buffer)));
  }

  private void transaction(Site site, Optional<StoreSchema.Change> schema) {
    reached = reached.with(site, seq);
    int place = 2 * partitions;
    buffer.clear();
    TreeMap<String, String> metadata = new TreeMap<>();
    if (inexactEvery > 0 && seq % inexactEvery == 0) {
      metadata.put(InexactSpan.METADATA, new InexactSpan(site, seq - 1, seq).text());
    }
    new TransactionCodec()
        .write(
            new Transaction(
                site, seq, micros(seq), Optional.of("bob"), metadata, List.of(), schema),
            buffer);
    counts.merge(place, 1L, Long::sum);
    queues.get(place).add(new Row("t" + site, wire.frame(RecordKind.TRANSACTION, buffer)));
  }

  private Element randomState(ElementId id) {
    Map<String, Value> properties = new HashMap<>();
    properties.put("name", Value.Text.of("name " + random.nextInt(1_000_000)));
    properties.put("n", Value.Int.of(random.nextLong()));
    if (random.nextInt(50) == 0) {
      properties.put("text", Value.Text.of("long ".repeat(200 + random.nextInt(2000))));
    }
    return id.kind() == ElementKind.VERTEX
        ? Vertex.of(Set.of("Person"), properties)
        : Edge.of(
            "KNOWS",
            String.valueOf(random.nextInt(vertexIds)),
            String.valueOf(random.nextInt(vertexIds)),
            properties);
  }
}
