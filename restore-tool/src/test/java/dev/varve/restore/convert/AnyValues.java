package dev.varve.restore.convert;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Value.FloatWidth;
import dev.varve.graph.Value.IntWidth;
import dev.varve.graph.Vertex;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;

/** Random values of every type, those that look like conversions among them; from a seed. */
public final class AnyValues {

  private static final int DEEPEST = 3;
  private static final List<String> ZONES =
      List.of("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC", "Etc/GMT+5");
  private static final List<String> TEXTS =
      List.of(
          "",
          "name",
          "Ünïcödé 日本 𝄞",
          "line\nbreak \"quoted\" \\",
          "::agtype:",
          "::agtype:1",
          "::agtype:1.50::numeric",
          "::agtype:{\"a\": [1, null]}",
          "::agtype:{\"a\":1}",
          "::agtype:\"::agtype:x\"",
          "::agtype:\"x\"",
          "::agtype:{\"::date\": \"2024-02-29\"}",
          "::agtype:{\"::date\": \"29.2.2024\"}",
          "::agtype:[{\"::date\": \"2024-02-29\"}, 1]",
          "2024-02-29",
          "P1M2DT3S",
          "P1M2DT3.0S",
          "SRID=4326;POINT(1.0 2.0)",
          "SRID=4326;POINT(1 2)",
          "AQL/",
          Base64.getEncoder().encodeToString("::agtype:1".getBytes()),
          Base64.getEncoder().encodeToString("plain".getBytes()));
  private static final List<String> KEYS =
      List.of(
          "a",
          "b c",
          "日本",
          "::date",
          "::text",
          "::entries",
          "::point",
          "::duration",
          "::bytes",
          "::unknown",
          "__labels",
          "__type");

  /** Kept for AGE's own values: the codec of agtype escapes them. */
  private static final List<String> KEYS_OF_AGE = List.of("::vertex", "::numeric", "::map");

  private static final List<String> LABELS =
      List.of(
          "A",
          "B",
          "Person",
          "KNOWS",
          "with space",
          "has:colon",
          "日本",
          "_ag_label_vertex",
          "x_id_seq",
          "7up",
          "Ünï",
          "`tick`",
          "a_very_long_label_of_more_than_sixty_three_characters_which_postgresql_would_cut");

  private final Random random;

  public AnyValues(Random random) {
    this.random = random;
  }

  /** What an engine other than AGE may hold: any type. */
  public Value any() {
    return any(0);
  }

  private Value any(int depth) {
    if (depth < DEEPEST && random.nextInt(20) == 0) {
      return Value.MapOf.of(Map.of(one(KEYS_OF_AGE), any(depth + 1)));
    }
    return pick(depth, this::any, scalars());
  }

  /** What AGE may hold. */
  public Value agtype() {
    return agtype(0);
  }

  private Value agtype(int depth) {
    if (depth < DEEPEST && random.nextInt(20) == 0) {
      Value map = Value.MapOf.of(Map.of(one(KEYS_OF_AGE), agtype(depth + 1)));
      return Value.MapOf.of(Map.of("::map", map));
    }
    return pick(depth, this::agtype, agtypeScalars());
  }

  private interface Maker {
    Value make(int depth);
  }

