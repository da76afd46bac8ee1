package dev.varve.wire;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.topology.Conflict;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** The values that the golden files hold. Never change one; add. */
final class GoldenRecords {

  static final Site BERLIN = new Site("berlin", 1);
  static final Site PARIS = new Site("paris", 12);

  private static final long COMMITTED_AT = 1_795_000_000_123_456L;

  private GoldenRecords() {}

  /** A record and the name of its files. */
  record Golden(RecordKind kind, String name, Object value) {
    @Override
    public String toString() {
      return kind.directory() + "/" + name;
    }
  }

  static List<Golden> all() {
    return List.of(
        new Golden(RecordKind.CHANGE, "vertex", change(ElementId.vertex("42"), everyType())),
        new Golden(RecordKind.CHANGE, "edge", change(ElementId.edge("7"), knows())),
        new Golden(RecordKind.CHANGE, "removed", removal()),
        new Golden(RecordKind.ELEMENT_VERSION, "vertex", version(everyType(), false)),
        new Golden(RecordKind.ELEMENT_VERSION, "lost", version(ada(), true)),
        new Golden(RecordKind.ELEMENT_VERSION, "removed", removedVersion()),
        new Golden(
            RecordKind.WATERMARK,
            "ordinary",
            new Watermark(BERLIN, 17, COMMITTED_AT, 12_345, "neo4j:8f3c", Optional.empty())),
        new Golden(
            RecordKind.WATERMARK,
            "replaces",
            new Watermark(BERLIN.next(), 3, COMMITTED_AT, 0, "neo4j:8f3c", Optional.of(BERLIN))),
        new Golden(RecordKind.TRANSACTION, "data", transaction()),
        new Golden(RecordKind.TRANSACTION, "schema", schemaChange()),
        new Golden(
            RecordKind.CONFLICT,
            "conflict",
            new Conflict(ElementId.vertex("42"), new Dot(PARIS, 4, 1), new Dot(BERLIN, 17, 0))),
        new Golden(
            RecordKind.SWEEP,
            "vertices",
            new Sweep(
                BERLIN,
                17,
                1,
                COMMITTED_AT,
                ElementId.vertex("844424930131968"),
                ElementId.vertex("1125899906842623"))));
  }

  static Vertex ada() {
    return Vertex.of(Set.of("Person"), Map.of("name", Value.Text.of("Ada")));
  }

  static Edge knows() {
    return Edge.of("KNOWS", "42", "7", Map.of("since", Value.Int.of(1843)));
  }

  /** Labels and keys whose UTF-16 order is not that of their UTF-8 bytes. */
  static Vertex everyType() {
    Map<String, Value> properties = new TreeMap<>();
    properties.put("bool", new Value.Bool(true));
    properties.put("int8", new Value.Int(-128, Value.IntWidth.INT8));
    properties.put("int16", new Value.Int(32_767, Value.IntWidth.INT16));
    properties.put("int32", new Value.Int(-2_147_483_648, Value.IntWidth.INT32));
    properties.put("int64", Value.Int.of(Long.MIN_VALUE));
    properties.put("float32", new Value.Float(0.1f, Value.FloatWidth.FLOAT32));
    properties.put("float64", Value.Float.of(-0.0));
    properties.put("character", new Value.Text("ß", true));
    properties.put("text", Value.Text.of("日本 𝄞 \"q\"\n"));
    properties.put("bytes", new Value.Bytes(new byte[] {0, -1, 127, -128}));
    properties.put("decimal", new Value.Decimal(new BigDecimal("-1234567890123456789.50")));
    properties.put("uuid", new Value.Uuid(UUID.fromString("c2f7ab46-df93-4b0a-8e2c-000000000001")));
    properties.put("date", new Value.Date(LocalDate.of(1815, 12, 10)));
    properties.put("time", new Value.Time(OffsetTime.parse("23:59:59.999999999-12:00")));
    properties.put("localTime", new Value.LocalTimeOfDay(LocalTime.parse("00:00:00.000000001")));
    properties.put(
        "localTimestamp", new Value.LocalTimestamp(LocalDateTime.parse("2024-02-29T12:00:00.5")));
    properties.put(
        "offsetTimestamp",
        new Value.OffsetTimestamp(OffsetDateTime.parse("1969-12-31T23:59:59.75+05:30")));
    properties.put(
        "zonedTimestamp",
        new Value.ZonedTimestamp(ZonedDateTime.parse("2024-10-27T02:30:00+01:00[Europe/Berlin]")));
    properties.put(
        "timestamp", new Value.Timestamp(Instant.parse("2026-11-22T19:00:00.000000001Z")));
    properties.put("duration", new Value.Duration(-14, 31, -3_600, 999_999_999));
    properties.put("point2d", new Value.Point(4326, List.of(13.4, 52.5)));
    properties.put("point3d", new Value.Point(9157, List.of(1.0, -2.0, 3.5)));
    properties.put("geoshape", new Value.Geoshape("POINT (13.4 52.5)"));
    properties.put(
        "list", Value.ListOf.of(List.of(Value.Int.of(1), new Value.Null(), Value.Text.of("x"))));
    properties.put("emptyInts", new Value.ListOf(List.of(), Optional.of("int[]")));
    properties.put(
        "map", Value.MapOf.of(Map.of("b", Value.Int.of(2), "a", Value.ListOf.of(List.of()))));
    properties.put("\uD834\uDD1E before \uFF5E", new Value.Bool(false));
    properties.put("\uFF5E after \uD834\uDD1E", new Value.Bool(false));
    return Vertex.of(Set.of("Person", "Ünïcödé", "\uFF5E", "\uD834\uDD1E"), properties);
  }

