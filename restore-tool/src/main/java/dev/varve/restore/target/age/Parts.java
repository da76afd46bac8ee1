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
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes elements by COPY straight into the tables of their labels: parts of neighbours in the
 * order of the ids, each in a transaction of its own, so that the same restore makes the same parts
 * each time it is run.
 */
final class Parts {

  private final AgeSession session;
  private final Bookkeeping bookkeeping;
  private final Bookkeeping.Root limits;
  private final String graph;
  private final Labels labels;
  private final Numbering numbering;
  private final HighestEntries highest;
  private final Progress progress;

  /** The label of the element that was seen last; none has 0. */
  private int seenLabel;

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
    if (graphid.label() == seenLabel) {
      return; // neighbours mostly have the same
    }
    seenLabel = graphid.label();
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
    Map<AgeLabel, RowBuffer> rows =
        new PartRows(labels, numbering).of(part.elements(), part.first());
    session.commitOnce(
        connection -> bookkeeping.done(connection, part.key()),
        connection -> {
          bookkeeping.note(connection, part.key());
          for (Map.Entry<AgeLabel, RowBuffer> entry : rows.entrySet()) {
            entry.getValue().copy(connection, graph, entry.getKey());
          }
          return true;
        });
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

  static String label(ElementId id, Collection<String> labels) {
    if (labels.size() > 1) {
      throw new VarveException(
          ExitCode.FAILED,
          "AGE cannot hold " + id + ": it has the labels " + labels,
          "a vertex has at most one label in AGE; restore into the kind of store that the chain"
              + " comes from, or into dir:<path>");
    }
    return labels.isEmpty() ? "" : labels.iterator().next();
  }
}
