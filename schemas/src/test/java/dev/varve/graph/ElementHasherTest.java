package dev.varve.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ElementHasherTest {

  private final ElementHasher hasher = new ElementHasher();
  private final ElementId id = ElementId.vertex("42");

  @Test
  void theHashOfAKnownVertexAndEdgeNeverChanges() {
    Element vertex =
        Vertex.of(
            Set.of("Person", "Actor"),
            Map.of("name", Value.Text.of("Zoë"), "born", Value.Int.of(1964)));
    Element edge = Edge.of("ACTED_IN", "42", "7", Map.of("roles", list(Value.Text.of("Neo"))));

    assertThat(hasher.hash(id, vertex)).hasToString("dc7a5c7699b90e012b72148ca5ba36dd");
    assertThat(hasher.hash(ElementId.edge("5"), edge))
        .hasToString("8d14a9cfc34fec3988b7600dd10b7d7b");
  }

  @Test
  void anEdgesOwnIdIsNotPartOfItsContentAndAVertexsIs() {
    Element edge = Edge.of("KNOWS", "1", "2", Map.of());
    assertThat(hasher.hash(ElementId.edge("1"), edge))
        .isEqualTo(hasher.hash(ElementId.edge("2"), edge));
    Element vertex = Vertex.of(Set.of(), Map.of());
    assertThat(hasher.hash(ElementId.vertex("1"), vertex))
        .isNotEqualTo(hasher.hash(ElementId.vertex("2"), vertex));
  }

  @Test
  void widthsAreNotPartOfTheContent() {
    assertSame(new Value.Int(5, Value.IntWidth.INT8), Value.Int.of(5));
    assertSame(new Value.Float(0.5, Value.FloatWidth.FLOAT32), Value.Float.of(0.5));
    assertSame(new Value.Text("x", true), Value.Text.of("x"));
    assertSame(new Value.ListOf(List.of(), Optional.of("int[]")), list());
    assertSame(new Value.Decimal(new BigDecimal("1.50")), new Value.Decimal(new BigDecimal("1.5")));
  }

  @Test
  void valuesThatDifferHashDifferently() {
    assertDiffer(Value.Int.of(1), Value.Float.of(1));
    assertDiffer(Value.Int.of(1), Value.Text.of("1"));
    assertDiffer(Value.Float.of(0.0), Value.Float.of(-0.0));
    assertDiffer(list(Value.Text.of("ab")), list(Value.Text.of("a"), Value.Text.of("b")));
    assertDiffer(list(), new Value.Bytes(new byte[0]));
    ZonedDateTime noon = ZonedDateTime.of(2026, 1, 1, 12, 0, 0, 0, ZoneOffset.UTC);
    assertDiffer(
        new Value.ZonedTimestamp(noon), new Value.OffsetTimestamp(noon.toOffsetDateTime()));
  }

  @Test
  void aPropertyCannotPassForALabel() {
    Element labels = Vertex.of(Set.of("a", "b"), Map.of());
    Element properties = Vertex.of(Set.of("a"), Map.of("b", Value.Text.of("")));
    assertThat(hasher.hash(id, labels)).isNotEqualTo(hasher.hash(id, properties));
  }

  @Test
  void manyRandomElementsHaveAsManyHashes() {
    RandomGraph graph = new RandomGraph(new Random(7));
    Set<Element> elements = new HashSet<>();
    Set<ElementHash> hashes = new HashSet<>();
    for (int i = 0; i < 5_000; i++) {
      Element vertex = graph.element(ElementKind.VERTEX);
      elements.add(vertex);
      hashes.add(hasher.hash(id, vertex));
    }
    // Equal widths aside, which this generator seldom makes collide, content decides.
    assertThat(hashes).hasSizeGreaterThan((int) (elements.size() * 0.99));
  }

  private void assertSame(Value one, Value other) {
    assertThat(hash(one)).isEqualTo(hash(other));
  }

  private void assertDiffer(Value one, Value other) {
    assertThat(hash(one)).isNotEqualTo(hash(other));
  }

  private ElementHash hash(Value value) {
    return hasher.hash(id, Vertex.of(Set.of(), Map.of("p", value)));
  }

  private static Value list(Value... items) {
    return Value.ListOf.of(List.of(items));
  }
}
