package dev.varve.restore.convert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.age.Agtype;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.convert.Rule.Treatment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ConversionTableTest {

  private static final int ROUNDS = 40_000;

  private final ElementHasher hasher = new ElementHasher();

  @Test
  void everyTypeOfValueHasARule() {
    for (Class<?> type : Value.class.getPermittedSubclasses()) {
      assertThat(AgeRule.values()).as("AGE").anyMatch(rule -> isAbout(rule, type));
      assertThat(Neo4jRule.values()).as("Neo4j").anyMatch(rule -> isAbout(rule, type));
    }
  }

  private static boolean isAbout(Rule rule, Class<?> type) {
    return rule.type().isPresent() && rule.type().get() == type;
  }

  @Test
  void anyValueGoesIntoAgtypeAndComesBack() {
    long seed = seed();
    Random random = new Random(seed);
    AnyValues values = new AnyValues(random);
    Set<Rule> seen = new HashSet<>();
    for (int i = 0; i < ROUNDS; i++) {
      Value value = values.any();
      Set<Rule> used = new HashSet<>();
      Value inAge = AgeValues.property(value, used);
      seen.addAll(used);
      String as = "-Dvarve.seed=" + seed + " round " + i + ": " + value + " as " + inAge;
      assertThat(used).as(as).noneMatch(rule -> rule.treatment() == Treatment.REFUSE);
      assertThat(hash(inAge).equals(hash(value))).as(as).isEqualTo(used.isEmpty());
      assertThat(hash(Agtype.parse(written(inAge)))).as(as).isEqualTo(hash(inAge));
      if (!used.contains(AgeRule.CARRIED_TEXT)) {
        assertThat(hash(AgeValues.decoded(inAge))).as(as).isEqualTo(hash(value));
      }
    }
    assertThat(seen)
        .contains(AgeRule.CARRIED_TEXT, AgeRule.UNFIT_TEXT, AgeRule.UNFIT_MAP, AgeRule.LONG_DECIMAL)
        .containsAll(
            List.of(AgeRule.values()).stream()
                .filter(rule -> rule.treatment() == Treatment.CONVERT && rule.type().isPresent())
                .toList());
  }

  @Test
  void whatNeo4jHoldsComesBackFromAgeAsItWas() {
    long seed = seed();
    AnyValues values = new AnyValues(new Random(seed));
    int held = 0;
    for (int i = 0; i < ROUNDS; i++) {
      Value value = values.any();
      if (Neo4jValues.misfit(value).isEmpty()) {
        held++;
        Value inAge = AgeValues.property(value, new HashSet<>());
        Value back =
            Neo4jValues.property(Agtype.parse(written(inAge)), Engine.AGE, new HashSet<>());
        String as = "-Dvarve.seed=" + seed + " round " + i + ": " + value + " as " + inAge;
        assertThat(hash(back)).as(as).isEqualTo(hash(value));
      }
    }
    assertThat(held).isGreaterThan(ROUNDS / 4);
  }

  @Test
  void whatAgeHoldsComesBackFromNeo4jAsItWas() {
    long seed = seed();
    AnyValues values = new AnyValues(new Random(seed));
    Set<Rule> seen = new HashSet<>();
    for (int i = 0; i < ROUNDS; i++) {
      Value value = values.agtype();
      if (value instanceof Value.Null) {
        continue; // no property
      }
      assertThat(hash(Agtype.parse(written(value)))).isEqualTo(hash(value));
      Set<Rule> used = new HashSet<>();
      Value inNeo4j = Neo4jValues.property(value, Engine.AGE, used);
      seen.addAll(used);
      String as = "-Dvarve.seed=" + seed + " round " + i + ": " + value + " as " + inNeo4j;
      assertThat(used).as(as).noneMatch(rule -> rule.treatment() == Treatment.REFUSE);
      assertThat(hash(inNeo4j).equals(hash(value))).as(as).isEqualTo(used.isEmpty());
      assertThat(Neo4jValues.misfit(inNeo4j)).as(as).isEmpty();
      Value back = AgeValues.property(inNeo4j, new HashSet<>());
      assertThat(hash(back)).as(as).isEqualTo(hash(value));
    }
    assertThat(seen)
        .contains(
            Neo4jRule.TAGGED,
            Neo4jRule.DECIMAL,
            Neo4jRule.MAP,
            Neo4jRule.MIXED_LIST,
            Neo4jRule.UNFIT_TEXT);
  }

  @Test
  void elementsOfNeo4jComeBackFromAgeAsTheyWere() {
    long seed = seed();
    Random random = new Random(seed);
    AnyValues values = new AnyValues(random);
    AgeConverter toAge = new AgeConverter();
    Neo4jConverter toNeo4j = new Neo4jConverter(Engine.AGE);
    int refused = 0;
    for (int i = 0; i < ROUNDS; i++) {
      ElementKind kind = i < ROUNDS / 2 ? ElementKind.VERTEX : ElementKind.EDGE;
      ElementId id = new ElementId(kind, Integer.toString(i));
      Element element = values.element(kind, 3, () -> heldByNeo4j(values));
      List<Rule> used = new ArrayList<>();
      Element inAge = toAge.convert(id, element, (rule, key) -> used.add(rule));
      String as = "-Dvarve.seed=" + seed + " round " + i + ": " + element + " as " + inAge;
      if (used.stream().anyMatch(rule -> rule.treatment() == Treatment.REFUSE)) {
        assertThat(used).as(as).contains(AgeRule.CARRIED_LABELS);
        refused++;
        continue;
      }
      if (inAge instanceof Vertex vertex) {
        assertThat(vertex.labels()).as(as).hasSizeLessThanOrEqualTo(1).allMatch(AgeNames::valid);
      }
      assertThat(inAge == element).as(as).isEqualTo(used.isEmpty());
      assertThat(hasher.hash(id, inAge).equals(hasher.hash(id, element)))
          .as(as)
          .isEqualTo(used.isEmpty());
      Element back = toNeo4j.convert(id, inAge, Converter.Notes.NONE);
      assertThat(hasher.hash(id, back)).as(as).isEqualTo(hasher.hash(id, element));
    }
    assertThat(refused).isBetween(1, ROUNDS / 2);
  }

  private static Value heldByNeo4j(AnyValues values) {
    while (true) {
      Value value = values.any();
      if (Neo4jValues.misfit(value).isEmpty()) {
        return value;
      }
    }
  }

  @Test
  void elementsOfAgeComeBackFromNeo4jAsTheyWere() {
    long seed = seed();
    AnyValues values = new AnyValues(new Random(seed));
    Neo4jConverter toNeo4j = new Neo4jConverter(Engine.AGE);
    AgeConverter toAge = new AgeConverter();
    for (int i = 0; i < ROUNDS; i++) {
      ElementId id = ElementId.vertex(Integer.toString(i));
      Vertex element = (Vertex) values.element(ElementKind.VERTEX, 1, values::agtype);
      if (!element.labels().stream().allMatch(AgeNames::valid)) {
        continue;
      }
      Element inNeo4j = toNeo4j.convert(id, element, Converter.Notes.NONE);
      Element back = toAge.convert(id, inNeo4j, Converter.Notes.NONE);
      assertThat(hasher.hash(id, back))
          .as("-Dvarve.seed=%d round %d: %s as %s", seed, i, element, inNeo4j)
          .isEqualTo(hasher.hash(id, element));
    }
  }

  @Test
  void severalLabelsGoUnderTheFirstThatIsAName() {
    List<Rule> used = new ArrayList<>();
    Vertex vertex = Vertex.of(Set.of("b", "a b", "c"), Map.of());
    Element inAge =
        new AgeConverter().convert(ElementId.vertex("1"), vertex, (rule, key) -> used.add(rule));
    assertThat(inAge)
        .isEqualTo(
            Vertex.of(
                Set.of("b"),
                Map.of(
                    "__labels",
                    Value.ListOf.of(
                        List.of(Value.Text.of("a b"), Value.Text.of("b"), Value.Text.of("c"))))));
    assertThat(used).containsExactly(AgeRule.SEVERAL_LABELS);
  }

  @Test
  void namesThatAgeDoesNotTakeAreEscaped() {
    for (String name :
        List.of(
            "", "a b", "7up", "a:b", "é".repeat(32), "_ag_label_edge", "x_id_seq", "::", "𝄞")) {
      assertThat(AgeNames.valid(name)).as(name).isFalse();
      assertThat(AgeNames.valid(escaped(name))).as(escaped(name)).isTrue();
    }
    assertThat(escaped("7up")).matches("_7up_[0-9a-f]{8}");
    assertThat(escaped("a b")).isNotEqualTo(escaped("a:b"));
    Set<String> valid = new TreeSet<>(Set.of("a", "_", "Ünï", "日本", "é".repeat(31), "x_1"));
    assertThat(valid).allMatch(AgeNames::valid);
  }

  private static String escaped(String name) {
    String escaped = AgeNames.escaped(ElementKind.VERTEX, name);
    assertThat(escaped).isNotEqualTo(AgeNames.escaped(ElementKind.EDGE, name));
    return escaped;
  }

  @Test
  void idsThatTheTargetCannotTakeAreRefused() {
    Vertex vertex = Vertex.of(Set.of(), Map.of());
    for (String id : List.of("-1", "x", "007", "9223372036854775808")) {
      List<Rule> used = new ArrayList<>();
      new Neo4jConverter(Engine.AGE)
          .convert(ElementId.vertex(id), vertex, (rule, key) -> used.add(rule));
      assertThat(used).as(id).containsExactly(Neo4jRule.UNFIT_VERTEX_ID);
    }
  }

  private static String written(Value value) {
    StringBuilder text = new StringBuilder();
    Agtype.write(value, text);
    return text.toString();
  }

  private ElementHash hash(Value value) {
    return hasher.hash(ElementId.vertex("1"), Vertex.of(Set.of(), Map.of("p", value)));
  }

  private static long seed() {
    return Long.getLong("varve.seed", 1);
  }
}
