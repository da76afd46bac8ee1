package dev.varve.restore.branch;

import dev.varve.change.Change;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes a branch in one transaction. First every element that the branch changes and that was
 * there when it began is locked and compared with what it was then: what differs was changed by the
 * new line, and is a conflict. Then the branch's transactions are written in their order. What it
 * creates never takes the place of anything.
 */
public final class BranchWrites {

  private static final ElementId ANY_VERTEX = ElementId.vertex("0");
  private static final ElementId ANY_EDGE = ElementId.edge("0");

  private final MergeGraph graph;
  private final BranchContent content;
  private final Optional<Merge.Take> take;
  private final ElementHasher hasher = new ElementHasher();
  private final List<Merge.Conflict> conflicts = new ArrayList<>();
  private final Map<ElementId, Long> ids;
  private final Map<ElementId, Element> last;
  private final Set<ElementId> altered = new HashSet<>();
  private final Set<ElementId> kept = new HashSet<>(); // the primary's, as it is
  private final Set<ElementId> removed;
  private long written;
  private long leftOut;

  /**
   * @param take whose state wins where there are conflicts
   */
  public BranchWrites(MergeGraph graph, BranchContent content, Optional<Merge.Take> take) {
    this.graph = graph;
    this.content = content;
    this.take = take;
    this.ids = new HashMap<>(content.ids());
    this.last = new HashMap<>(content.before());
    this.removed = content.removed();
  }

  /** Does it all; the state of the outcome counts only if it is committed. */
  public Merge.Outcome run() {
    compareVertices();
    compareEdges();
    for (List<Change> changes : content.transactions()) {
      write(changes);
    }
    return new Merge.Outcome(Merge.State.MERGED, conflicts, written, leftOut);
  }

  private void conflict(ElementId id, String what) {
    conflicts.add(new Merge.Conflict(id, what));
  }

  private boolean primaryWins() {
    return take.equals(Optional.of(Merge.Take.PRIMARY));
  }

  /** All that the branch knows from before, its edges' ends included: ids may be used again. */
  private void compareVertices() {
    Set<ElementId> own = new HashSet<>(content.changed(ElementKind.VERTEX));
    List<ElementId> all =
        content.before().keySet().stream().filter(id -> id.kind() == ElementKind.VERTEX).toList();
    Map<Long, Element> found = locked(ElementKind.VERTEX, all);
    for (ElementId id : all) {
      Element there = there(found, id);
      boolean same =
          there != null
              && hasher.hash(ANY_VERTEX, there).equals(hasher.hash(ANY_VERTEX, before(id)));
      settle(id, there != null, same, own.contains(id));
    }
  }

  private void compareEdges() {
    List<ElementId> all = content.changed(ElementKind.EDGE);
    Map<Long, Element> found = locked(ElementKind.EDGE, all);
    for (ElementId id : all) {
      Element there = there(found, id);
      Edge before = (Edge) before(id);
      Long start = content.ids().get(ElementId.vertex(before.start()));
      Long end = content.ids().get(ElementId.vertex(before.end()));
      boolean same =
          there != null
              && start != null
              && end != null
              && hasher
                  .hash(ANY_EDGE, there)
                  .equals(hasher.hash(ANY_EDGE, between(before, start, end)));
      settle(id, there != null, same, true);
    }
  }

  private static Edge between(Edge edge, long start, long end) {
    return new Edge(edge.type(), Long.toString(start), Long.toString(end), edge.properties());
  }

  private Map<Long, Element> locked(ElementKind kind, List<ElementId> all) {
    List<Long> numbers = all.stream().map(ids::get).filter(Objects::nonNull).sorted().toList();
    return graph.lock(kind, numbers);
  }

  /** What an element is now; one that is gone has no id any more. */
  private @Nullable Element there(Map<Long, Element> found, ElementId id) {
    Long at = ids.get(id);
    Element there = at == null ? null : found.get(at);
    if (there == null) {
      ids.remove(id);
    }
    return there;
  }

