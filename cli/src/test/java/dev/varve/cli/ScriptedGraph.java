package dev.varve.cli;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.topology.Fingerprint;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.Transaction;
import org.neo4j.driver.Values;

/**
 * Random transactions of every kind against a store, and a model of what the store then holds: all
 * property types, labels added and removed, edges removed and made again, large transactions, ones
 * that are rolled back.
 */
final class ScriptedGraph {

  private static final List<String> LABELS = List.of("Person", "Film", "Ort äöü", "X");
  private static final List<String> KEYS = List.of("name", "age", "when", "p q", "tags", "raw");
  private static final List<String> TYPES = List.of("KNOWS", "ACTED IN", "näher");
  private static final int LARGE = 400;

  private final Driver driver;
  private final Random random;
  private final ElementHasher hasher = new ElementHasher();
  private TreeMap<ElementId, Element> model = new TreeMap<>();

  ScriptedGraph(Driver driver, Random random) {
    this.driver = driver;
    this.random = random;
  }

  /** What the model holds. */
  record Content(long vertices, long edges, Fingerprint fingerprint) {}

  Content content() {
    Fingerprint sum = Fingerprint.EMPTY;
    long vertices = 0;
    for (Map.Entry<ElementId, Element> entry : model.entrySet()) {
      sum = sum.plus(hasher.hash(entry.getKey(), entry.getValue()));
      vertices += entry.getValue() instanceof Vertex ? 1 : 0;
    }
    return new Content(vertices, model.size() - vertices, sum);
  }

  /** One transaction, and the number that the store gave it. */
  long transaction() {
    TreeMap<ElementId, Element> before = new TreeMap<>(model);
    try (Session session = driver.session()) {
      boolean keep = random.nextInt(8) > 0;
      try (Transaction tx = session.beginTransaction()) {
        int steps = random.nextInt(30) == 0 ? LARGE : 1 + random.nextInt(6);
        for (int i = 0; i < steps; i++) {
          step(tx);
        }
        if (keep) {
          tx.commit();
        } else {
          tx.rollback();
          model = before;
        }
      }
      return lastTransaction(session);
    }
  }

  static long lastTransaction(Session session) {
    String position = session.run("CALL varve.cdc.current()").single().get("id").asString();
    return Long.parseLong(position.split(":", -1)[2]);
  }

  private void step(Transaction tx) {
    List<ElementId> vertices = ids(Vertex.class);
    List<ElementId> edges = ids(Edge.class);
    int dice = random.nextInt(12);
    if (vertices.size() < 3 || dice < 3) {
      createVertex(tx);
    } else if (dice < 6) {
      createEdge(tx, pick(vertices), pick(vertices));
    } else if (dice < 8) {
      changeVertex(tx, pick(vertices));
    } else if (dice < 9 && !edges.isEmpty()) {
      changeEdge(tx, pick(edges));
    } else if (dice < 10 && !edges.isEmpty()) {
      removeEdge(tx, pick(edges));
    } else if (dice < 11 && !edges.isEmpty()) {
      ElementId id = pick(edges);
      Edge edge = (Edge) at(id);
      removeEdge(tx, id);
      createEdge(tx, ElementId.vertex(edge.start()), ElementId.vertex(edge.end()));
    } else {
      removeVertex(tx, pick(vertices));
    }
  }

  private void createVertex(Transaction tx) {
    TreeSet<String> labels = labels();
    Properties properties = properties();
    String cypher = "CREATE (n" + text(labels) + ") SET n = $p RETURN id(n) AS id";
    long id = tx.run(cypher, Map.of("p", properties.bolt())).single().get("id").asLong();
    model.put(ElementId.vertex(Long.toString(id)), new Vertex(labels, properties.model()));
  }

  private void createEdge(Transaction tx, ElementId from, ElementId to) {
    String type = TYPES.get(random.nextInt(TYPES.size()));
    Properties properties = properties();
    long id =
        tx.run(
                "MATCH (a) WHERE id(a) = $a MATCH (b) WHERE id(b) = $b CREATE (a)-[r:`"
                    + type
                    + "`]->(b) SET r = $p RETURN id(r) AS id",
                Map.of("a", number(from), "b", number(to), "p", properties.bolt()))
            .single()
            .get("id")
            .asLong();
    model.put(
        ElementId.edge(Long.toString(id)), new Edge(type, from.id(), to.id(), properties.model()));
  }

  private void changeVertex(Transaction tx, ElementId id) {
    Vertex vertex = (Vertex) at(id);
    TreeSet<String> labels = labels();
    Properties properties = properties();
    String remove = text(new TreeSet<>(vertex.labels()));
    tx.run(
            "MATCH (n) WHERE id(n) = $id SET n = $p"
                + (remove.isEmpty() ? "" : " REMOVE n" + remove)
                + (labels.isEmpty() ? "" : " SET n" + text(labels)),
            Map.of("id", number(id), "p", properties.bolt()))
        .consume();
    model.put(id, new Vertex(labels, properties.model()));
  }

  private void changeEdge(Transaction tx, ElementId id) {
    Edge edge = (Edge) at(id);
    Properties properties = properties();
    tx.run(
            "MATCH ()-[r]->() WHERE id(r) = $id SET r = $p",
            Map.of("id", number(id), "p", properties.bolt()))
        .consume();
    model.put(id, new Edge(edge.type(), edge.start(), edge.end(), properties.model()));
  }

