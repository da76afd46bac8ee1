package dev.varve.cdc.age;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.age.Agtype;
import dev.varve.age.Graphid;
import dev.varve.cdc.LogHead;
import dev.varve.cdc.LogRow;
import dev.varve.cdc.ScanPage;
import dev.varve.cdc.StoreLog.ReadAs;
import dev.varve.cdc.StoreLog.ScanAs;
import dev.varve.change.Change;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.SweepCodec;
import dev.varve.wire.TransactionCodec;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads a graph as capture does, and folds what it reads. */
final class AgeReplica implements AutoCloseable {

  static final Site BERLIN = new Site("berlin", 1);
  static final ReadAs AS = new ReadAs(BERLIN, VersionVector.EMPTY);

  private final AgeReading reading;
  private final Map<ElementId, Long> seqs = new HashMap<>();
  final Map<ElementId, Element> living = new TreeMap<>();
  final List<Transaction> transactions = new ArrayList<>();
  final List<LogRow> rows = new ArrayList<>();
  final List<Change> read = new ArrayList<>();
  StoreSchema schema = StoreSchema.EMPTY;
  String position = "";
  int changes;
  private @Nullable AgeLog log;

  AgeReplica(AgeReading reading) {
    this.reading = reading;
  }

  /** Over a log that is open already. */
  AgeReplica(AgeReading reading, AgeLog log) {
    this.reading = reading;
    this.log = log;
  }

  AgeReading reading() {
    return reading;
  }

  AgeLog log() {
    AgeLog open = log;
    if (open == null) {
      open = AgeLog.open(reading);
      log = open;
    }
    return open;
  }

  /** Scans the graph; {@code between} is done after each page. */
  AgeReplica scan(Runnable between) {
    LogHead head = log().begin();
    position = head.position();
    ScanAs as =
        new ScanAs(BERLIN, VersionVector.EMPTY, head.seq().orElseThrow(), head.committedAtMicros());
    for (ElementKind kind : ElementKind.values()) {
      Optional<String> cursor = Optional.empty();
      do {
        ScanPage page = log().scan(kind, cursor, as);
        apply(page.batch());
        cursor = page.next();
        between.run();
      } while (cursor.isPresent());
    }
    schema = log().schema();
    return this;
  }

  AgeReplica scan() {
    return scan(() -> {});
  }

  /** Reads the log to its end. */
  AgeReplica read() throws InterruptedException {
    for (int i = 0; i < 1_000; i++) {
      if (read(Integer.MAX_VALUE)) {
        return this;
      }
    }
    throw new AssertionError("labels stay open: " + position);
  }

  /** Reads up to so many rows; then the next one is refused. */
  boolean read(int rowsMax) throws InterruptedException {
    int[] taken = {0};
    return log()
        .read(
            position,
            AS,
            row -> {
              if (taken[0]++ >= rowsMax) {
                return false;
              }
              rows.add(row);
              apply(row.batch());
              position = row.position();
              return true;
            });
  }

  private void apply(byte[] batch) {
    LogBatch.read(
        batch,
        new LogBatch.Visitor() {
          @Override
          public void change(String key, AvroInput body) {
            apply(new ChangeCodec().read(ElementId.parse(key), body));
          }

          @Override
          public void sweep(AvroInput body) {
            Sweep sweep = new SweepCodec().read(body);
            living
                .keySet()
                .removeIf(id -> sweep.includes(id) && seqs.getOrDefault(id, 0L) < sweep.seq());
          }

          @Override
          public void transaction(long logPosition, AvroInput body) {
            Transaction read = new TransactionCodec().read(body);
            if (!transactions.isEmpty()) {
              Transaction last = transactions.get(transactions.size() - 1);
              assertThat(read.seq()).isGreaterThan(last.seq());
              assertThat(read.committedAtMicros()).isGreaterThanOrEqualTo(last.committedAtMicros());
            }
            transactions.add(read);
            read.schema().ifPresent(change -> schema = schema.after(change));
          }
        });
  }

  private void apply(Change change) {
    changes++;
    read.add(change);
    long seq = change.header().dot().seq();
    if (seqs.getOrDefault(change.id(), -1L) >= seq) {
      return;
    }
    seqs.put(change.id(), seq);
    change
        .state()
        .ifPresentOrElse(state -> living.put(change.id(), state), () -> living.remove(change.id()));
  }

  /** Everything that the graph holds, asked over SQL. */
  static Map<ElementId, Element> inDatabase(Connection connection, String graph)
      throws SQLException {
    Map<ElementId, Element> found = new TreeMap<>();
    try (Statement statement = connection.createStatement()) {
      List<String[]> labels = new ArrayList<>();
      try (ResultSet row =
          statement.executeQuery(
              "SELECT l.name, l.kind, l.relation::oid::regclass::text, l.id"
                  + " FROM ag_catalog.ag_label l"
                  + " JOIN ag_catalog.ag_graph g ON g.graphid = l.graph WHERE g.name = '"
                  + graph
                  + "'")) {
        while (row.next()) {
          labels.add(
              new String[] {
                row.getString(1), row.getString(2), row.getString(3), row.getString(4)
              });
        }
      }
      for (String[] label : labels) {
        boolean edges = label[1].equals("e");
        String shown = label[0].startsWith("_ag_label_") ? "" : label[0];
        try (ResultSet row =
            statement.executeQuery(
                "SELECT id, properties"
                    + (edges ? ", start_id, end_id" : "")
                    + " FROM ONLY "
                    + label[2])) {
          while (row.next()) {
            assertThat(Graphid.parse(row.getString(1)).label())
                .isEqualTo(Integer.parseInt(label[3]));
            var properties = Agtype.properties(row.getString(2));
            found.put(
                new ElementId(edges ? ElementKind.EDGE : ElementKind.VERTEX, row.getString(1)),
                edges
                    ? Edge.of(shown, row.getString(3), row.getString(4), properties)
                    : Vertex.of(shown.isEmpty() ? Set.of() : Set.of(shown), properties));
          }
        }
      }
    }
    return found;
  }

  /** As a process that ends; what comes next begins where the last row ended. */
  void restart() {
    close();
  }

  @Override
  public void close() {
    AgeLog open = log;
    log = null;
    if (open != null) {
      open.close();
    }
  }
}
