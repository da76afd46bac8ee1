package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.LiveElement;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the rows of one part, by their labels. */
final class PartRows {

  private final Labels labels;
  private final Numbering numbering;
  private final Map<AgeLabel, RowBuffer> byLabel =
      new TreeMap<>(Comparator.comparingInt(AgeLabel::id));

  /** What the element before was called: neighbours mostly have the same label. */
  private @Nullable Called last;

  /**
   * @param encoded the state up to and with the label or type, which no other label's begins with
   */
  @SuppressWarnings("ArrayRecordComponent") // is never compared
  private record Called(byte[] encoded, ElementKind kind, String name, RowBuffer rows, int label) {

    /** Whether the state at the cursor begins with the same. */
    boolean leads(AvroInput state) {
      int from = state.position();
      return state.remaining() >= encoded.length
          && Arrays.equals(encoded, 0, encoded.length, state.array(), from, from + encoded.length);
    }
  }

  PartRows(Labels labels, Numbering numbering) {
    this.labels = labels;
    this.numbering = numbering;
  }

  /**
   * The rows of elements of one kind.
   *
   * @param first the position of the first one in the order of all
   */
  Map<AgeLabel, RowBuffer> of(List<LiveElement> elements, long first) {
    for (int i = 0; i < elements.size(); i++) {
      LiveElement element = elements.get(i);
      Optional<AvroInput> encoded = element.encodedState();
      if (encoded.isPresent()) {
        add(element.id(), first + i, encoded.get());
      } else {
        add(element.id(), first + i, element.state());
      }
    }
    byLabel.values().forEach(RowBuffer::end);
    return byLabel;
  }

  /** Without making an element of it: this is what most of a restore's time goes into. */
  private void add(ElementId id, long position, AvroInput state) {
    try {
      Called called = last;
      if (called != null && called.leads(state)) {
        state.skip(called.encoded().length);
      } else {
        called = read(id, position, state);
      }
      long graphid = graphid(id, position, called.kind(), called.name());
      if (Graphid.of(graphid).label() != called.label()) {
        called = called(id, graphid, called.kind(), called.name(), called.encoded());
      }
      last = called;
      RowBuffer rows = called.rows();
      begin(rows, called.kind(), graphid);
      if (called.kind() == ElementKind.EDGE) {
        rows.graphid(numbering.end(id, state));
        rows.graphid(numbering.end(id, state));
      }
      rows.properties(state);
    } catch (MalformedRecordException e) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "the state of " + id + " cannot be read: " + e.getMessage(),
          "the target is unfinished; see what varve verify --level=graph says",
          e);
    } catch (IllegalArgumentException e) {
      throw Parts.notHeld(id, e);
    }
  }

  /** Reads a state up to what comes after its label. */
  private Called read(ElementId id, long position, AvroInput state) {
    int from = state.position();
    ElementCodec.Called named = ElementCodec.readCalled(state);
    String name = Parts.label(id, named.labels());
    byte[] encoded = Arrays.copyOfRange(state.array(), from, state.position());
    return called(id, graphid(id, position, named.kind(), name), named.kind(), name, encoded);
  }

  private Called called(ElementId id, long graphid, ElementKind kind, String name, byte[] encoded) {
    AgeLabel label = labelOf(id, graphid, name, kind);
    return new Called(encoded, kind, name, rows(label), label.id());
  }

  private void add(ElementId id, long position, Element state) {
    String name = Parts.label(id, state);
    long graphid = graphid(id, position, state.kind(), name);
    RowBuffer rows = rows(labelOf(id, graphid, name, state.kind()));
    begin(rows, state.kind(), graphid);
    if (state instanceof Edge edge) {
      rows.graphid(numbering.end(id, edge.start()));
      rows.graphid(numbering.end(id, edge.end()));
    }
    try {
      rows.properties(state.properties());
    } catch (IllegalArgumentException e) {
      throw Parts.notHeld(id, e);
    }
  }

  private long graphid(ElementId id, long position, ElementKind kind, String name) {
    return kind == ElementKind.VERTEX
        ? numbering.vertex(id.id(), position)
        : numbering.edge(id.id(), name, position);
  }

  private RowBuffer rows(AgeLabel label) {
    return byLabel.computeIfAbsent(label, missing -> new RowBuffer());
  }

  private static void begin(RowBuffer rows, ElementKind kind, long graphid) {
    rows.row(kind == ElementKind.VERTEX ? 2 : 4);
    rows.graphid(graphid);
  }

  private AgeLabel labelOf(ElementId id, long graphid, String name, ElementKind kind) {
    AgeLabel label = labels.byId(Graphid.of(graphid).label());
    if (label == null || label.kind() != kind || !label.shown().equals(name)) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          id + " has the label '" + name + "', but its id is of " + label,
          "the target is unfinished; see what varve verify --level=graph says");
    }
    return label;
  }
}