  /** The state of an element that was there when the branch began. */
  private Element before(ElementId id) {
    return Objects.requireNonNull(content.before().get(id), "an element that was there");
  }

  /**
   * What an element that was there before means for the merge.
   *
   * @param own whether the branch itself changes it
   */
  private void settle(ElementId id, boolean there, boolean same, boolean own) {
    if (same) {
      return;
    }
    altered.add(id);
    if (own && (there || !removed.contains(id))) {
      conflict(id, there ? "was changed by the new primary" : "was removed from the new primary");
      if (primaryWins()) {
        kept.add(id);
      }
    } else if (own) {
      kept.add(id); // both have removed it
    }
  }

  /** One transaction of the branch. */
  private void write(List<Change> changes) {
    each(changes, ElementKind.EDGE, true, this::removeEdge);
    each(changes, ElementKind.VERTEX, false, this::putVertex);
    each(changes, ElementKind.EDGE, false, this::putEdge);
    each(changes, ElementKind.VERTEX, true, this::removeVertex);
  }

  private interface Writing {
    boolean done(Change change);
  }

  private void each(List<Change> changes, ElementKind kind, boolean removed, Writing writing) {
    for (Change change : changes) {
      if (change.id().kind() == kind && change.state().isEmpty() == removed) {
        if (!kept.contains(change.id()) && writing.done(change)) {
          written++;
        } else {
          leftOut++;
        }
        if (removed) {
          kept.remove(change.id()); // its id may be used again, for another element
          ids.remove(change.id());
          last.remove(change.id());
        } else {
          last.put(change.id(), change.state().orElseThrow());
        }
      }
    }
  }

  private boolean putVertex(Change change) {
    Element vertex = change.state().orElseThrow();
    Long at = ids.get(change.id());
    if (at == null) {
      ids.put(change.id(), graph.create(change.id(), vertex));
    } else {
      graph.set(at, vertex);
    }
    return true;
  }

  private boolean putEdge(Change change) {
    Edge edge = (Edge) change.state().orElseThrow();
    Long at = ids.get(change.id());
    if (at != null && sameEdge(last.get(change.id()), edge)) {
      graph.set(at, edge);
      return true;
    }
    if (at != null) {
      removeEdge(change); // its id was used again within the transaction
    }
    Optional<Long> start = end(change.id(), edge.start());
    Optional<Long> end = end(change.id(), edge.end());
    if (start.isEmpty() || end.isEmpty()) {
      return false;
    }
    ids.put(change.id(), graph.create(change.id(), between(edge, start.get(), end.get())));
    return true;
  }

  private static boolean sameEdge(@Nullable Element before, Edge edge) {
    return before instanceof Edge known
        && known.type().equals(edge.type())
        && known.start().equals(edge.start())
        && known.end().equals(edge.end());
  }

  /** The end of a new edge. One that the new line has changed may be another under the same id. */
  private Optional<Long> end(ElementId edge, String id) {
    ElementId vertex = ElementId.vertex(id);
    Long at = ids.get(vertex);
    if (at == null) {
      conflict(edge, "its end " + vertex + " was removed from the new primary");
      return Optional.empty();
    }
    if (graph.reusesIds() && altered.contains(vertex) && at.equals(content.ids().get(vertex))) {
      conflict(edge, "its end " + vertex + " was changed by the new primary");
      if (primaryWins()) {
        return Optional.empty();
      }
    }
    return Optional.of(at);
  }

  private boolean removeEdge(Change change) {
    Long at = ids.remove(change.id());
    if (at != null) {
      graph.remove(ElementKind.EDGE, at);
    }
    return at != null;
  }

  private boolean removeVertex(Change change) {
    Long at = ids.get(change.id());
    if (at == null) {
      return false;
    }
    if (graph.edgesAt(at) > 0) {
      conflict(change.id(), "has relationships in the new primary that the branch does not know");
      if (primaryWins()) {
        return false;
      }
    }
    graph.remove(ElementKind.VERTEX, at);
    return true;
  }
}
