package dev.varve.restore.target.age;

import dev.varve.age.AgtypeForm;
import dev.varve.age.Graphid;
import dev.varve.graph.CanonicalForm;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementKind;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.target.Dispatcher;
import dev.varve.topology.Fingerprint;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * Reads a whole graph as it is at one moment, several stretches of its tables at a time, and adds
 * up what it holds. Writers need not be kept away.
 */
final class AgeScan {

  private static final int STRETCH_BLOCKS = 4096;
  private static final int PROGRESS_EVERY = 1_000;

  private final AgeSession session;
  private final AgeSettings settings;
  private final OriginalIds ids;
  private final Progress progress;

  AgeScan(AgeSession session, AgeSettings settings, OriginalIds ids, Progress progress) {
    this.session = session;
    this.settings = settings;
    this.ids = ids;
    this.progress = progress;
  }

  /**
   * Blocks of a label's table.
   *
   * @param to exclusive; what was added behind the last one when the snapshot was taken is in the
   *     last stretch, which has no end
   */
  private record Stretch(AgeLabel label, long from, long to, boolean last) {}

  /** Adds up what the stretches hold. */
  private static final class Total {
    private long vertices;
    private long edges;
    private Fingerprint fingerprint = Fingerprint.EMPTY;

    synchronized void add(ElementKind kind, long count, Fingerprint sum) {
      if (kind == ElementKind.VERTEX) {
        vertices += count;
      } else {
        edges += count;
      }
      fingerprint = fingerprint.plus(sum);
    }

    synchronized ReadBack readBack() {
      return new ReadBack(vertices, edges, fingerprint);
    }
  }

  ReadBack read() {
    return session.repeatable(
        holder -> {
          holder.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
          try {
            String snapshot = text(holder, "SELECT pg_catalog.pg_export_snapshot()");
            List<Stretch> stretches = stretches(holder);
            Total total = new Total();
            try (Dispatcher readers =
                new Dispatcher("read-back", settings.connections(), stretches.size() + 1)) {
              for (Stretch stretch : stretches) {
                readers.submit(new Dispatcher.Task(0, () -> read(snapshot, stretch, total)));
              }
              readers.drain();
            } catch (Broken e) {
              throw e.cause;
            }
            return total.readBack();
          } finally {
            holder.rollback();
            holder.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
          }
        });
  }

  /** Carries an error of the server out of a reader. */
  private static final class Broken extends RuntimeException {
    private final SQLException cause;

    Broken(SQLException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  private static String text(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }

  private List<Stretch> stretches(Connection connection) throws SQLException {
    List<Stretch> stretches = new ArrayList<>();
    for (AgeLabel label : Labels.list(connection, settings.uri().graph())) {
      long blocks = blocks(connection, label);
      for (long from = 0; from == 0 || from < blocks; from += STRETCH_BLOCKS) {
        long to = from + STRETCH_BLOCKS;
        stretches.add(new Stretch(label, from, to, to >= blocks));
      }
    }
    return stretches;
  }

  private long blocks(Connection connection, AgeLabel label) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT pg_catalog.pg_relation_size(CAST(? AS regclass))"
                + " / pg_catalog.current_setting('block_size')::bigint")) {
      statement.setString(1, Sql.name(settings.uri().graph(), label.name()));
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private void read(String snapshot, Stretch stretch, Total total) {
    try (Connection connection = session.open()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET TRANSACTION SNAPSHOT '" + snapshot + "'");
      }
      CopyOut rows =
          connection.unwrap(PGConnection.class).getCopyAPI().copyOut(copyStatement(stretch));
      try {
        sum(rows, stretch.label(), total);
      } finally {
        if (rows.isActive()) {
          rows.cancelCopy();
        }
      }
    } catch (SQLException e) {
      throw new Broken(e);
    }
  }

  private String copyStatement(Stretch stretch) {
    String table = Sql.name(settings.uri().graph(), stretch.label().name());
    String columns =
        stretch.label().kind() == ElementKind.VERTEX
            ? "id, properties"
            : "start_id, end_id, properties"; // an edge's own id is not part of its content
    String until = stretch.last() ? "" : " AND ctid < '(" + stretch.to() + ",0)'::tid";
    return "COPY (SELECT "
        + columns
        + " FROM ONLY "
        + table
        + " WHERE ctid >= '("
        + stretch.from()
        + ",0)'::tid"
        + until
        + ") TO STDOUT (FORMAT binary)";
  }

  private void sum(CopyOut copy, AgeLabel label, Total total) throws SQLException {
    Hashing hashing = new Hashing(label);
    boolean begun = false;
    for (byte[] bytes = copy.readFromCopy(); bytes != null; bytes = copy.readFromCopy()) {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      if (!begun) {
        in.position(RowBuffer.HEADER_BYTES);
        begun = true;
      }
      while (in.hasRemaining() && in.getShort() >= 0) {
        hashing.row(in);
        if (hashing.count % PROGRESS_EVERY == 0) {
          progress.advance(PROGRESS_EVERY);
        }
      }
    }
    progress.advance(hashing.count % PROGRESS_EVERY);
    total.add(label.kind(), hashing.count, hashing.sum);
  }

  /** Adds up the rows of a label's table. For one thread. */
  private final class Hashing {
    private final AgeLabel label;
    private final SortedSet<String> labels;
    private final byte[] type;
    private final ElementHasher hasher = new ElementHasher();
    private final CanonicalForm form = new CanonicalForm();
    private final AgtypeForm properties = new AgtypeForm();
    private Fingerprint sum = Fingerprint.EMPTY;
    private long count;

    Hashing(AgeLabel label) {
      this.label = label;
      labels = new TreeSet<>(label.shown().isEmpty() ? Set.of() : Set.of(label.shown()));
      type = label.shown().getBytes(StandardCharsets.UTF_8);
    }

    /** A row, without making an element of it: that is what most of reading back goes into. */
    void row(ByteBuffer in) {
      if (label.kind() == ElementKind.VERTEX) {
        form.vertex();
        vertexId(graphid(in));
        form.labels(labels);
      } else {
        form.edge().text(type, 0, type.length);
        ids.original(graphid(in), form);
        ids.original(graphid(in), form);
      }
      int length = in.getInt() - 1;
      in.get(); // the version of agtype's binary form
      properties.properties(in.array(), in.position(), length, form);
      in.position(in.position() + length);
      sum = sum.plus(hasher.hash(form));
      count++;
    }

    /** What has a graphid of another label is a stranger: it makes the fingerprints differ. */
    private void vertexId(long graphid) {
      if (Graphid.of(graphid).label() == label.id()) {
        ids.original(graphid, form);
      } else {
        form.text("stranger " + graphid);
      }
    }
  }

  private static long graphid(ByteBuffer in) {
    in.getInt(); // its length
    return in.getLong();
  }
}
