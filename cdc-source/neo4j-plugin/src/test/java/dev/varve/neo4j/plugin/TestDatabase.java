// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.change.Change;
import dev.varve.change.Transaction;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.TransactionCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Array;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilderImplementation;
import org.neo4j.dbms.api.Neo4jDatabaseManagementServiceBuilder;
import org.neo4j.exceptions.KernelException;
import org.neo4j.graphdb.Entity;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.Result;
import org.neo4j.kernel.api.procedure.GlobalProcedures;
import org.neo4j.kernel.extension.ExtensionFactory;
import org.neo4j.kernel.impl.transaction.log.checkpoint.CheckPointer;
import org.neo4j.kernel.impl.transaction.log.checkpoint.SimpleTriggerInfo;
import org.neo4j.kernel.impl.transaction.log.files.LogFiles;
import org.neo4j.kernel.impl.transaction.log.rotation.LogRotateEvent;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.values.storable.DurationValue;
import org.neo4j.values.storable.PointValue;

/** A real Neo4j in process with the plugin, as it is found on the class path. */
final class TestDatabase implements AutoCloseable {

  private static final String DEFAULT_NAME = "neo4j";

  private final DatabaseManagementService service;
  private final GraphDatabaseAPI database;

  private TestDatabase(DatabaseManagementService service, String name) {
    this.service = service;
    this.database = (GraphDatabaseAPI) service.database(name);
    registerProcedures(database);
  }

  static TestDatabase start(Path home) {
    return start(home, builder -> builder);
  }

  static TestDatabase start(Path home, UnaryOperator<Neo4jDatabaseManagementServiceBuilder> more) {
    return start(home, DEFAULT_NAME, more);
  }

  static TestDatabase start(
      Path home, String name, UnaryOperator<Neo4jDatabaseManagementServiceBuilder> more) {
    return start(home, name, any -> true, more);
  }

  /** With the procedures, but without the extension: what a server not started with it has. */
  static TestDatabase startUnenriched(Path home) {
    return start(
        home, DEFAULT_NAME, factory -> factory != FullEnrichmentFactory.class, builder -> builder);
  }

  @SuppressWarnings("rawtypes") // as Neo4j declares it
  private static TestDatabase start(
      Path home,
      String name,
      Predicate<Class<? extends ExtensionFactory>> extensions,
      UnaryOperator<Neo4jDatabaseManagementServiceBuilder> more) {
    return new TestDatabase(
        more.apply(
                new DatabaseManagementServiceBuilderImplementation(home, extensions)
                    .setConfig(GraphDatabaseSettings.pagecache_memory, 32L << 20)
                    .setConfig(GraphDatabaseSettings.procedure_unrestricted, List.of("varve.*")))
            .build(),
        name);
  }

  private static void registerProcedures(GraphDatabaseAPI database) {
    try {
      database
          .getDependencyResolver()
          .resolveDependency(GlobalProcedures.class)
          .registerProcedure(CdcProcedures.class);
    } catch (KernelException e) {
      throw new IllegalStateException(e);
    }
  }

  GraphDatabaseAPI api() {
    return database;
  }

  DatabaseManagementService service() {
    return service;
  }

  /** Runs in one transaction and commits. */
  <T> T write(Function<org.neo4j.graphdb.Transaction, T> work) {
    try (var tx = database.beginTx()) {
      T result = work.apply(tx);
      tx.commit();
      return result;
    }
  }

  List<Map<String, Object>> run(String cypher, Map<String, Object> parameters) {
    return write(
        tx -> {
          try (Result result = tx.execute(cypher, parameters)) {
            return result.stream().<Map<String, Object>>map(HashMap::new).toList();
          }
        });
  }

  List<Map<String, Object>> run(String cypher) {
    return run(cypher, Map.of());
  }

  String current() {
    return text(run("CALL varve.cdc.current()").get(0), "id");
  }

