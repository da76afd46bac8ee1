package dev.varve.restore.branch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class SweptTest {

  private static final Site SITE = new Site("age", 1);
  private static final Sweep SWEEP =
      new Sweep(SITE, 2, 0, 0, ElementId.vertex("10"), ElementId.vertex("19"));

  private final ElementHasher hasher = new ElementHasher();

  private static Vertex vertex(long n) {
    return Vertex.of(Set.of("P"), Map.of("n", Value.Int.of(n)));
  }

  private Change change(String id, Optional<Element> state) {
    ElementId element = ElementId.vertex(id);
    return new Change(
        element,
        new ChangeHeader(
            new Dot(SITE, 1, 0),
            0,
            VersionVector.EMPTY,
            state.map(is -> hasher.hash(element, is)),
            List.of(),
            List.of()),
        state);
  }

  private static List<List<String>> named(
      Map<ElementId, Element> before, BranchContent.Touching... transactions) {
    return Swept.named(List.of(transactions), before).stream()
        .map(
            changes ->
                changes.stream()
                    .map(change -> (change.state().isEmpty() ? "-" : "+") + change.id().id())
                    .toList())
        .toList();
  }

  private static BranchContent.Touching transaction(List<Sweep> sweeps, Change... changes) {
    return new BranchContent.Touching(Stream.of(changes).toList(), sweeps);
  }

  @Test
  void aSweepRemovesWhatWasThereBeforeItsTransaction() {
    assertThat(
            named(
                Map.of(
                    ElementId.vertex("9"), vertex(0),
                    ElementId.vertex("11"), vertex(0),
                    ElementId.vertex("12"), vertex(0)),
                transaction(
                    List.of(),
                    change("13", Optional.of(vertex(1))),
                    change("20", Optional.of(vertex(1))),
                    change("11", Optional.empty())),
                transaction(List.of(SWEEP), change("14", Optional.of(vertex(1))))))
        .containsExactly(List.of("+13", "+20", "-11"), List.of("+14", "-12", "-13"));
  }

  @Test
  void whatIsStatedAgainAsItWasIsNoChange() {
    assertThat(
            named(
                Map.of(
                    ElementId.vertex("11"), vertex(0),
                    ElementId.vertex("12"), vertex(0),
                    ElementId.vertex("13"), vertex(0)),
                transaction(
                    List.of(SWEEP),
                    change("11", Optional.of(vertex(0))),
                    change("12", Optional.of(vertex(5))))))
        .containsExactly(List.of("+12", "-13"));
  }
}
