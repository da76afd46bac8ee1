package dev.varve.replay;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.tail.Place;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fold;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.Topics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Topology tables as the fold makes them of what several sites write side by side, each of which
 * sees the others' transactions now and then.
 */
final class FakeTables {

  static final Topics TOPICS = new Topics("g");
  static final int PARTITIONS = 2;
  static final int TRANSACTIONS = 2 * PARTITIONS;
  private static final int IDS = 5;

  /** A record of a place. */
  sealed interface Row {

    record Version(ElementVersion version) implements Row {}

    record Mark(Watermark watermark) implements Row {}

    record Tx(Transaction transaction) implements Row {}
  }

  private record Written(ElementId id, ChangeHeader header, Optional<Element> state) {
    VersionDigest digest() {
      VersionVector own = header.vector();
      return new VersionDigest(
          header.dot(), header.committedAtMicros(), own.weight(), own, header.hash());
    }
  }

  private record Committed(long seq, long micros, List<Written> changes) {}

  /** What a site has written and seen. */
  private static final class Writer {
    final Site site;
    final List<Committed> log = new ArrayList<>();
    VersionVector seen = VersionVector.EMPTY;
    long seq;
    int delivered;

    Writer(Site site) {
      this.site = site;
    }
  }

  final List<Place> places = new ArrayList<>();
  final List<List<Row>> rows = new ArrayList<>();
  final List<ElementVersion> versions = new ArrayList<>();
  final List<Site> sites = new ArrayList<>();
  private final long[] counts = new long[TRANSACTIONS + 1];
  private final Random random;
  private final List<Writer> writers = new ArrayList<>();
  private final List<Written> written = new ArrayList<>();
  private final Map<ElementId, VersionDigest> folded = new HashMap<>();
  private final ElementHasher hasher = new ElementHasher();
  private long clock = 1_700_000_000_000_000L;

  FakeTables(Random random, int siteCount, int transactions) {
    this.random = random;
    for (int i = 0; i < 2; i++) {
      for (int p = 0; p < PARTITIONS; p++) {
        places.add(new Place(i == 0 ? TOPICS.vertices() : TOPICS.edges(), p));
      }
    }
    places.add(new Place(TOPICS.transactions(), 0));
    places.forEach(place -> rows.add(new ArrayList<>()));
    for (int i = 0; i < siteCount; i++) {
      writers.add(new Writer(new Site("s" + i, 1)));
      sites.add(writers.get(i).site);
    }
    for (int i = 0; i < transactions; i++) {
      commit(writers.get(random.nextInt(siteCount)));
    }
    deliver();
  }