  String earliest() {
    return text(run("CALL varve.cdc.earliest()").get(0), "id");
  }

  static String text(Map<String, Object> row, String column) {
    return (String) Objects.requireNonNull(row.get(column));
  }

  long lastTxId() {
    return LogPlace.parse(current()).txId();
  }

  /** All rows after a position, decoded. */
  List<Row> read(String from, Map<String, Object> options) {
    List<Row> rows = new ArrayList<>();
    Map<String, Object> parameters = Map.of("from", from, "options", options);
    for (Map<String, Object> row : run("CALL varve.cdc.read($from, $options)", parameters)) {
      rows.add(Row.of(row));
    }
    return rows;
  }

  List<Row> read(String from) {
    return read(from, Map.of());
  }

  /** All changes after a position. */
  List<Change> changes(String from) {
    return read(from).stream().flatMap(row -> row.changes().stream()).toList();
  }

  List<Transaction> transactions(String from) {
    return read(from).stream().flatMap(row -> row.transactions().stream()).toList();
  }

  /** Begins a new log file. */
  void rotate() {
    try {
      database
          .getDependencyResolver()
          .resolveDependency(LogFiles.class)
          .getLogFile()
          .getLogRotation()
          .rotateLogFile(() -> LogRotateEvent.NULL);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Begins a new log file, and has Neo4j drop the old ones that its retention policy allows. */
  void checkPointAndPrune() {
    rotate();
    try {
      database
          .getDependencyResolver()
          .resolveDependency(CheckPointer.class)
          .forceCheckPoint(new SimpleTriggerInfo("test"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The whole graph as the core API has it: independent of the plugin's own readers. */
  Map<ElementId, Element> content() {
    return write(
        tx -> {
          Map<ElementId, Element> result = new TreeMap<>();
          try (var nodes = tx.getAllNodes()) {
            nodes.forEach(node -> result.put(vertexId(node), vertex(node)));
          }
          try (var relationships = tx.getAllRelationships()) {
            relationships.forEach(edge -> result.put(edgeId(edge), edge(edge)));
          }
          return result;
        });
  }

  @SuppressWarnings("deprecation")
  static ElementId vertexId(Node node) {
    return ElementId.vertex(Long.toString(node.getId()));
  }

  @SuppressWarnings("deprecation")
  static ElementId edgeId(Relationship edge) {
    return ElementId.edge(Long.toString(edge.getId()));
  }

  private static Element vertex(Node node) {
    TreeSet<String> labels = new TreeSet<>();
    for (Label label : node.getLabels()) {
      labels.add(label.name());
    }
    return new Vertex(labels, properties(node));
  }

  private static Element edge(Relationship edge) {
    return new Edge(
        edge.getType().name(),
        vertexId(edge.getStartNode()).id(),
        vertexId(edge.getEndNode()).id(),
        properties(edge));
  }

  private static TreeMap<String, Value> properties(Entity entity) {
    TreeMap<String, Value> result = new TreeMap<>();
    entity.getAllProperties().forEach((key, value) -> result.put(key, value(value)));
    return result;
  }

  /** What a Java object of the core API is as Varve's value. */
  static Value value(Object object) {
    if (object instanceof String text) {
      return Value.Text.of(text);
    } else if (object instanceof Character character) {
      return new Value.Text(character.toString(), true);
    } else if (object instanceof Boolean bool) {
      return new Value.Bool(bool);
    } else if (object instanceof Byte number) {
      return new Value.Int(number, Value.IntWidth.INT8);
    } else if (object instanceof Short number) {
      return new Value.Int(number, Value.IntWidth.INT16);
    } else if (object instanceof Integer number) {
      return new Value.Int(number, Value.IntWidth.INT32);
    } else if (object instanceof Long number) {
      return Value.Int.of(number);
    } else if (object instanceof Float number) {
      return new Value.Float(number, Value.FloatWidth.FLOAT32);
    } else if (object instanceof Double number) {
      return Value.Float.of(number);
    } else if (object instanceof LocalDate date) {
      return new Value.Date(date);
    } else if (object instanceof OffsetTime time) {
      return new Value.Time(time);
    } else if (object instanceof LocalTime time) {
      return new Value.LocalTimeOfDay(time);
    } else if (object instanceof LocalDateTime timestamp) {
      return new Value.LocalTimestamp(timestamp);
    } else if (object instanceof ZonedDateTime timestamp) {
      return timestamp.getZone() instanceof ZoneOffset
          ? new Value.OffsetTimestamp(timestamp.toOffsetDateTime())
          : new Value.ZonedTimestamp(timestamp);
    } else if (object instanceof DurationValue duration) {
      return new Value.Duration(
          duration.get(java.time.temporal.ChronoUnit.MONTHS),
          duration.get(java.time.temporal.ChronoUnit.DAYS),
          duration.get(java.time.temporal.ChronoUnit.SECONDS),
          (int) duration.get(java.time.temporal.ChronoUnit.NANOS));
    } else if (object instanceof PointValue point) {
      List<Double> coordinates = new ArrayList<>();
      for (double coordinate : point.coordinate()) {
        coordinates.add(coordinate);
      }
      return new Value.Point(point.getCRS().getCode(), coordinates);
    } else if (object instanceof byte[] bytes) {
      return new Value.Bytes(bytes);
    }
    return list(object);
  }

  private static Value list(Object array) {
    List<Value> items = new ArrayList<>();
    for (int i = 0; i < Array.getLength(array); i++) {
      items.add(value(Array.get(array, i)));
    }
    Class<?> type = array.getClass().getComponentType();
    return new Value.ListOf(
        items, items.isEmpty() ? Optional.of(storedName(type)) : Optional.empty());
  }

  private static String storedName(Class<?> type) {
    Map<Class<?>, String> names =
        Map.of(
            ZonedDateTime.class, "datetime",
            LocalDateTime.class, "localdatetime",
            LocalDate.class, "date",
            OffsetTime.class, "time",
            LocalTime.class, "localtime",
            PointValue.class, "point",
            DurationValue.class, "duration",
            String.class, "string");
    @Nullable String name = names.get(type);
    return name == null ? type.getName() : name;
  }

  @Override
  public void close() {
    service.shutdown();
  }

  /** A decoded row of {@code varve.cdc.read} or {@code varve.cdc.scan}. */
  record Row(
      List<Change> changes,
      List<Transaction> transactions,
      int lengthBytes,
      Map<String, Object> columns) {

    static Row of(Map<String, Object> columns) {
      byte[] batch = (byte[]) Objects.requireNonNull(columns.get("batch"));
      List<Change> changes = new ArrayList<>();
      List<Transaction> transactions = new ArrayList<>();
      ChangeCodec changeCodec = new ChangeCodec();
      TransactionCodec transactionCodec = new TransactionCodec();
      LogBatch.read(
          batch,
          new LogBatch.Visitor() {
            @Override
            public void change(String key, AvroInput body) {
              changes.add(changeCodec.read(ElementId.parse(key), body));
            }

            @Override
            public void transaction(long logPosition, AvroInput body) {
              transactions.add(transactionCodec.read(body));
            }
          });
      return new Row(changes, transactions, batch.length, columns);
    }

    /** The position after the row. */
    String id() {
      return text(columns, "id");
    }
  }

  /** Applies changes to a model of the graph. */
  static void fold(Map<ElementId, Element> model, List<Change> changes) {
    for (Change change : changes) {
      if (change.state().isPresent()) {
        model.put(change.id(), change.state().get());
      } else {
        model.remove(change.id());
      }
    }
  }

  static long count(Map<ElementId, Element> content, ElementKind kind) {
    return content.keySet().stream().filter(id -> id.kind() == kind).count();
  }
}
