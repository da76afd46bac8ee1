package dev.varve.bench;

import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * Elements as Apache AGE has them: graphids, a third of the elements under each label.
 *
 * @param indexed whether ids and the ends of edges have indexes; AGE makes none by itself
 */
record AgeShape(long vertices, long edges, boolean indexed) implements SyntheticChain.Shape {

  private static final int FIRST_LABEL = 3;
  private static final List<String> VERTEX_LABELS = List.of("Person", "Author", "Reader");
  private static final List<String> EDGE_LABELS = List.of("KNOWS", "LIKES", "FOLLOWS");
  private static final int BIRTHDAYS = 20_000;

  @Override
  public String store() {
    return "age:bench";
  }

  @Override
  public ElementId id(ElementKind kind, long n) {
    boolean vertex = kind == ElementKind.VERTEX;
    long each = each(kind);
    int first = vertex ? FIRST_LABEL : FIRST_LABEL + VERTEX_LABELS.size();
    return new ElementId(kind, new Graphid(first + (int) (n / each), n % each + 1).toString());
  }

  private long each(ElementKind kind) {
    return kind == ElementKind.VERTEX
        ? (vertices + VERTEX_LABELS.size() - 1) / VERTEX_LABELS.size()
        : (edges + EDGE_LABELS.size() - 1) / EDGE_LABELS.size();
  }

  @Override
  public Element vertex(long n, Random random) {
    return Vertex.of(
        Set.of(VERTEX_LABELS.get((int) (n / each(ElementKind.VERTEX)))),
        Map.of(
            "name", Value.Text.of("person number " + n),
            "born", Value.Int.of(random.nextInt(BIRTHDAYS)),
            "score", Value.Float.of(random.nextDouble()),
            "visits", Value.Int.of(random.nextInt(1_000_000))));
  }

  @Override
  public Element edge(long n, long ignored, Random random) {
    return Edge.of(
        EDGE_LABELS.get((int) (n / each(ElementKind.EDGE))),
        id(ElementKind.VERTEX, random.nextLong(vertices)).id(),
        id(ElementKind.VERTEX, random.nextLong(vertices)).id(),
        Map.of(
            "since", Value.Int.of(1_990 + random.nextInt(37)),
            "weight", Value.Float.of(random.nextDouble())));
  }

  @Override
  public StoreSchema schema() {
    List<StoreSchema.Rule> rules = new ArrayList<>();
    int id = FIRST_LABEL;
    for (ElementKind kind : ElementKind.values()) {
      for (String label : kind == ElementKind.VERTEX ? VERTEX_LABELS : EDGE_LABELS) {
        rules.add(new LabelRule(label, kind, id++).rule());
        if (indexed) {
          rules.add(index(kind, label, "id"));
        }
        if (indexed && kind == ElementKind.EDGE) {
          rules.add(index(kind, label, "start_id"));
          rules.add(index(kind, label, "end_id"));
        }
      }
    }
    return new StoreSchema(rules);
  }

  private static StoreSchema.Rule index(ElementKind kind, String label, String column) {
    String name = label.toLowerCase(java.util.Locale.ROOT) + "_" + column;
    String statement =
        "CREATE INDEX %s ON bench.\"%s\" USING btree (%s)".formatted(name, label, column);
    return new StoreSchema.Rule(
        name,
        StoreSchema.Form.INDEX,
        "btree",
        kind,
        List.of(label),
        List.of(),
        Optional.of(statement));
  }
}
