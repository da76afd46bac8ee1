package dev.varve.restore.convert;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Vertex;
import dev.varve.restore.ReadBack;
import dev.varve.restore.convert.Rule.Treatment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a survey of a graph found on its way from one engine to another.
 *
 * @param expected what the target has to hold in the end, read back: the converted elements
 * @param tallies of the rules that convert or refuse, in the order of the table
 * @param carried indexes and constraints in the words of the target
 * @param rulesLeftOut the names of indexes, constraints and empty labels that are not carried over
 * @param crossed what a standby that begins with this graph has to remember
 */
public record Findings(
    Engine from,
    Engine to,
    ReadBack expected,
    List<Tally> tallies,
    StoreSchema carried,
    List<String> rulesLeftOut,
    Crossed crossed) {

  public Findings {
    tallies = List.copyOf(tallies);
    rulesLeftOut = List.copyOf(rulesLeftOut);
  }

  /**
   * How often a rule was used.
   *
   * @param count of properties, or of elements where the rule is not about properties
   * @param first places, up to {@value Tallies#PLACES_MAX}
   */
  public record Tally(Rule rule, long count, List<Place> first) {
    public Tally {
      first = List.copyOf(first);
    }

    @Override
    public String toString() {
      String places = first.stream().map(Place::toString).collect(Collectors.joining(", "));
      return "%,d × %s (%s%s)"
          .formatted(count, rule.subject(), places, count > first.size() ? ", …" : "");
    }
  }

  /**
   * An element, or one of its properties.
   *
   * @param labels its labels or its type
   */
  public record Place(ElementId id, String labels, Optional<String> key) {
    static Place of(ElementId id, Element element, Optional<String> key) {
      String labels =
          element instanceof Vertex vertex
              ? vertex.labels().stream().map(label -> ":" + label).collect(Collectors.joining())
              : ":" + ((Edge) element).type();
      return new Place(id, labels, key);
    }

    @Override
    public String toString() {
      return id + " (" + labels + ")" + key.map(name -> " '" + name + "'").orElse("");
    }
  }

  /** What would be written in another form. */
  public List<Tally> converted() {
    return of(Treatment.CONVERT);
  }

  /** What the target cannot be given. */
  public List<Tally> refused() {
    return of(Treatment.REFUSE);
  }

  private List<Tally> of(Treatment treatment) {
    return tallies.stream().filter(tally -> tally.rule().treatment() == treatment).toList();
  }

  /**
   * Why the restore cannot begin; absent if it can.
   *
   * @param agreed whether the operator agreed to conversions
   */
  public Optional<VarveException> obstacle(boolean agreed) {
    String way =
        "the chain comes from " + from.title() + ", and " + to.title() + " cannot hold it as it is";
    if (!refused().isEmpty()) {
      return Optional.of(
          new VarveException(
              ExitCode.FAILED,
              way + "; nothing was written. Refused: " + list(refused()),
              "restore to a moment when these were not there, into "
                  + from.title()
                  + ", or into dir:<path>?format=avro, which holds everything; docs/conversions.md"
                  + " has the whole table"));
    }
    if (!converted().isEmpty() && !agreed) {
      return Optional.of(
          new VarveException(
              ExitCode.FAILED,
              way + "; nothing was written. To be converted: " + list(converted()),
              "say --convert to write these in another form, by the table in docs/conversions.md,"
                  + " or restore into "
                  + from.title()));
    }
    return Optional.empty();
  }

  private static String list(List<Tally> tallies) {
    return tallies.stream().map(Tally::toString).collect(Collectors.joining("; "));
  }
}
