package dev.varve.cdc.age;

import dev.varve.cdc.ScanPage;
import dev.varve.cdc.StoreLog.ReadAs;
import dev.varve.cdc.StoreLog.ScanAs;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.LogBatch;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the tables of labels piece by piece, in the order of the rows' places: AGE makes no index
 * over ids. A row that is moved while the scan goes by, and so is met twice or never, was updated
 * after the scan began, and its newer state follows in the log. Rewriting a table ({@code VACUUM
 * FULL}, {@code CLUSTER}) moves rows without a word in the log; the table's file is another one
 * then, and its scan starts over.
 *
 * <p>The cursor: {@code <label>:<file>:<block>,<line>}, after which to go on.
 */
final class AgeScan {

  /** So many blocks are asked for at once; 8 MiB of rows, and more where rows are kept apart. */
  private static final int BLOCKS = 1_024;

  private static final int FETCH_ROWS = 1_000;

  /** No such table, no such schema. */
  private static final Set<String> GONE = Set.of("42P01", "3F000");

  private final AgeSession session;
  private final long graphOid;
  private final int rowBytes;

  AgeScan(AgeSession session, long graphOid, int rowBytes) {
    this.session = session;
    this.rowBytes = rowBytes;
    this.graphOid = graphOid;
  }

  /** Where to go on in a table. */
  private record Cursor(int label, long file, long block, int line) {

    static final String START = "0:0:0,0";

    static Cursor parse(String text) {
      String[] fields = text.split("[:,]", -1);
      return new Cursor(
          Integer.parseInt(fields[0]),
          Long.parseLong(fields[1]),
          Long.parseLong(fields[2]),
          Integer.parseInt(fields[3]));
    }

    String text() {
      return label + ":" + file + ":" + block + "," + line;
    }
  }

  /** A table's file and how many blocks it has. */
  private record Extent(long file, long blocks) {}

  ScanPage page(ElementKind kind, Optional<String> from, ScanAs as) {
    Cursor cursor = Cursor.parse(from.orElse(Cursor.START));
    List<AgeSession.Table> tables =
        session.tables(graphOid).stream()
            .filter(table -> table.label().kind() == kind && table.label().id() >= cursor.label())
            .filter(AgeSession.Table::fullIdentity) // else it was made since, and the log has it
            .toList();
    Page page = new Page(as);
    @Nullable Cursor at = cursor;
    for (AgeSession.Table table : tables) {
      at = at.label() == table.label().id() ? at : new Cursor(table.label().id(), 0, 0, 0);
      Optional<Cursor> stopped = read(table, at, page);
      if (stopped.isPresent()) {
        return new ScanPage(stopped.map(Cursor::text), page.out.toByteArray());
      }
    }
    return new ScanPage(Optional.empty(), page.out.toByteArray());
  }

  /** Adds rows of one table until it ends or the page is full; then where to go on. */
  private Optional<Cursor> read(AgeSession.Table table, Cursor from, Page page) {
    Optional<Extent> extent = extent(table);
    if (extent.isEmpty()) {
      return Optional.empty(); // dropped since; the log says so too
    }
    long file = extent.get().file();
    Cursor at =
        from.file() == file ? from : new Cursor(table.label().id(), file, 0, 0); // from the start
    while (at.block() < extent.get().blocks()) {
      long to = at.block() + BLOCKS;
      Cursor start = at;
      Optional<Cursor> full = session.work(open -> rows(open, table, start, to, page));
      if (full.isPresent()) {
        return full;
      }
      at = new Cursor(table.label().id(), file, to, 0);
      if (page.isFull(rowBytes)) {
        return Optional.of(at);
      }
    }
    return Optional.empty();
  }

  private Optional<Extent> extent(AgeSession.Table table) {
    return session.first(
        "SELECT pg_relation_filenode(c.oid)::int8,"
            + " pg_relation_size(c.oid) / current_setting('block_size')::int8"
            + " FROM pg_class c WHERE c.oid::int8 = ?",
        row -> new Extent(row.getLong(1), row.getLong(2)),
        table.oid());
  }

  private Optional<Cursor> rows(
      Connection connection, AgeSession.Table table, Cursor from, long toBlock, Page page)
      throws SQLException {
    boolean edges = table.label().kind() == ElementKind.EDGE;
    String sql =
        "SELECT ctid, id, properties"
            + (edges ? ", start_id, end_id" : "")
            + " FROM ONLY "
            + table.quoted()
            + " WHERE ctid > CAST(? AS tid) AND ctid < CAST(? AS tid)";
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setFetchSize(FETCH_ROWS);
      statement.setString(1, "(" + from.block() + "," + from.line() + ")");
      statement.setString(2, "(" + toBlock + ",0)");
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          page.add(
              table.label(),
              row.getLong(2),
              new Touched.Image(
                  Optional.ofNullable(row.getString(3)).orElse("{}"),
                  edges ? row.getString(4) : null,
                  edges ? row.getString(5) : null));
          if (page.isFull(rowBytes)) {
            return Optional.of(after(table, from.file(), row.getString(1)));
          }
        }
      }
      return Optional.empty();
    } catch (SQLException e) {
      if (GONE.contains(String.valueOf(e.getSQLState()))) {
        throw new StoreUnavailableException(
            "the table " + table.quoted() + " was dropped or renamed while it was read", e);
      }
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
    }
  }

  private static Cursor after(AgeSession.Table table, long file, String tid) {
    String[] fields = tid.substring(1, tid.length() - 1).split(",", -1);
    return new Cursor(
        table.label().id(), file, Long.parseLong(fields[0]), Integer.parseInt(fields[1]));
  }

  /** Gathers a page. */
  private static final class Page {

    private final AvroOutput body = new AvroOutput();
    private final AvroOutput out = new AvroOutput();
    private final LogBatch.Writer writer = new LogBatch.Writer(out);
    private final ElementChanges changes;

    Page(ScanAs as) {
      changes =
          new ElementChanges(new ReadAs(as.site(), as.seen()), as.seq(), as.committedAtMicros());
    }

    void add(Label label, long id, Touched.Image image) {
      // an id is used once in a graph, by vertices and edges together; its number fits the dot
      Touched found = new Touched(id, label.kind(), false, null, image);
      changes.write(found, label, id, body.clear());
      writer.change(changes.id(found), body);
    }

    boolean isFull(int bytes) {
      return out.length() >= bytes;
    }
  }
}