  private Value pick(int depth, Maker inner, List<Supplier<Value>> scalars) {
    int kind = depth < DEEPEST ? random.nextInt(10) : 9;
    if (kind == 0) {
      Map<String, Value> entries = new TreeMap<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        entries.put(one(KEYS), inner.make(depth + 1));
      }
      return Value.MapOf.of(entries);
    } else if (kind == 1) {
      return Value.MapOf.of(Map.of(one(KEYS), Value.Text.of(one(TEXTS))));
    } else if (kind <= 3) {
      List<Value> items = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        items.add(inner.make(depth + 1));
      }
      return new Value.ListOf(items, Optional.empty());
    } else if (kind <= 5) {
      List<Value> items = new ArrayList<>();
      Supplier<Value> same = one(scalars);
      for (int i = random.nextInt(4); i > 0; i--) {
        items.add(same.get());
      }
      return new Value.ListOf(items, items.isEmpty() ? Optional.of("int") : Optional.empty());
    }
    return one(scalars).get();
  }

  private List<Supplier<Value>> agtypeScalars() {
    return List.of(
        Value.Null::new,
        () -> new Value.Bool(random.nextBoolean()),
        () -> Value.Int.of(random.nextLong()),
        () -> Value.Float.of(random.nextGaussian()),
        () -> Value.Float.of(one(List.of(Double.NaN, Double.POSITIVE_INFINITY, -0.0, 1e300))),
        () -> new Value.Decimal(new BigDecimal(new BigInteger(70, random), random.nextInt(9))),
        () -> Value.Text.of(one(TEXTS)),
        () -> Value.MapOf.of(Map.of("::numeric", Value.Text.of("NaN"))),
        this::tagged);
  }

  /** As a value of another engine, or something like it, is in AGE. */
  private Value tagged() {
    Value value = one(scalars()).get();
    return Tag.tagged(value).orElse(value instanceof Value.Text ? value : new Value.Bool(true));
  }

  private List<Supplier<Value>> scalars() {
    return List.of(
        Value.Null::new,
        () -> new Value.Bool(random.nextBoolean()),
        () -> new Value.Int((byte) random.nextInt(), IntWidth.INT8),
        () -> new Value.Int((short) random.nextInt(), IntWidth.INT16),
        () -> new Value.Int(random.nextInt(), IntWidth.INT32),
        () -> Value.Int.of(random.nextLong()),
        () -> new Value.Float(random.nextFloat(), FloatWidth.FLOAT32),
        () -> Value.Float.of(random.nextGaussian()),
        () -> Value.Float.of(Double.NaN),
        () -> new Value.Decimal(new BigDecimal(new BigInteger(70, random), random.nextInt(9) - 4)),
        () -> new Value.Decimal(new BigDecimal(BigInteger.ONE, 20_000)),
        () -> Value.Text.of(one(TEXTS)),
        () -> Value.Text.of("a\0b"),
        () -> new Value.Text("" + (char) ('a' + random.nextInt(26)), true),
        () -> {
          byte[] bytes = new byte[random.nextInt(40)];
          random.nextBytes(bytes);
          return new Value.Bytes(bytes);
        },
        () -> new Value.Uuid(new UUID(random.nextLong(), random.nextLong())),
        () -> new Value.Date(LocalDate.ofEpochDay(random.nextInt(20_000_000) - 10_000_000)),
        () -> new Value.Time(OffsetTime.of(time(), offset())),
        () -> new Value.LocalTimeOfDay(time()),
        () -> new Value.LocalTimestamp(LocalDateTime.of(LocalDate.of(2024, 2, 29), time())),
        () -> new Value.OffsetTimestamp(OffsetDateTime.ofInstant(instant(), offset())),
        () -> new Value.ZonedTimestamp(instant().atZone(ZoneId.of(one(ZONES)))),
        () -> new Value.Timestamp(instant()),
        () ->
            new Value.Duration(
                random.nextInt(),
                random.nextInt(),
                random.nextInt(),
                random.nextInt(1_000_000_000)),
        () -> new Value.Duration(0, 0, random.nextLong(), random.nextInt(1_000_000_000)),
        () -> new Value.Point(4326, List.of(random.nextDouble(), random.nextDouble())),
        () -> new Value.Point(9157, List.of(random.nextDouble(), -0.0, random.nextDouble())),
        () -> new Value.Point(3857, List.of(random.nextDouble(), Double.NaN)),
        () -> new Value.Geoshape("POINT (" + random.nextInt() + " 1)"));
  }

  /** An element with values that a maker makes. */
  public Element element(ElementKind kind, int labelsMax, Supplier<Value> values) {
    Map<String, Value> properties = new TreeMap<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      Value value = values.get();
      if (!(value instanceof Value.Null)) {
        properties.put(one(KEYS), value);
      }
    }
    if (kind == ElementKind.EDGE) {
      return Edge.of(one(LABELS), "1", "2", properties);
    }
    TreeSet<String> labels = new TreeSet<>();
    for (int i = random.nextInt(labelsMax + 1); i > 0; i--) {
      labels.add(one(LABELS));
    }
    return new Vertex(labels, new TreeMap<>(properties));
  }

  private <T> T one(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private LocalTime time() {
    return LocalTime.ofNanoOfDay(
        random.nextBoolean()
            ? random.nextLong(86_400_000_000_000L)
            : random.nextInt(1_440) * 60_000_000_000L);
  }

  private ZoneOffset offset() {
    return ZoneOffset.ofTotalSeconds((random.nextInt(57) - 28) * 1800 + random.nextInt(2));
  }

  private Instant instant() {
    return Instant.ofEpochSecond(random.nextInt() * 40L, random.nextInt(1_000_000_000));
  }
}
