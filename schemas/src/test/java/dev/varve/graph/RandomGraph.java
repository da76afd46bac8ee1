package dev.varve.graph;

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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;

/** Random elements with values of every type, from a seed. */
public final class RandomGraph {

  private static final int DEEPEST = 2;
  private static final List<String> ZONES =
      List.of("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC");

  private final Random random;

  public RandomGraph(Random random) {
    this.random = random;
  }

  public Element element(ElementKind kind) {
    Map<String, Value> properties = new TreeMap<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      properties.put(text(), value(0));
    }
    if (kind == ElementKind.EDGE) {
      return Edge.of(text(), "" + random.nextInt(999), "" + random.nextInt(999), properties);
    }
    TreeSet<String> labels = new TreeSet<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      labels.add(text());
    }
    return new Vertex(labels, new TreeMap<>(properties));
  }

  public Value value(int depth) {
    List<Supplier<Value>> makers = new ArrayList<>(scalars());
    if (depth < DEEPEST) {
      makers.add(() -> list(depth));
      makers.add(
          () -> {
            Map<String, Value> entries = new TreeMap<>();
            for (int i = random.nextInt(4); i > 0; i--) {
              entries.put(text(), value(depth + 1));
            }
            return Value.MapOf.of(entries);
          });
    }
    return makers.get(random.nextInt(makers.size())).get();
  }

  private Value list(int depth) {
    List<Value> items = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      items.add(value(depth + 1));
    }
    return new Value.ListOf(items, items.isEmpty() ? Optional.of("int[]") : Optional.empty());
  }

  private List<Supplier<Value>> scalars() {
    return List.of(
        Value.Null::new,
        () -> new Value.Bool(random.nextBoolean()),
        () -> new Value.Int((byte) random.nextInt(), Value.IntWidth.INT8),
        () -> new Value.Int((short) random.nextInt(), Value.IntWidth.INT16),
        () -> new Value.Int(random.nextInt(), Value.IntWidth.INT32),
        () -> Value.Int.of(random.nextLong()),
        () -> new Value.Float(random.nextFloat(), Value.FloatWidth.FLOAT32),
        () -> Value.Float.of(random.nextGaussian()),
        () -> Value.Float.of(Double.NaN),
        () -> new Value.Decimal(new BigDecimal(new BigInteger(70, random), random.nextInt(9) - 4)),
        () -> Value.Text.of(text()),
        () -> new Value.Text("" + (char) ('a' + random.nextInt(26)), true),
        () -> {
          byte[] bytes = new byte[random.nextInt(40)];
          random.nextBytes(bytes);
          return new Value.Bytes(bytes);
        },
        () -> new Value.Uuid(new UUID(random.nextLong(), random.nextLong())),
        () -> new Value.Date(LocalDate.ofEpochDay(random.nextInt(2_000_000) - 1_000_000)),
        () -> new Value.Time(OffsetTime.of(time(), offset())),
        () -> new Value.LocalTimeOfDay(time()),
        () -> new Value.LocalTimestamp(LocalDateTime.of(LocalDate.of(2024, 2, 29), time())),
        () -> new Value.OffsetTimestamp(OffsetDateTime.ofInstant(instant(), offset())),
        () ->
            new Value.ZonedTimestamp(
                instant().atZone(ZoneId.of(ZONES.get(random.nextInt(ZONES.size()))))),
        () -> new Value.Timestamp(instant()),
        () ->
            new Value.Duration(
                random.nextInt(),
                random.nextInt(),
                random.nextLong(),
                random.nextInt(1_000_000_000)),
        () -> new Value.Point(4326, List.of(random.nextDouble(), random.nextDouble())),
        () -> new Value.Point(9157, List.of(random.nextDouble(), -0.0, random.nextDouble())),
        () -> new Value.Geoshape("POINT (" + random.nextInt() + " 1)"));
  }

  private LocalTime time() {
    return LocalTime.ofNanoOfDay(random.nextLong(86_400_000_000_000L));
  }

  private ZoneOffset offset() {
    return ZoneOffset.ofTotalSeconds((random.nextInt(57) - 28) * 1800);
  }

  private Instant instant() {
    return Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000));
  }

  public String text() {
    List<String> samples = List.of("name", "Ünïcödé", "日本", "a:b`c", "", "x", "𝄞 clef", "\n\"q\"");
    return samples.get(random.nextInt(samples.size())) + random.nextInt(50);
  }
}
