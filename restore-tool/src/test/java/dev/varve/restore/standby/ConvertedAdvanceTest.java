package dev.varve.restore.standby;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Manifest;
import dev.varve.archive.Reached;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.convert.Crossing;
import dev.varve.restore.convert.Engine;
import dev.varve.topology.Fingerprint;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ElementCodec;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What changed in a graph of AGE, as a standby in Neo4j gets it. */
final class ConvertedAdvanceTest {

  private static final Site SITE = Site.parse("age@1");
  private static final Crossed NOTHING = Crossed.nothing(Engine.AGE);
  private static final Crossing CROSSING = new Crossing(Engine.AGE, Engine.NEO4J);

  private static Advance.Changed changed(ElementId id, Element state) {
    AvroOutput out = new AvroOutput();
    new ElementCodec().writeState(Optional.of(state), out);
    return new Advance.Changed(id, out.toByteArray(), true);
  }

  private static Advance.Changed vertex(long id, Map<String, Value> properties) {
    return changed(ElementId.vertex("" + id), Vertex.of(Set.of("Person"), properties));
  }

  private static Reached at(long seq, StoreSchema schema) {
    return new Reached(
        "g",
        new Manifest.Parent(1, "0".repeat(64)),
        VersionVector.of(SITE, seq),
        List.of(new Manifest.SiteCut(SITE, "age:1/2/3", seq, 0, Optional.empty())),
        0,
        List.of(),
        Fingerprint.EMPTY,
        true,
        schema);
  }

  private static Advance advance(StoreSchema schema, Advance.Changed... all) {
    return new Advance() {
      @Override
      public Reached from() {
        return at(1, schema);
      }

      @Override
      public Reached to() {
        return at(2, schema);
      }

      @Override
      public void each(ElementKind kind, Consumer<Changed> receiver) {
        for (Changed changed : all) {
          if (changed.id().kind() == kind) {
            receiver.accept(changed);
          }
        }
      }

      @Override
      public long elements() {
        return all.length;
      }
    };
  }

  private static ConvertedAdvance convert(Crossed before, Advance.Changed... all) {
    return ConvertedAdvance.of(advance(StoreSchema.EMPTY, all), CROSSING, before);
  }

  private static List<Advance.Changed> each(Advance advance, ElementKind kind) {
    List<Advance.Changed> all = new ArrayList<>();
    advance.each(kind, all::add);
    return all;
  }

  @Test
  void whatIsExactPassesAsItIs() {
    Advance.Changed exact = vertex(7, Map.of("n", Value.Int.of(1)));
    Advance.Changed gone = new Advance.Changed(ElementId.vertex("8"), new byte[0], false);
    ConvertedAdvance converted = convert(NOTHING, exact, gone);
    List<Advance.Changed> all = each(converted, ElementKind.VERTEX);
    assertThat(all.get(0).encoded()).isSameAs(exact.encoded());
    assertThat(all.get(0).same()).isTrue();
    assertThat(all.get(1)).isSameAs(gone);
    assertThat(converted.converted()).isEmpty();
    assertThat(converted.elements()).isEqualTo(2);
  }

  @Test
  void whatNeedsItIsConverted() {
    ConvertedAdvance converted =
        convert(NOTHING, vertex(7, Map.of("price", new Value.Decimal(new BigDecimal("1.50")))));
    assertThat(each(converted, ElementKind.VERTEX).get(0).state())
        .isEqualTo(
            Vertex.of(Set.of("Person"), Map.of("price", Value.Text.of("::agtype:1.50::numeric"))));
    assertThat(converted.converted())
        .singleElement()
        .satisfies(
            tally -> {
              assertThat(tally.rule().name()).isEqualTo("DECIMAL");
              assertThat(tally.count()).isEqualTo(1);
            });
  }

