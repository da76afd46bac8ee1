package dev.varve.restore.convert;

import dev.varve.age.LabelRule;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Vertex;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Finds what of an engine's indexes and constraints means the same in another one: those of a label
 * or type all of whose elements are under it alone, there and here.
 */
final class CarriedSchema {

  private static final Pattern BY_ID =
      Pattern.compile(" PRIMARY KEY \\(id\\)$| USING btree \\((?:start_id|end_id)\\)$");

  private final Engine from;
  private final Engine to;
  private final Set<Crossed.Name> met;
  private final Set<Crossed.Name> altered;
  private final Set<Crossed.Name> given;

  /**
   * @param before what was seen of the graph already
   */
  CarriedSchema(Crossed before, Engine to) {
    this.from = before.from();
    this.to = to;
    this.met = new HashSet<>(before.met());
    this.altered = new HashSet<>(before.altered());
    this.given = new HashSet<>(before.given());
  }

  /** What was seen of the graph. */
  Crossed crossed() {
    return new Crossed(from, new TreeSet<>(met), new TreeSet<>(altered), new TreeSet<>(given));
  }

  boolean isAltered(ElementKind kind, String name) {
    return altered.contains(new Crossed.Name(kind, name));
  }

  /** Notes under which labels an element is. */
  void note(Element element, Element converted) {
    if (element instanceof Vertex vertex) {
      SortedSet<String> after = ((Vertex) converted).labels();
      note(met, ElementKind.VERTEX, vertex.labels());
      note(given, ElementKind.VERTEX, after);
      if (!vertex.labels().equals(after) || after.size() > 1) {
        note(altered, ElementKind.VERTEX, vertex.labels());
        note(altered, ElementKind.VERTEX, after);
      }
    } else {
      String type = ((Edge) element).type();
      String after = ((Edge) converted).type();
      note(met, ElementKind.EDGE, Set.of(type));
      note(given, ElementKind.EDGE, Set.of(after));
      if (!type.equals(after)) {
        note(altered, ElementKind.EDGE, Set.of(type, after));
      }
    }
  }

  private static void note(Set<Crossed.Name> noted, ElementKind kind, Set<String> names) {
    names.forEach(name -> noted.add(new Crossed.Name(kind, name)));
  }

  /**
   * What becomes of a schema.
   *
   * @param carried in the words of the other engine
   * @param leftOut the names of what has no counterpart there
   */
  record Result(StoreSchema carried, List<String> leftOut) {}

  Result of(StoreSchema schema) {
    List<StoreSchema.Rule> carried = new ArrayList<>();
    SortedSet<String> leftOut = new TreeSet<>();
    Set<Object> subjects = new HashSet<>();
    List<StoreSchema.Rule> uniqueFirst = new ArrayList<>(schema.rules());
    uniqueFirst.sort(
        Comparator.comparing(
            rule -> PropertyIndex.of(from, rule).map(PropertyIndex::unique).orElse(false) ? 0 : 1));
    for (StoreSchema.Rule rule : uniqueFirst) {
      Optional<PropertyIndex> index = PropertyIndex.of(from, rule).filter(this::meansTheSame);
      Optional<StoreSchema.Rule> there = index.flatMap(found -> found.rule(to));
      if (there.isPresent() && subjects.add(index.get().subject())) {
        carried.add(there.get());
      } else if (!isNoLoss(rule)) {
        leftOut.add(rule.name());
      }
    }
    return new Result(new StoreSchema(carried), List.copyOf(leftOut));
  }

  private boolean meansTheSame(PropertyIndex index) {
    Crossed.Name named = new Crossed.Name(index.kind(), index.label());
    return met.contains(named) && !altered.contains(named);
  }

  /**
   * Look-ups of tokens come with every Neo4j, and so do those of an element by its id and of edges
   * by their ends, which AGE makes with each label since 1.7; labels come with their elements.
   */
  private boolean isNoLoss(StoreSchema.Rule rule) {
    return rule.type().equals("LOOKUP")
        || rule.statement().filter(statement -> BY_ID.matcher(statement).find()).isPresent()
        || LabelRule.of(rule)
            .filter(label -> met.contains(new Crossed.Name(label.kind(), label.name())))
            .isPresent();
  }
}
