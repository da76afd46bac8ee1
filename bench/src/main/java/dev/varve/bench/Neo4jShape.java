package dev.varve.bench;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/** Elements as Neo4j has them: small numbers for ids, labels mixed. */
record Neo4jShape() implements SyntheticChain.Shape {

  private static final List<String> LABELS = List.of("Person", "Author", "Reader");
  private static final List<String> TYPES = List.of("KNOWS", "LIKES", "FOLLOWS");

  /** What every Neo4j database has from its first day. */
  private static final StoreSchema SCHEMA =
      new StoreSchema(
          List.of(
              lookUp("index_343aff4e", ElementKind.VERTEX, "(n) ON EACH labels(n)"),
              lookUp("index_f7700477", ElementKind.EDGE, "()-[n]-() ON EACH type(n)")));

  private static StoreSchema.Rule lookUp(String name, ElementKind kind, String on) {
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.INDEX,
        "LOOKUP",
        kind,
        List.of(),
        List.of(),
        Optional.of("CREATE LOOKUP INDEX `" + name + "` IF NOT EXISTS FOR " + on));
  }

  @Override
  public String store() {
    return "neo4j:bench";
  }

  @Override
  public ElementId id(ElementKind kind, long n) {
    return new ElementId(kind, Long.toString(n));
  }

  @Override
  public Element vertex(long n, Random random) {
    return Vertex.of(
        Set.of(LABELS.get((int) (n % LABELS.size()))),
        Map.of(
            "name", Value.Text.of("person number " + n),
            "born", new Value.Date(LocalDate.ofEpochDay(random.nextInt(20_000))),
            "score", Value.Float.of(random.nextDouble()),
            "visits", Value.Int.of(random.nextInt(1_000_000))));
  }

  @Override
  public Element edge(long n, long vertices, Random random) {
    return Edge.of(
        TYPES.get((int) (n % TYPES.size())),
        Long.toString(random.nextLong(vertices)),
        Long.toString(random.nextLong(vertices)),
        Map.of(
            "since", Value.Int.of(1_990 + random.nextInt(37)),
            "weight", Value.Float.of(random.nextDouble())));
  }

  @Override
  public StoreSchema schema() {
    return SCHEMA;
  }
}
