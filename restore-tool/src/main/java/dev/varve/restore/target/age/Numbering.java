package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import org.jspecify.annotations.Nullable;

/** Which graphid an element of the chain has in the target. For many threads. */
sealed interface Numbering extends AutoCloseable permits Numbering.Kept, GivenIds {

  /**
   * @param position the vertex's in the order of all vertices
   */
  long vertex(String id, long position);

  /**
   * @param position the edge's in the order of all edges
   */
  long edge(String id, String type, long position);

  /** The graphid of an edge's end. */
  long end(ElementId edge, String vertex);

  /** The original id of a vertex, by its graphid. */
  String original(long graphid);

  @Override
  void close();

  /** Of a chain whose ids are graphids already. */
  record Kept() implements Numbering {
    @Override
    public long vertex(String id, long position) {
      return number(ElementId.vertex(id));
    }

    @Override
    public long edge(String id, String type, long position) {
      return number(ElementId.edge(id));
    }

    @Override
    public long end(ElementId edge, String vertex) {
      return vertex(vertex, 0);
    }

    @Override
    public String original(long graphid) {
      return Long.toString(graphid);
    }

    @Override
    public void close() {}

    static long number(ElementId id) {
      Long number = numberOrNull(id.id());
      if (number == null) {
        throw new VarveException(
            ExitCode.FAILED,
            "the id of " + id + " is not one of AGE's, though the chain has AGE's labels",
            "see what varve verify --level=graph says of the chain");
      }
      return number;
    }

    /** The graphid that an id is, or null if it is none. */
    static @Nullable Long numberOrNull(String id) {
      try {
        Graphid graphid = Graphid.parse(id);
        boolean good = graphid.label() > 0 && graphid.entry() > 0 && graphid.toString().equals(id);
        return good ? graphid.number() : null;
      } catch (NumberFormatException e) {
        return null;
      }
    }
  }
}
