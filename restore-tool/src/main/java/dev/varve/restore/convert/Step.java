package dev.varve.restore.convert;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One step of a graph that goes on changing, on its way to another engine. All that changed is
 * surveyed, vertices first, before any of it is converted.
 */
public final class Step {

  private final Engine from;
  private final Engine to;
  private final Converter converter;
  private final CarriedSchema schema;
  private final Tallies tallies = new Tallies();

  Step(Engine from, Engine to, Converter converter, Crossed before) {
    this.from = from;
    this.to = to;
    this.converter = converter;
    this.schema = new CarriedSchema(before, to);
  }

  /** Looks at what an element is after the step. */
  public void survey(ElementId id, Element element) {
    Element converted =
        converter.convert(id, element, (rule, key) -> tallies.count(rule, id, element, key));
    schema.note(element, converted);
  }

  /** An element in the target's form; the same object if every rule for it is exact. */
  public Element converted(ElementId id, Element element) {
    return converter.convert(id, element, Converter.Notes.NONE);
  }

  /**
   * Whether every edge of a type is, and always was, of the same type there. Its elements need not
   * be the same then, but what they are called is.
   */
  public boolean keepsType(String type) {
    return !schema.isAltered(ElementKind.EDGE, type);
  }

  /** What was seen before, and in this step. */
  public Crossed crossed() {
    return schema.crossed();
  }

  /** Indexes and constraints after the step, in the words of the target. */
  public StoreSchema carried(StoreSchema source) {
    return schema.of(source).carried();
  }

  /** The names of those that the target lacks. */
  public List<String> leftOut(StoreSchema source) {
    return schema.of(source).leftOut();
  }

  /** What was, or would be, written in another form. */
  public List<Findings.Tally> converted() {
    return tallies.list().stream()
        .filter(tally -> tally.rule().treatment() == Rule.Treatment.CONVERT)
        .toList();
  }

  /**
   * Why the step cannot be made; absent if it can.
   *
   * @param moment where it leads to
   */
  public Optional<RefusedException> obstacle(String moment) {
    List<Findings.Tally> refused =
        tallies.list().stream()
            .filter(tally -> tally.rule().treatment() == Rule.Treatment.REFUSE)
            .toList();
    return refused.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new RefusedException(
                from,
                to,
                moment,
                refused.stream().map(Findings.Tally::toString).collect(Collectors.joining("; ")),
                refused.stream().allMatch(tally -> tally.rule() == AgeRule.LABEL_OF_EDGES)));
  }
}
