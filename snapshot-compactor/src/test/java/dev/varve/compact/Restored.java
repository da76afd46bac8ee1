package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.archive.TransactionsReader;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;

/** What a chain says, read in the simplest way there is, and compared with what really was. */
final class Restored {

  private Restored() {}

  /** Checks every manifest's cut, and every transaction in between, against the graph's history. */
  static void check(Repository repository, String graphName, SyntheticGraph graph)
      throws Exception {
    Chain chain = Chain.load(repository, graphName);
    assertThat(chain.damage()).isEmpty();
    assertThat(chain.checkObjects(repository)).isEmpty();
    check(repository, chain, graph);
  }

  /** Checks everything that can be restored from a chain. */
  static void check(Repository repository, Chain chain, SyntheticGraph graph) throws Exception {
    for (Chain.Stretch stretch : chain.stretches()) {
      check(repository, stretch, graph);
    }
  }

  /** The transactions to which the graph can be restored. */
  static NavigableSet<Long> moments(Chain chain, SyntheticGraph graph) {
    NavigableSet<Long> moments = new TreeSet<>();
    for (Chain.Stretch stretch : chain.stretches()) {
      moments.add(seq(stretch.from().seqs()));
      for (Chain.Link delta : stretch.deltas()) {
        long from = seq(delta.manifest().from().seqs());
        long to = seq(delta.manifest().to().seqs());
        moments.add(to);
        if (delta.manifest().kind().everyMoment()) {
          moments.addAll(graph.history.subMap(from, true, to, true).keySet());
        }
      }
    }
    return moments;
  }

  /**
   * What a restore to a moment would hold. A base may say of a site that wrote nothing meanwhile
   * that it has come further than the last transaction of it; what follows goes on from there.
   */
  static Optional<VersionVector> cut(Chain chain, long moment, SyntheticGraph graph) {
    for (Chain.Stretch stretch : chain.stretches()) {
      if (seq(stretch.from().seqs()) == moment) {
        return Optional.of(stretch.from());
      }
      for (Chain.Link link : stretch.deltas()) {
        Manifest delta = link.manifest();
        if (seq(delta.to().seqs()) == moment) {
          return Optional.of(delta.to());
        }
        if (delta.kind().everyMoment()
            && seq(delta.from().seqs()) < moment
            && moment < seq(delta.to().seqs())) {
          return Optional.of(delta.from().union(graph.vector(moment)));
        }
      }
    }
    return Optional.empty();
  }

  static void check(Repository repository, Chain.Stretch stretch, SyntheticGraph graph)
      throws Exception {
    List<ElementVersion> versions = new ArrayList<>();
    List<Chain.Link> links = new ArrayList<>();
    links.add(stretch.base());
    links.addAll(stretch.deltas());
    Fingerprint fingerprint = Fingerprint.EMPTY;
    for (Chain.Link link : links) {
      Manifest manifest = link.manifest();
      long before = versions.size();
      for (Manifest.Segment segment : manifest.segments()) {
        try (SegmentReader reader = SegmentReader.open(repository, segment)) {
          while (reader.next()) {
            versions.add(reader.version());
            assertThat(manifest.to().covers(reader.header().dot())).isTrue();
            assertThat(manifest.from().covers(reader.header().dot())).isFalse();
            fingerprint =
                manifest.kind().whole()
                    ? reader.header().hash().map(fingerprint::plus).orElse(fingerprint)
                    : fingerprint.after(reader.header());
          }
        }
      }
      assertThat(fingerprint).isEqualTo(manifest.fingerprint());
      assertThat(manifest.counts().versions()).isEqualTo(versions.size() - before);
      long seq = seq(manifest.to().seqs());
      assertThat(graph.history).as("a cut where there is a whole transaction").containsKey(seq);
      Map<ElementId, Element> expected = graph.history.getOrDefault(seq, Map.of());
      assertThat(manifest.fingerprint()).isEqualTo(graph.fingerprint(expected));
      assertThat(manifest.counts().vertices() + manifest.counts().edges())
          .isEqualTo(expected.size());
      assertThat(at(versions, manifest.to())).isEqualTo(expected);
      if (manifest.kind().everyMoment()) {
        checkMoments(versions, manifest, graph);
      }
      if (manifest.transactions().isPresent()) {
        checkTransactions(repository, manifest);
      }
    }
  }

  private static void checkMoments(
      List<ElementVersion> versions, Manifest delta, SyntheticGraph graph) {
    long from = seq(delta.from().seqs());
    long to = seq(delta.to().seqs());
    for (Map.Entry<Long, Map<ElementId, Element>> moment :
        graph.history.subMap(from, false, to, true).entrySet()) {
      assertThat(at(versions, graph.vector(moment.getKey())))
          .as("the graph at %d", moment.getKey())
          .isEqualTo(moment.getValue());
    }
  }

  private static void checkTransactions(Repository repository, Manifest manifest) throws Exception {
    long last = -1;
    try (TransactionsReader reader =
        TransactionsReader.open(repository, manifest.transactions().orElseThrow())) {
      for (Transaction next = reader.next(); next != null; next = reader.next()) {
        assertThat(manifest.to().covers(next.site(), next.seq())).isTrue();
        assertThat(manifest.from().covers(next.site(), next.seq())).isFalse();
        assertThat(next.seq()).isGreaterThanOrEqualTo(last);
        last = next.seq();
      }
    }
  }

  static long seq(Map<?, Long> vector) {
    return vector.values().stream().mapToLong(Long::longValue).max().orElseThrow();
  }

  /** The newest version of each element that a moment includes. */
  static Map<ElementId, Element> at(List<ElementVersion> versions, VersionVector moment) {
    Map<ElementId, ElementVersion> newest = new HashMap<>();
    for (ElementVersion version : versions) {
      if (moment.covers(version.header().dot())) {
        newest.merge(
            version.id(),
            version,
            (a, b) ->
                VersionDigest.ORDER.compare(a.header().digest(), b.header().digest()) >= 0 ? a : b);
      }
    }
    Map<ElementId, Element> alive = new HashMap<>();
    newest.forEach((id, version) -> version.state().ifPresent(state -> alive.put(id, state)));
    return alive;
  }
}