  private static ElementHash hash(ElementId id, Element element) {
    return new ElementHasher().hash(id, element);
  }

  private static Change change(ElementId id, Element state) {
    return new Change(
        id,
        new ChangeHeader(
            new Dot(BERLIN, 17, 0),
            COMMITTED_AT,
            VersionVector.of(PARIS, 4),
            Optional.of(hash(id, state)),
            List.of("Person"),
            List.of("name", "text")),
        Optional.of(state));
  }

  private static Change removal() {
    return new Change(
        ElementId.vertex("42"),
        new ChangeHeader(
            new Dot(BERLIN, 18, 300),
            COMMITTED_AT,
            VersionVector.EMPTY,
            Optional.empty(),
            List.of(),
            List.of()),
        Optional.empty());
  }

  private static ElementVersion version(Vertex state, boolean lost) {
    ElementId id = ElementId.vertex("42");
    return new ElementVersion(
        id,
        new VersionHeader(
            new Dot(BERLIN, 17, 0),
            COMMITTED_AT,
            21,
            VersionVector.of(PARIS, 4).with(BERLIN, 17),
            Optional.of(hash(id, state)),
            lost ? Optional.empty() : Optional.of(hash(id, ada())),
            lost,
            List.of("Person"),
            List.of("name", "text")),
        Optional.of(state));
  }

  private static ElementVersion removedVersion() {
    ElementId id = ElementId.vertex("42");
    return new ElementVersion(
        id,
        new VersionHeader(
            new Dot(BERLIN, 18, 300),
            COMMITTED_AT,
            18,
            VersionVector.of(BERLIN, 18),
            Optional.empty(),
            Optional.of(hash(id, ada())),
            false,
            List.of(),
            List.of()),
        Optional.empty());
  }

  private static Transaction transaction() {
    SortedMap<String, String> metadata = new TreeMap<>(Map.of("app", "billing", "host", "a"));
    return new Transaction(
        BERLIN,
        17,
        COMMITTED_AT,
        Optional.of("ada"),
        metadata,
        List.of(
            new Transaction.Count(ElementKind.VERTEX, "Person:Ünïcödé", 1, 0, 0),
            new Transaction.Count(ElementKind.EDGE, "KNOWS", 0, 2, 3)),
        Optional.empty());
  }

  private static Transaction schemaChange() {
    StoreSchema.Rule unique =
        new StoreSchema.Rule(
            "person_name",
            StoreSchema.Form.CONSTRAINT,
            "UNIQUENESS",
            ElementKind.VERTEX,
            List.of("Person"),
            List.of("name"),
            Optional.of("CREATE CONSTRAINT person_name FOR (n:Person) REQUIRE n.name IS UNIQUE"));
    StoreSchema.Rule lookup =
        new StoreSchema.Rule(
            "lookup",
            StoreSchema.Form.INDEX,
            "LOOKUP",
            ElementKind.EDGE,
            List.of(),
            List.of(),
            Optional.empty());
    return new Transaction(
        PARIS,
        4,
        0,
        Optional.empty(),
        new TreeMap<>(),
        List.of(),
        Optional.of(new StoreSchema.Change(true, List.of(unique, lookup), List.of("old"))));
  }
}
