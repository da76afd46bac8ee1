package dev.varve.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Reached;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import dev.varve.restore.standby.Standby;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ElementCodec;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What is written ahead into a store is seen when its turn has come, whole, or never. */
public final class DraftCheck {

  private final Supplier<Standby> opening;
  private final Supplier<List<Long>> seen;
  private final Map<ElementId, Element> vertices;
  private Reached at;

  private DraftCheck(
      Supplier<Standby> opening,
      Supplier<List<Long>> seen,
      Map<ElementId, Element> vertices,
      Reached at) {
    this.opening = opening;
    this.seen = seen;
    this.vertices = vertices;
    this.at = at;
  }

  /**
   * Checks a store that is a standby.
   *
   * @param opening opens it
   * @param seen how many of each of the vertices a client sees
   * @param vertices four that are not there; each is put by an advance of its own
   */
  public static void run(
      Supplier<Standby> opening, Supplier<List<Long>> seen, Map<ElementId, Element> vertices) {
    Reached at;
    try (Standby standby = opening.get()) {
      at = standby.claim("before").reached();
    }
    DraftCheck check = new DraftCheck(opening, seen, vertices, at);
    check.seenInTheirTurn();
    check.givenUp();
    check.fenced();
  }

  private void seenInTheirTurn() {
    try (Standby standby = opening.get()) {
      standby.claim("first");
      Advance one = put(at, 0);
      Advance two = put(one.to(), 1);
      Standby.Draft first = standby.draft(one, Set.of()).orElseThrow();
      Standby.Draft second = standby.draft(two, later(two)).orElseThrow();
      CompletableFuture.allOf(
              CompletableFuture.runAsync(second::write), CompletableFuture.runAsync(first::write))
          .join();
      assertThat(seen.get()).containsExactly(0L, 0L, 0L, 0L);
      first.publish();
      assertThat(seen.get()).containsExactly(1L, 0L, 0L, 0L);
      assertThat(cut()).isEqualTo(one.to().vector());
      second.publish();
      assertThat(seen.get()).containsExactly(1L, 1L, 0L, 0L);
      assertThat(cut()).isEqualTo(two.to().vector());
      at = two.to();
    }
  }

  /** All of it. */
  private static Set<ElementId> later(Advance advance) {
    Set<ElementId> later = new HashSet<>();
    advance.each(ElementKind.VERTEX, changed -> later.add(changed.id()));
    return later;
  }

  /** What is given up can be applied all the same. */
  private void givenUp() {
    try (Standby standby = opening.get()) {
      standby.claim("second");
      Advance three = put(at, 2);
      Standby.Draft draft = standby.draft(three, Set.of()).orElseThrow();
      draft.write();
      draft.discard();
      assertThat(seen.get()).containsExactly(1L, 1L, 0L, 0L);
      standby.apply(three);
      assertThat(seen.get()).containsExactly(1L, 1L, 1L, 0L);
      at = three.to();
    }
  }

  private void fenced() {
    try (Standby standby = opening.get();
        Standby later = opening.get()) {
      standby.claim("third");
      Standby.Draft draft = standby.draft(put(at, 3), Set.of()).orElseThrow();
      later.claim("fourth");
      draft.write();
      assertThatThrownBy(draft::publish)
          .isInstanceOfSatisfying(
              VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
      draft.discard();
      assertThat(seen.get()).containsExactly(1L, 1L, 1L, 0L);
    }
  }

  private VersionVector cut() {
    try (Standby standby = opening.get()) {
      return ((Standby.Condition.At) standby.inspect()).reached().vector();
    }
  }

  private Advance put(Reached from, int number) {
    Map.Entry<ElementId, Element> vertex = List.copyOf(vertices.entrySet()).get(number);
    AvroOutput out = new AvroOutput();
    new ElementCodec().writeState(Optional.of(vertex.getValue()), out);
    byte[] encoded = Arrays.copyOf(out.array(), out.length());
    Site site = from.vector().seqs().firstKey();
    VersionVector next = from.vector().with(site, from.vector().seqs().getOrDefault(site, 0L) + 1);
    Reached to =
        new Reached(
            from.graph(),
            from.chain(),
            next,
            from.sites(),
            from.committedAtMicros(),
            from.positions(),
            from.fingerprint(),
            false,
            from.schema());
    return new Advance() {
      @Override
      public Reached from() {
        return from;
      }

      @Override
      public Reached to() {
        return to;
      }

      @Override
      public void each(ElementKind kind, Consumer<Changed> receiver) {
        if (kind == ElementKind.VERTEX) {
          receiver.accept(new Changed(vertex.getKey(), encoded, false));
        }
      }

      @Override
      public long elements() {
        return 1;
      }
    };
  }
}