  private void removeEdge(Transaction tx, ElementId id) {
    tx.run("MATCH ()-[r]->() WHERE id(r) = $id DELETE r", Map.of("id", number(id))).consume();
    model.remove(id);
  }

  private void removeVertex(Transaction tx, ElementId id) {
    tx.run("MATCH (n) WHERE id(n) = $id DETACH DELETE n", Map.of("id", number(id))).consume();
    model.remove(id);
    model
        .values()
        .removeIf(
            element ->
                element instanceof Edge edge
                    && (edge.start().equals(id.id()) || edge.end().equals(id.id())));
  }

  private Element at(ElementId id) {
    return java.util.Objects.requireNonNull(model.get(id));
  }

  private List<ElementId> ids(Class<? extends Element> kind) {
    return model.entrySet().stream()
        .filter(entry -> kind.isInstance(entry.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private ElementId pick(List<ElementId> ids) {
    return ids.get(random.nextInt(ids.size()));
  }

  private static long number(ElementId id) {
    return Long.parseLong(id.id());
  }

  private TreeSet<String> labels() {
    TreeSet<String> labels = new TreeSet<>();
    LABELS.stream().filter(label -> random.nextInt(3) == 0).forEach(labels::add);
    return labels;
  }

  private static String text(TreeSet<String> labels) {
    StringBuilder text = new StringBuilder();
    labels.forEach(label -> text.append(":`").append(label).append('`'));
    return text.toString();
  }

  private record Properties(Map<String, Object> bolt, TreeMap<String, Value> model) {}

  private Properties properties() {
    Properties properties = new Properties(new HashMap<>(), new TreeMap<>());
    for (String key : KEYS) {
      if (random.nextInt(3) == 0) {
        property(properties, key);
      }
    }
    return properties;
  }

  private void property(Properties to, String key) {
    List<Object[]> choices = new ArrayList<>();
    long number = random.nextLong();
    choices.add(new Object[] {number, Value.Int.of(number)});
    double real = random.nextInt(4) == 0 ? -0.0 : random.nextGaussian();
    choices.add(new Object[] {real, Value.Float.of(real)});
    boolean bool = random.nextBoolean();
    choices.add(new Object[] {bool, new Value.Bool(bool)});
    String text = "t" + random.nextInt(1000) + "\u00e9\ud83d\ude00".repeat(random.nextInt(60));
    choices.add(new Object[] {text, Value.Text.of(text)});
    byte[] bytes = new byte[random.nextInt(40)];
    random.nextBytes(bytes);
    choices.add(new Object[] {bytes, new Value.Bytes(bytes)});
    LocalDate date = LocalDate.ofEpochDay(random.nextInt(100_000) - 20_000);
    choices.add(new Object[] {date, new Value.Date(date)});
    LocalTime time = LocalTime.ofNanoOfDay(random.nextLong(86_400_000_000_000L));
    choices.add(new Object[] {time, new Value.LocalTimeOfDay(time)});
    LocalDateTime local = LocalDateTime.of(date, time);
    choices.add(new Object[] {local, new Value.LocalTimestamp(local)});
    ZoneOffset offset = ZoneOffset.ofTotalSeconds(60 * (random.nextInt(1080) - 540));
    OffsetTime offsetTime = time.atOffset(offset);
    choices.add(new Object[] {offsetTime, new Value.Time(offsetTime)});
    OffsetDateTime offsetStamp = local.atOffset(offset);
    choices.add(new Object[] {offsetStamp, new Value.OffsetTimestamp(offsetStamp)});
    ZonedDateTime zoned =
        Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000))
            .atZone(ZoneId.of(bool ? "Europe/Berlin" : "America/St_Johns"));
    choices.add(new Object[] {zoned, new Value.ZonedTimestamp(zoned)});
    int months = random.nextInt(40);
    int days = random.nextInt(400) - 200;
    int seconds = random.nextInt(90_000);
    int nanos = random.nextInt(1_000_000_000);
    choices.add(
        new Object[] {
          Values.isoDuration(months, days, seconds, nanos),
          new Value.Duration(months, days, seconds, nanos)
        });
    double x = random.nextInt(180) / 2.0;
    double y = random.nextInt(90) / 2.0;
    choices.add(new Object[] {Values.point(4326, x, y), new Value.Point(4326, List.of(x, y))});
    choices.add(
        new Object[] {Values.point(9157, x, y, 1.5), new Value.Point(9157, List.of(x, y, 1.5))});
    List<Object> list = new ArrayList<>();
    List<Value> items = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      list.add("i" + i);
      items.add(Value.Text.of("i" + i));
    }
    choices.add(new Object[] {list, Value.ListOf.of(items)});
    choices.add(
        new Object[] {
          List.of(number, 1L), Value.ListOf.of(List.of(Value.Int.of(number), Value.Int.of(1)))
        });
    Object[] choice = choices.get(random.nextInt(choices.size()));
    to.bolt().put(key, choice[0]);
    to.model().put(key, (Value) choice[1]);
  }
}
