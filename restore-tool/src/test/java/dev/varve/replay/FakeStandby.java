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
import dev.varve.restore.standby.PartOfAdvance;
import dev.varve.restore.standby.Standby;
import dev.varve.topology.Fingerprint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Holds what it is given and compares it with the definition after each step. */
final class FakeStandby implements Standby {
  final Map<ElementId, Element> graph = new HashMap<>();
  final FakeTables tables;
  volatile Reached reached;
  private final Set<FakeDraft> drafts = ConcurrentHashMap.newKeySet();
  private boolean unsure;

  /** Published, failed before and after that, and given up because they were in the way. */
  final int[] outcomes = new int[4];

  FakeStandby(FakeTables tables) {
    this.tables = tables;
    this.reached = beginning(tables);
  }

  @Override
  public void apply(Advance advance) {
    if (unsure && advance.to().vector().equals(reached.vector())) {
      unsure = false;
      return; // a draft came through
    }
    unsure = false;
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

  /** Those that go wrong do so by their cut, so that a run can be had again. */
  @Override
  public Optional<Draft> draft(Advance advance, Set<ElementId> later) {
    Random random = new Random(advance.to().vector().hashCode() * 0x9E3779B97F4A7C15L);
    if (random.nextInt(6) == 0) {
      return Optional.empty();
    }
    FakeDraft draft = new FakeDraft(advance, later, random.nextInt(12));
    for (FakeDraft other : drafts) {
      assertThat(Collections.disjoint(other.touched, draft.ahead)).isTrue();
    }
    drafts.add(draft);
    return Optional.of(draft);
  }

  private final class FakeDraft implements Draft {
    private final Advance advance;
    private final int fate;
    private final Set<ElementId> touched = new HashSet<>();
    private final Set<ElementId> ahead = new HashSet<>();

    FakeDraft(Advance advance, Set<ElementId> later, int fate) {
      this.advance = advance;
      this.fate = fate;
      for (ElementKind kind : ElementKind.values()) {
        advance.each(kind, changed -> touch(changed, touched));
        new PartOfAdvance(advance, changed -> !later.contains(changed.id()))
            .each(kind, changed -> touch(changed, ahead));
      }
    }

    private static void touch(Advance.Changed changed, Set<ElementId> touched) {
      touched.add(changed.id());
      if (!changed.removed() && changed.state() instanceof Edge edge) {
        touched.add(ElementId.vertex(edge.start()));
        touched.add(ElementId.vertex(edge.end()));
      }
    }

    @Override
    public void write() {
      if (fate == 0) {
        throw new IllegalStateException("cannot write");
      }
      long end = System.nanoTime() + Duration.ofMillis(500).toNanos();
      while (fate == 1 && drafts.size() > 1 && System.nanoTime() < end) {
        Thread.onSpinWait(); // for what a later one has locked
      }
    }

    @Override
    public void publish() {
      if (fate == 2) {
        outcomes[1]++;
        throw new IllegalStateException("cannot commit");
      }
      apply(advance);
      drafts.remove(this);
      if (fate == 3) {
        unsure = true;
        outcomes[2]++;
        throw new IllegalStateException("no answer");
      }
      outcomes[0]++;
    }

    @Override
    public void discard() {
      outcomes[3]++;
      drafts.remove(this);
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
