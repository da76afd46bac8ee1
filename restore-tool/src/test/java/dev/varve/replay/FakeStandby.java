package dev.varve.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Manifest;
import dev.varve.archive.Reached;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.Standby;
import dev.varve.topology.Fingerprint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Holds what it is given and compares it with the definition after each step. */
final class FakeStandby implements Standby {
  final Map<ElementId, Element> graph = new HashMap<>();
  final FakeTables tables;
  volatile Reached reached;

  FakeStandby(FakeTables tables) {
    this.tables = tables;
    this.reached = beginning(tables);
  }

  @Override
  public void apply(Advance advance) {
    assertThat(advance.from()).isEqualTo(reached);
    int times = (int) (advance.elements() % 2) + 1;
    for (int i = 0; i < times; i++) {
      for (ElementKind kind : ElementKind.values()) {
        advance.each(kind, this::put);
      }
    }
    reached = Reached.parse(advance.to().toString());
    assertThat(graph).as("at vv:" + reached.vector()).isEqualTo(tables.at(reached.vector()));
    if (reached.settled()) {
      assertThat(reached.fingerprint()).isEqualTo(fingerprint());
    }
  }

  private void put(Advance.Changed changed) {
    Element there = graph.get(changed.id());
    if (changed.removed()) {
      graph.remove(changed.id());
      return;
    }
    if (changed.same() && there instanceof Edge old) {
      Edge now = (Edge) changed.state();
      assertThat(List.of(now.type(), now.start(), now.end()))
          .isEqualTo(List.of(old.type(), old.start(), old.end()));
    }
    graph.put(changed.id(), changed.state());
  }

  Fingerprint fingerprint() {
    Fingerprint sum = Fingerprint.EMPTY;
    for (Map.Entry<ElementId, Element> entry : graph.entrySet()) {
      sum = sum.plus(new ElementHasher().hash(entry.getKey(), entry.getValue()));
    }
    return sum;
  }

  @Override
  public Condition inspect() {
    return new Condition.At(reached, Optional.empty());
  }

  @Override
  public GraphTarget bootstrap(Reached first, Supplier<Optional<Crossed>> crossed) {
    throw new IllegalStateException("it is a standby already");
  }

  @Override
  public Condition.At claim(String owner) {
    return new Condition.At(reached, Optional.empty());
  }

  @Override
  public ReadBack readBack(Progress progress) {
    return new ReadBack(graph.size(), 0, fingerprint());
  }

  @Override
  public void strip(Progress progress) {}

  @Override
  public void close() {}

  /** Every site is known, and has written nothing yet. */
  private static Reached beginning(FakeTables tables) {
    TreeMap<Site, Long> seqs = new TreeMap<>();
    List<Manifest.SiteCut> cuts = new ArrayList<>();
    for (Site site : tables.sites) {
      seqs.put(site, 0L);
      cuts.add(new Manifest.SiteCut(site, "store:" + site, 0, 0, Optional.empty()));
    }
    List<Manifest.Position> positions =
        tables.places.stream()
            .map(
                place ->
                    new Manifest.Position(place.topic(), Optional.empty(), place.partition(), 0, 0))
            .toList();
    return new Reached(
        "g",
        new Manifest.Parent(1, "0".repeat(64)),
        new VersionVector(seqs),
        cuts,
        0,
        positions,
        Fingerprint.EMPTY,
        true,
        StoreSchema.EMPTY);
  }
}