  private void commit(Writer writer) {
    if (random.nextInt(3) == 0) {
      Writer other = writers.get(random.nextInt(writers.size()));
      if (other != writer && other.seq > 0) {
        VersionVector all = writer.seen.union(other.seen).with(other.site, other.seq);
        TreeMap<Site, Long> others = new TreeMap<>(all.seqs());
        others.remove(writer.site);
        writer.seen = new VersionVector(others);
      }
    }
    writer.seq += 1 + random.nextInt(3);
    clock += random.nextInt(3) * 1000L;
    List<Written> changes = new ArrayList<>();
    TreeSet<ElementId> touched = new TreeSet<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      touched.add(
          new ElementId(
              random.nextInt(3) == 0 ? ElementKind.EDGE : ElementKind.VERTEX,
              Integer.toString(random.nextInt(IDS))));
    }
    for (ElementId id : touched) {
      Optional<Element> state = next(id, local(writer, id));
      changes.add(
          new Written(
              id,
              new ChangeHeader(
                  new Dot(writer.site, writer.seq, changes.size()),
                  clock,
                  writer.seen,
                  state.map(element -> hasher.hash(id, element)),
                  List.of(),
                  List.of()),
              state));
    }
    written.addAll(changes);
    writer.log.add(new Committed(writer.seq, clock, changes));
  }

  /** What the site has of an element. */
  private Optional<Element> local(Writer writer, ElementId id) {
    VersionVector own = writer.seen.with(writer.site, writer.seq);
    return written.stream()
        .filter(change -> change.id().equals(id) && own.covers(change.header().dot()))
        .max(Comparator.comparing(Written::digest, VersionDigest.ORDER))
        .flatMap(Written::state);
  }

  private Optional<Element> next(ElementId id, Optional<Element> now) {
    if (now.isPresent() && random.nextInt(3) == 0) {
      return Optional.empty();
    }
    TreeMap<String, Value> properties = new TreeMap<>(Map.of("n", Value.Int.of(random.nextLong())));
    if (id.kind() == ElementKind.VERTEX) {
      return Optional.of(new Vertex(new TreeSet<>(List.of("L")), properties));
    }
    Edge old = (Edge) now.orElse(null);
    return Optional.of(
        old != null
            ? new Edge(old.type(), old.start(), old.end(), properties)
            : new Edge(
                "T" + random.nextInt(3),
                Integer.toString(random.nextInt(IDS)),
                Integer.toString(random.nextInt(IDS)),
                properties));
  }

  /** Each site's capture publishes its transactions in order; between sites in any order. */
  private void deliver() {
    List<Writer> left = new ArrayList<>(writers);
    left.removeIf(writer -> writer.log.isEmpty());
    while (!left.isEmpty()) {
      Writer writer = left.get(random.nextInt(left.size()));
      Committed next = writer.log.get(writer.delivered++);
      next.changes().forEach(this::fold);
      counts[TRANSACTIONS]++;
      rows.get(TRANSACTIONS)
          .add(
              new Row.Tx(
                  new Transaction(
                      writer.site,
                      next.seq(),
                      next.micros(),
                      Optional.empty(),
                      new TreeMap<>(),
                      List.of(),
                      Optional.empty())));
      boolean last = writer.delivered == writer.log.size();
      if (last || random.nextInt(3) == 0) {
        for (int place = 0; place < rows.size(); place++) {
          rows.get(place)
              .add(
                  new Row.Mark(
                      new Watermark(
                          writer.site,
                          next.seq(),
                          next.micros(),
                          counts[place],
                          "store:" + writer.site,
                          Optional.empty())));
        }
      }
      if (last) {
        left.remove(writer);
      }
    }
  }

  private void fold(Written change) {
    Fold.Outcome outcome = Fold.apply(folded.get(change.id()), change.header());
    VersionHeader header;
    if (outcome instanceof Fold.Won won) {
      header = won.version();
      folded.put(change.id(), won.version().digest());
    } else if (outcome instanceof Fold.Lost lost) {
      header = lost.version();
      folded.put(change.id(), lost.kept());
    } else {
      return;
    }
    ElementVersion version = new ElementVersion(change.id(), header, change.state());
    int place =
        (change.id().kind() == ElementKind.VERTEX ? 0 : PARTITIONS)
            + Math.floorMod(change.id().id().hashCode(), PARTITIONS);
    counts[place]++;
    versions.add(version);
    rows.get(place).add(new Row.Version(version));
  }

  /** The graph at a cut, as the format defines it. */
  Map<ElementId, Element> at(VersionVector cut) {
    Map<ElementId, ElementVersion> newest = new HashMap<>();
    for (ElementVersion version : versions) {
      if (cut.covers(version.header().dot())) {
        newest.merge(
            version.id(),
            version,
            (a, b) ->
                VersionDigest.ORDER.compare(a.header().digest(), b.header().digest()) > 0 ? a : b);
      }
    }
    Map<ElementId, Element> graph = new HashMap<>();
    newest.forEach((id, version) -> version.state().ifPresent(state -> graph.put(id, state)));
    return graph;
  }

  /** Everything. */
  VersionVector end() {
    TreeMap<Site, Long> seqs = new TreeMap<>();
    writers.forEach(writer -> seqs.put(writer.site, writer.seq));
    return new VersionVector(seqs);
  }

  @Override
  public String toString() {
    return Arrays.toString(counts);
  }
}
