package dev.varve.restore.target.age;

import dev.varve.age.Agtype;
import dev.varve.age.AgtypeEncoder;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.wire.AvroInput;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.SortedMap;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Rows of one label in the form that COPY calls binary. For one thread. */
final class RowBuffer {

  private static final byte[] HEADER = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
  };
  static final int HEADER_BYTES = HEADER.length;

  /** What agtype's binary form begins with; its text follows. */
  static final byte AGTYPE_VERSION = 1;

  private static final int INITIAL_BYTES = 1 << 16;
  private static final int COPY_CHUNK_BYTES = 1 << 18;

  private final AgtypeEncoder encoder = new AgtypeEncoder();
  private final StringBuilder text = new StringBuilder();
  private ByteBuffer out = ByteBuffer.allocate(INITIAL_BYTES).put(HEADER);

  /** Begins a row. */
  void row(int columns) {
    room(Short.BYTES).putShort((short) columns);
  }

  void graphid(long number) {
    room(Integer.BYTES + Long.BYTES).putInt(Long.BYTES).putLong(number);
  }

  /**
   * @throws IllegalArgumentException if agtype cannot hold them
   */
  void properties(SortedMap<String, Value> properties) {
    text.setLength(0);
    Agtype.writeProperties(properties, text);
    byte[] utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
    room(Integer.BYTES + 1 + utf8.length).putInt(1 + utf8.length).put(AGTYPE_VERSION).put(utf8);
  }

  /**
   * The properties at the cursor.
   *
   * @throws IllegalArgumentException if agtype cannot hold them
   */
  void properties(AvroInput in) {
    encoder.properties(in);
    int length = encoder.length();
    room(Integer.BYTES + 1 + length).putInt(1 + length).put(AGTYPE_VERSION);
    out.put(encoder.array(), 0, length);
  }

  /** Ends the rows. */
  void end() {
    room(Short.BYTES).putShort((short) -1);
  }

  /** Copies the rows, which were ended, into the table of their label. */
  void copy(Connection connection, String graph, AgeLabel label) throws SQLException {
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
      for (int from = 0; from < out.position(); from += COPY_CHUNK_BYTES) {
        copy.writeToCopy(out.array(), from, Math.min(COPY_CHUNK_BYTES, out.position() - from));
      }
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }

  private ByteBuffer room(int bytes) {
    if (out.remaining() < bytes) {
      int needed = Math.addExact(out.position(), bytes);
      int grown = (int) Math.min(Integer.MAX_VALUE - 8L, Math.max(needed, out.capacity() * 2L));
      out = ByteBuffer.wrap(Arrays.copyOf(out.array(), grown)).position(out.position());
    }
    return out;
  }
}