  @Test
  void whatIsRefusedIsRefusedBeforeAnythingIsHandedOut() {
    assertThatThrownBy(
            () ->
                convert(
                    NOTHING,
                    vertex(7, Map.of("n", Value.Int.of(1))),
                    vertex(8, Map.of("a\0b", Value.Int.of(1)))))
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
              assertThat(e.getMessage())
                  .contains("v8", ":Person", "U+0000", "vv:age@1=2", "nothing of that was applied");
              assertThat(e.hint()).contains("mend it in the source");
            });
  }

  @Test
  void anEdgeWhoseTypeMayHaveBeenAnotherIsNotTheSame() {
    String type = carriedName();
    Advance.Changed plain = edge(1, type, Map.of());
    Advance.Changed carrying = edge(2, type, Map.of("__type", Value.Text.of("odd type")));
    Advance.Changed other = edge(3, "KNOWS", Map.of());
    assertThat(each(convert(NOTHING, plain, other), ElementKind.EDGE))
        .allMatch(Advance.Changed::same);

    ConvertedAdvance converted = convert(NOTHING, plain, carrying, other);
    List<Advance.Changed> edges = each(converted, ElementKind.EDGE);
    assertThat(edges).extracting(Advance.Changed::same).containsExactly(false, false, true);
    assertThat(((Edge) edges.get(1).state()).type()).isEqualTo("odd type");

    Crossed kept = Crossed.parse(converted.crossed().orElseThrow().toString());
    assertThat(kept).isEqualTo(converted.crossed().orElseThrow());
    assertThat(each(convert(kept, plain), ElementKind.EDGE)).noneMatch(Advance.Changed::same);
  }

  private static Advance.Changed edge(long id, String type, Map<String, Value> properties) {
    return changed(ElementId.edge("" + id), Edge.of(type, "7", "8", properties));
  }

  /** What AGE calls edges of the type "odd type": found by writing one there. */
  private static String carriedName() {
    ConvertedAdvance there =
        ConvertedAdvance.of(
            advance(StoreSchema.EMPTY, edge(1, "odd type", Map.of())),
            new Crossing(Engine.NEO4J, Engine.AGE),
            Crossed.nothing(Engine.NEO4J));
    return ((Edge) each(there, ElementKind.EDGE).get(0).state()).type();
  }

  @Test
  void anIndexGoesWhenElementsUnderItsLabelAreNoLongerExact() {
    StoreSchema.Rule rule =
        new StoreSchema.Rule(
            "by_name",
            StoreSchema.Form.INDEX,
            "btree",
            ElementKind.VERTEX,
            List.of("Person"),
            List.of("name"),
            Optional.of(
                "CREATE INDEX by_name ON g.\"Person\" USING btree"
                    + " (ag_catalog.agtype_access_operator(VARIADIC ARRAY[properties,"
                    + " '\"name\"'::ag_catalog.agtype]))"));
    StoreSchema schema = new StoreSchema(List.of(rule));
    ConvertedAdvance first =
        ConvertedAdvance.of(
            advance(schema, vertex(7, Map.of("n", Value.Int.of(1)))), CROSSING, NOTHING);
    assertThat(first.schemaBefore().rules()).as("no Person yet").isEmpty();
    assertThat(first.schemaAfter().rules()).hasSize(1);
    assertThat(first.leftOut()).isEmpty();

    Crossed before = first.crossed().orElseThrow();
    Value labels = Value.ListOf.of(List.of(Value.Text.of("Person"), Value.Text.of("Pilot")));
    ConvertedAdvance second =
        ConvertedAdvance.of(
            advance(schema, vertex(8, Map.of("__labels", labels))), CROSSING, before);
    assertThat(second.schemaBefore()).isEqualTo(first.schemaAfter());
    assertThat(second.schemaAfter().rules()).isEmpty();
    assertThat(second.leftOut()).containsExactly("by_name");
    assertThat(((Vertex) each(second, ElementKind.VERTEX).get(0).state()).labels())
        .containsExactly("Person", "Pilot");
  }
}
