package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Vertex;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.Progress;
import dev.varve.restore.target.Dispatcher;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Writes elements by COPY straight into the tables of their labels: parts of neighbours in the
 * order of the ids, each in a transaction of its own, so that the same restore makes the same parts
 * each time it is run.
 */
final class Parts {

  private static final int COPY_CHUNK_BYTES = 1 << 18;

  private final AgeSession session;
  private final Bookkeeping bookkeeping;
  private final Bookkeeping.Root limits;
  private final String graph;
  private final Labels labels;
  private final Numbering numbering;
  private final HighestEntries highest;
  private final Progress progress;

  Parts(
      AgeSession session,
      Bookkeeping bookkeeping,
      Bookkeeping.Root limits,
      String graph,
      Labels labels,
      Numbering numbering,
      HighestEntries highest,
      Progress progress) {
    this.session = session;
    this.bookkeeping = bookkeeping;
    this.limits = limits;
    this.graph = graph;
    this.labels = labels;
    this.numbering = numbering;
    this.highest = highest;
    this.progress = progress;
  }

  /**
   * A run of elements of one kind.
   *
   * @param first the position of the first one in the order of all
   */
  private record Part(String key, long first, List<LiveElement> elements) {}

  /**
   * Writes all that is not written yet.
   *
   * @param elements of one kind; closed by the caller
   * @param done keys of the parts that an earlier run committed
   */
  void write(ElementKind kind, LiveElements elements, Set<String> done, Dispatcher dispatcher) {
    List<LiveElement> run = new ArrayList<>();
    long bytes = 0;
    long number = 0;
    long first = 0;
    for (LiveElement element = elements.next(); element != null; element = elements.next()) {
      see(element);
      run.add(element);
      bytes += element.stateBytes();
      if (run.size() >= limits.partElements() || bytes >= limits.partBytes()) {
        submit(new Part(kind.code() + "" + number++, first, run), done, dispatcher);
        first += run.size();
        run = new ArrayList<>();
        bytes = 0;
      }
    }
    if (!run.isEmpty()) {
      submit(new Part(kind.code() + "" + number, first, run), done, dispatcher);
    }
    dispatcher.drain();
  }

  /** Labels that the chain's schema does not name are made when the first of their rows comes. */
  private void see(LiveElement element) {
    if (!(numbering instanceof Numbering.Kept)) {
      return;
    }
    Graphid graphid = Graphid.of(Numbering.Kept.number(element.id()));
    highest.see(graphid);
    if (labels.byId(graphid.label()) == null) {
      Element state = element.state();
      labels.make(List.of(new AgeLabel(graphid.label(), label(element.id(), state), state.kind())));
    }
  }

  private void submit(Part part, Set<String> done, Dispatcher dispatcher) {
    if (done.contains(part.key())) {
      progress.advance(part.elements().size());
      return;
    }
    dispatcher.submit(
        new Dispatcher.Task(
            0,
            () -> {
              write(part);
              progress.advance(part.elements().size());
            }));
  }

  private void write(Part part) {
    Map<AgeLabel, RowBuffer> rows = rows(part);
    session.commitOnce(
        connection -> bookkeeping.done(connection, part.key()),
        connection -> {
          bookkeeping.note(connection, part.key());
          for (Map.Entry<AgeLabel, RowBuffer> entry : rows.entrySet()) {
            copy(connection, entry.getKey(), entry.getValue());
          }
          return true;
        });
  }

  private Map<AgeLabel, RowBuffer> rows(Part part) {
    Map<AgeLabel, RowBuffer> byLabel = new TreeMap<>((a, b) -> Integer.compare(a.id(), b.id()));
    for (int i = 0; i < part.elements().size(); i++) {
      LiveElement element = part.elements().get(i);
      Optional<AvroInput> encoded = element.encodedState();
      if (encoded.isPresent()) {
        add(byLabel, element.id(), part.first() + i, encoded.get());
      } else {
        add(byLabel, element.id(), part.first() + i, element.state());
      }
    }
    byLabel.values().forEach(RowBuffer::end);
    return byLabel;
  }

  /** Without making an element of it: this is what most of a restore's time goes into. */
  private void add(Map<AgeLabel, RowBuffer> byLabel, ElementId id, long position, AvroInput state) {
    try {
      ElementCodec.Head head = ElementCodec.readHead(state);
      String name = label(id, head.labels());
      RowBuffer rows = begin(byLabel, id, position, head.kind(), name);
      if (head.kind() == ElementKind.EDGE) {
        rows.graphid(numbering.end(id, head.start()));
        rows.graphid(numbering.end(id, head.end()));
      }
      rows.properties(state);
    } catch (MalformedRecordException e) {
      throw new VarveException(
          ExitCode.DAMAGE_FOUND,
          "the state of " + id + " cannot be read: " + e.getMessage(),
          "the target is unfinished; see what varve verify --level=graph says",
          e);
    } catch (IllegalArgumentException e) {
      throw notHeld(id, e);
    }
  }

  private void add(Map<AgeLabel, RowBuffer> byLabel, ElementId id, long position, Element state) {
    RowBuffer rows = begin(byLabel, id, position, state.kind(), label(id, state));
    if (state instanceof Edge edge) {
      rows.graphid(numbering.end(id, edge.start()));
      rows.graphid(numbering.end(id, edge.end()));
    }
    try {
      rows.properties(state.properties());
    } catch (IllegalArgumentException e) {
      throw notHeld(id, e);
    }
  }

  /** Begins the row of an element among those of its label. */
  private RowBuffer begin(
      Map<AgeLabel, RowBuffer> byLabel,
      ElementId id,
      long position,
      ElementKind kind,
      String name) {
    long graphid =
        kind == ElementKind.VERTEX
            ? numbering.vertex(id.id(), position)
            : numbering.edge(id.id(), name, position);
    AgeLabel label = labelOf(id, graphid, name, kind);
    RowBuffer rows = byLabel.computeIfAbsent(label, missing -> new RowBuffer());
    rows.row(kind == ElementKind.VERTEX ? 2 : 4);
    rows.graphid(graphid);
    return rows;
  }

  static VarveException notHeld(ElementId id, IllegalArgumentException e) {
    return new VarveException(
        ExitCode.FAILED,
        "AGE cannot hold the properties of " + id + ": " + e.getMessage(),
        "restore into the kind of store that the chain comes from, or into dir:<path>",
        e);
  }

  /** The one label of an element, or nothing. */
  static String label(ElementId id, Element state) {
    return state instanceof Edge edge ? edge.type() : label(id, ((Vertex) state).labels());
  }

  private static String label(ElementId id, Collection<String> labels) {
    if (labels.size() > 1) {
      throw new VarveException(
          ExitCode.FAILED,
          "AGE cannot hold " + id + ": it has the labels " + labels,
          "a vertex has at most one label in AGE; restore into the kind of store that the chain"
              + " comes from, or into dir:<path>");
    }
    return labels.isEmpty() ? "" : labels.iterator().next();
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

  private void copy(Connection connection, AgeLabel label, RowBuffer rows) throws SQLException {
    String columns =
        label.kind() == ElementKind.VERTEX
            ? " (id, properties)"
            : " (id, start_id, end_id, properties)";
    CopyIn copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY " + Sql.name(graph, label.name()) + columns + " FROM STDIN (FORMAT binary)");
    try {
      for (int from = 0; from < rows.length(); from += COPY_CHUNK_BYTES) {
        copy.writeToCopy(rows.array(), from, Math.min(COPY_CHUNK_BYTES, rows.length() - from));
      }
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }
}
