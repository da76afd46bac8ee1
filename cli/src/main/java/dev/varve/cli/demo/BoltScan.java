package dev.varve.cli.demo;

import dev.varve.graph.Edge;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.topology.Fingerprint;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.types.IsoDuration;
import org.neo4j.driver.types.Point;

/**
 * What a store holds, read with nothing but Cypher. A proof must not rest on the code that it is to
 * prove, so this shares nothing with capture and restore but the definition of the fingerprint.
 */
public final class BoltScan {

  private static final Set<Integer> FLAT = Set.of(4326, 7203);

  /** How elements are found in a store, and what they are called. */
  private record Reading(String nodes, String relationships) {}

  private static final Reading ITS_OWN =
      new Reading(
          "MATCH (n) RETURN id(n) AS id, labels(n) AS labels, properties(n) AS properties",
          "MATCH (a)-[r]->(b) RETURN id(r) AS id, type(r) AS type, id(a) AS a, id(b) AS b,"
              + " properties(r) AS properties");

  /** As docs/standby.md says: ids are those of the source, kept in a property. */
  private static final Reading OF_A_STANDBY =
      new Reading(
          "MATCH (n:__VarveStandby) RETURN n.__varve_id AS id,"
              + " [l IN labels(n) WHERE l <> '__VarveStandby'] AS labels, properties(n) AS"
              + " properties",
          "MATCH (a)-[r]->(b) RETURN r.__varve_id AS id, type(r) AS type, a.__varve_id AS a,"
              + " b.__varve_id AS b, properties(r) AS properties");

  private static final String STANDBY_ID = "__varve_id";

  private BoltScan() {}

  /** Reads the whole of a store in one transaction. */
  public static Content of(Driver driver) {
    return of(driver, SessionConfig.defaultConfig());
  }

  /** The same, of a database of its own choice. */
  public static Content of(Driver driver, SessionConfig sessions) {
    return read(driver, sessions, ITS_OWN);
  }

  /** Reads the whole of a standby in one transaction: the graph that it holds a copy of. */
  public static Content ofStandby(Driver driver) {
    return ofStandby(driver, SessionConfig.defaultConfig());
  }

  /** The same, of a database of its own choice. */
  public static Content ofStandby(Driver driver, SessionConfig sessions) {
    return read(driver, sessions, OF_A_STANDBY);
  }

  private static Content read(Driver driver, SessionConfig sessions, Reading reading) {
    ElementHasher hasher = new ElementHasher();
    long vertices = 0;
    long edges = 0;
    Fingerprint sum = Fingerprint.EMPTY;
    try (Session session = driver.session(sessions);
        Transaction transaction = session.beginTransaction()) {
      var nodes = transaction.run(reading.nodes());
      while (nodes.hasNext()) {
        Record row = nodes.next();
        TreeSet<String> labels =
            new TreeSet<>(row.get("labels").asList(org.neo4j.driver.Value::asString));
        Vertex vertex = new Vertex(labels, properties(row, reading));
        sum = sum.plus(hasher.hash(ElementId.vertex(id(row, "id")), vertex));
        vertices++;
      }
      var relationships = transaction.run(reading.relationships());
      while (relationships.hasNext()) {
        Record row = relationships.next();
        Edge edge =
            new Edge(
                row.get("type").asString(), id(row, "a"), id(row, "b"), properties(row, reading));
        sum = sum.plus(hasher.hash(ElementId.edge(id(row, "id")), edge));
        edges++;
      }
    }
    return new Content(vertices, edges, sum);
  }

  private static String id(Record row, String column) {
    return Long.toString(row.get(column).asLong());
  }

  private static TreeMap<String, Value> properties(Record row, Reading reading) {
    TreeMap<String, Value> properties = new TreeMap<>();
    row.get("properties").asMap().forEach((key, value) -> properties.put(key, value(value)));
    if (reading.equals(OF_A_STANDBY)) {
      properties.remove(STANDBY_ID);
    }
    return properties;
  }

  private static Value value(Object value) {
    if (value instanceof String text) {
      return Value.Text.of(text);
    } else if (value instanceof Long number) {
      return Value.Int.of(number);
    } else if (value instanceof Double number) {
      return Value.Float.of(number);
    } else if (value instanceof Boolean bool) {
      return new Value.Bool(bool);
    } else if (value instanceof byte[] bytes) {
      return new Value.Bytes(bytes);
    } else if (value instanceof List<?> list) {
      List<Value> items = new ArrayList<>();
      list.forEach(item -> items.add(value(item)));
      return Value.ListOf.of(items);
    } else if (value instanceof LocalDate date) {
      return new Value.Date(date);
    } else if (value instanceof OffsetTime time) {
      return new Value.Time(time);
    } else if (value instanceof LocalTime time) {
      return new Value.LocalTimeOfDay(time);
    } else if (value instanceof LocalDateTime timestamp) {
      return new Value.LocalTimestamp(timestamp);
    } else if (value instanceof OffsetDateTime timestamp) {
      return new Value.OffsetTimestamp(timestamp);
    } else if (value instanceof ZonedDateTime timestamp) {
      return timestamp.getZone() instanceof ZoneOffset
          ? new Value.OffsetTimestamp(timestamp.toOffsetDateTime())
          : new Value.ZonedTimestamp(timestamp);
    } else if (value instanceof IsoDuration d) {
      return new Value.Duration(d.months(), d.days(), d.seconds(), d.nanoseconds());
    } else if (value instanceof Point p) {
      return new Value.Point(
          p.srid(), FLAT.contains(p.srid()) ? List.of(p.x(), p.y()) : List.of(p.x(), p.y(), p.z()));
    }
    throw new IllegalStateException("a property of type " + value.getClass().getName());
  }
}
