package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.CanonicalForm;
import dev.varve.graph.ElementId;
import dev.varve.wire.AvroInput;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Which graphid an element of the chain has in the target. For many threads. */
sealed interface Numbering extends OriginalIds, AutoCloseable permits Numbering.Kept, GivenIds {

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

  /** The graphid of an edge's end whose id is the string at the cursor. */
  default long end(ElementId edge, AvroInput vertex) {
    return end(edge, vertex.readString());
  }

  @Override
  void close();

  /** Of a chain whose ids are graphids already. */
  record Kept() implements Numbering {
    private static final int ENTRY_BITS = 48;

    private static final int DIGITS_MAX = 19;

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
    public long end(ElementId edge, AvroInput vertex) {
      int length = vertex.readInt();
      int from = vertex.position();
      vertex.skip(length);
      long number = parse(vertex.array(), from, length);
      return isGraphid(number)
          ? number
          : end(edge, new String(vertex.array(), from, length, StandardCharsets.UTF_8));
    }

    @Override
    public String original(long graphid) {
      return Long.toString(graphid);
    }

    @Override
    public void original(long graphid, CanonicalForm form) {
      form.decimal(graphid);
    }

    @Override
    public void close() {}

    static long number(ElementId id) {
      long number = parse(id.id());
      if (!isGraphid(number)) {
        throw new VarveException(
            ExitCode.FAILED,
            "the id of " + id + " is not one of AGE's, though the chain has AGE's labels",
            "see what varve verify --level=graph says of the chain");
      }
      return number;
    }

    /** The graphid that an id is, or null if it is none. */
    static @Nullable Long numberOrNull(String id) {
      long number = parse(id);
      return isGraphid(number) ? number : null;
    }

    private static boolean isGraphid(long number) {
      return number >>> ENTRY_BITS > 0 && (number & Graphid.ENTRY_MAX) > 0;
    }

    private static long parse(String id) {
      byte[] bytes = id.getBytes(StandardCharsets.ISO_8859_1); // others than digits do not matter
      return parse(bytes, 0, bytes.length);
    }

    /** A decimal number as {@link Long#toString} writes it; 0, which is no graphid, for others. */
    private static long parse(byte[] text, int from, int length) {
      int to = from + length;
      boolean negative = length > 0 && text[from] == '-';
      int first = negative ? from + 1 : from;
      if (to == first || to - first > DIGITS_MAX || text[first] == '0') {
        return 0;
      }
      long number = 0;
      for (int i = first; i < to; i++) {
        int digit = text[i] - '0';
        if (digit < 0 || digit > 9) {
          return 0;
        }
        number = number * 10 - digit;
        if (number > 0) {
          return 0; // it went over
        }
      }
      if (negative) {
        return number;
      }
      return number == Long.MIN_VALUE ? 0 : -number;
    }
  }
}
