package dev.varve.wire;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/** The {@code state} union of changes and element versions: null, a vertex or an edge. */
public final class ElementCodec {

  private static final int REMOVED = 0;
  private static final int VERTEX = 1;
  private static final int EDGE = 2;
  private static final int STATE_BRANCHES = 3;

  private static final Optional<ElementKind> IS_VERTEX = Optional.of(ElementKind.VERTEX);
  private static final Optional<ElementKind> IS_EDGE = Optional.of(ElementKind.EDGE);

  private final ValueCodec values = new ValueCodec();

  public void writeState(Optional<Element> state, AvroOutput out) {
    if (state.isEmpty()) {
      out.writeInt(REMOVED);
    } else if (state.get() instanceof Vertex vertex) {
      out.writeInt(VERTEX);
      writeStrings(vertex.labels(), out);
      writeProperties(vertex.properties(), out);
    } else if (state.get() instanceof Edge edge) {
      out.writeInt(EDGE);
      out.writeString(edge.type()).writeString(edge.start()).writeString(edge.end());
      writeProperties(edge.properties(), out);
    }
  }

  /**
   * Reads what {@link #writeState} writes.
   *
   * @throws MalformedRecordException if the bytes are not a state
   */
  public Optional<Element> readState(AvroInput in) {
    switch (in.readBranch(STATE_BRANCHES)) {
      case REMOVED:
        return Optional.empty();
      case VERTEX:
        SortedSet<String> labels = new TreeSet<>();
        for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
          for (int i = 0; i < n; i++) {
            labels.add(in.readString());
          }
        }
        return Optional.of(new Vertex(labels, readProperties(in)));
      default:
        String type = in.readString();
        String start = in.readString();
        String end = in.readString();
        return Optional.of(new Edge(type, start, end, readProperties(in)));
    }
  }

  /**
   * Passes over a state without making it.
   *
   * @return what it is the state of; absent for a removal
   * @throws MalformedRecordException if the bytes are not laid out as a state
   */
  public static Optional<ElementKind> skipState(AvroInput in) {
    switch (in.readBranch(STATE_BRANCHES)) {
      case REMOVED:
        return Optional.empty();
      case VERTEX:
        for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
          for (int i = 0; i < n; i++) {
            in.skipBytes();
          }
        }
        ValueCodec.skipEntries(in);
        return IS_VERTEX;
      default:
        in.skipBytes();
        in.skipBytes();
        in.skipBytes();
        ValueCodec.skipEntries(in);
        return IS_EDGE;
    }
  }

  /**
   * What an element is called.
   *
   * @param labels of a vertex, sorted; of an edge its type alone
   */
  public record Called(ElementKind kind, List<String> labels) {}

  /**
   * Reads a state up to its label or type. Next are, of an edge, the ids of its start and its end
   * as strings, and then the properties.
   *
   * @throws MalformedRecordException if the bytes are not the state of an element
   */
  public static Called readCalled(AvroInput in) {
    switch (in.readBranch(STATE_BRANCHES)) {
      case REMOVED:
        throw new MalformedRecordException("found a removal, expected an element");
      case VERTEX:
        return new Called(ElementKind.VERTEX, HeaderCodec.readStrings(in));
      default:
        return new Called(ElementKind.EDGE, List.of(in.readString()));
    }
  }

  /**
   * Reads properties one after the other.
   *
   * @throws MalformedRecordException if the bytes are not properties
   */
  public static void readProperties(AvroInput in, BiConsumer<String, Value> each) {
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        String key = in.readString();
        each.accept(key, ValueCodec.read(in));
      }
    }
  }

  /**
   * Reads one value.
   *
   * @throws MalformedRecordException if the bytes are not a value
   */
  public Value readValue(AvroInput in) {
    return ValueCodec.read(in);
  }

  /**
   * What the element that follows is called: a vertex's labels in sorted order joined by {@code :},
   * an edge's type; absent if it was removed. The rest of the state is left unread.
   */
  public static Optional<String> readLabel(AvroInput in) {
    switch (in.readBranch(STATE_BRANCHES)) {
      case REMOVED:
        return Optional.empty();
      case VERTEX:
        return Optional.of(String.join(":", HeaderCodec.readStrings(in)));
      default:
        return Optional.of(in.readString());
    }
  }

  private void writeProperties(SortedMap<String, Value> properties, AvroOutput out) {
    if (!properties.isEmpty()) {
      out.writeInt(properties.size());
      for (Map.Entry<String, Value> property : properties.entrySet()) {
        out.writeString(property.getKey());
        values.write(property.getValue(), out);
      }
    }
    out.writeInt(0);
  }

  private static SortedMap<String, Value> readProperties(AvroInput in) {
    SortedMap<String, Value> properties = new TreeMap<>();
    readProperties(in, properties::put);
    return properties;
  }

  static void writeStrings(Collection<String> strings, AvroOutput out) {
    if (!strings.isEmpty()) {
      out.writeInt(strings.size());
      strings.forEach(out::writeString);
    }
    out.writeInt(0);
  }
}
