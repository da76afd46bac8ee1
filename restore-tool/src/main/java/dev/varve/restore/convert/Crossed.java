package dev.varve.restore.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.archive.DamagedException;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a standby of another engine keeps beside its cut: where its graph comes from, and what has
 * been seen of it on the way since the standby was begun. Its text form is a JSON object; members
 * that are not known are passed over.
 *
 * @param met labels and types that elements have had, in the words of the source
 * @param altered those of them, and of the standby's, that are not the same there and here for
 *     every element that has had them
 * @param given what elements have been called in the standby: a name is given once
 */
public record Crossed(
    Engine from, SortedSet<Name> met, SortedSet<Name> altered, SortedSet<Name> given) {

  private static final int VERSION = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A label, or a type. */
  public record Name(ElementKind kind, String name) implements Comparable<Name> {
    private static final Comparator<Name> ORDER =
        Comparator.comparing(Name::kind).thenComparing(Name::name);

    @Override
    public int compareTo(Name other) {
      return ORDER.compare(this, other);
    }
  }

  public Crossed {
    met = new TreeSet<>(met);
    altered = new TreeSet<>(altered);
    given = new TreeSet<>(given);
  }

  /** Of which nothing has been seen yet. */
  public static Crossed nothing(Engine from) {
    return new Crossed(from, new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
  }

  /** What of the source's indexes and constraints the standby has, in its own words. */
  public StoreSchema carried(StoreSchema schema, Engine to) {
    return new CarriedSchema(this, to).of(schema).carried();
  }

  /** The names of those that it lacks. */
  public List<String> leftOut(StoreSchema schema, Engine to) {
    return new CarriedSchema(this, to).of(schema).leftOut();
  }

  /**
   * Reads the form that {@link #toString} writes.
   *
   * @throws DamagedException if the text is not of this form
   */
  public static Crossed parse(String json) {
    try {
      JsonNode tree = JSON.readTree(json);
      int version = tree.path("version").asInt(Integer.MAX_VALUE);
      if (version > VERSION) {
        throw new IllegalArgumentException("version " + version + " is newer than this program");
      }
      return new Crossed(
          Engine.valueOf(tree.path("from").asText()),
          names(tree.path("met")),
          names(tree.path("altered")),
          names(tree.path("given")));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new DamagedException(
          "what the standby was converted from", String.valueOf(e.getMessage()), e);
    }
  }

  private static SortedSet<Name> names(JsonNode tree) {
    SortedSet<Name> names = new TreeSet<>();
    for (ElementKind kind : ElementKind.values()) {
      tree.path(member(kind)).forEach(name -> names.add(new Name(kind, name.asText())));
    }
    return names;
  }

  private static String member(ElementKind kind) {
    return kind == ElementKind.VERTEX ? "labels" : "types";
  }

  @Override
  public String toString() {
    ObjectNode json = JSON.createObjectNode();
    json.put("version", VERSION);
    json.put("from", from.name());
    write(json.putObject("met"), met);
    write(json.putObject("altered"), altered);
    write(json.putObject("given"), given);
    return json.toString();
  }

  private static void write(ObjectNode json, SortedSet<Name> names) {
    for (ElementKind kind : ElementKind.values()) {
      ArrayNode ofKind = json.putArray(member(kind));
      names.stream().filter(name -> name.kind() == kind).forEach(name -> ofKind.add(name.name()));
    }
  }
}
