package dev.varve.restore;

import dev.varve.graph.Value;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Property values of every type that Neo4j stores, from a seed. */
public final class RandomValues {

  private static final List<String> TEXTS =
      List.of(
          "",
          "a",
          "plain text",
          "comma, semicolon; pipe",
          "\"quoted\" and 'single'",
          "line\nbreak\r\nand tab\t",
          "back\\slash \\u0041 `tick`",
          "ünïcode 漢字 😀",
          " blanks around ",
          "null",
          "1.5e3");

  private static final List<ZoneId> ZONES =
      List.of(ZoneId.of("Europe/Berlin"), ZoneId.of("America/New_York"), ZoneId.of("Asia/Kolkata"));

  private final Random random;
  private final boolean csvCanHoldIt;

  public RandomValues(Random random, boolean csvCanHoldIt) {
    this.random = random;
    this.csvCanHoldIt = csvCanHoldIt;
  }

  public SortedMap<String, Value> properties() {
    SortedMap<String, Value> properties = new TreeMap<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      properties.put(key(), value());
    }
    return properties;
  }

  private String key() {
    return List.of("name", "age", "with space", "ünï", "tick`s", "c,o;mma", "x")
        .get(random.nextInt(7));
  }

  public Value value() {
    return random.nextInt(4) == 0 ? list() : scalar(random.nextInt(18));
  }

  /** One value of each type, alone and in a list. */
  public static SortedMap<String, Value> ofEveryType() {
    RandomValues values = new RandomValues(new Random(1), true);
    SortedMap<String, Value> all = new TreeMap<>();
    for (int type = 0; type < 18; type++) {
      Value value = values.scalar(type);
      all.put("p" + type, value);
      if (!(value instanceof Value.Bytes)) {
        Value other = value instanceof Value.Point ? value : values.scalar(type);
        all.put("list" + type, Value.ListOf.of(List.of(value, other, value)));
      }
    }
    all.put("empty", new Value.ListOf(List.of(), Optional.of("long[]")));
    all.put("text", Value.Text.of(String.join("|", TEXTS)));
    all.put("texts", Value.ListOf.of(TEXTS.stream().map(t -> (Value) Value.Text.of(t)).toList()));
    all.put("noText", Value.Text.of(""));
    return all;
  }

  private Value list() {
    int type = random.nextInt(17);
    int system = random.nextInt(4);
    Supplier<Value> item = () -> type == 16 ? point(system) : scalar(type);
    List<Value> items = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      items.add(item.get());
    }
    if (csvCanHoldIt && items.isEmpty()) {
      return new Value.Bool(false);
    }
    if (csvCanHoldIt && items.size() == 1 && items.get(0).equals(Value.Text.of(""))) {
      items.add(items.get(0));
    }
    return Value.ListOf.of(items);
  }

  private Value scalar(int type) {
    return switch (type) {
      case 0 -> Value.Int.of(random.nextLong());
      case 1 -> new Value.Int((byte) random.nextInt(), Value.IntWidth.INT8);
      case 2 -> new Value.Int((short) random.nextInt(), Value.IntWidth.INT16);
      case 3 -> new Value.Int(random.nextInt(), Value.IntWidth.INT32);
      case 4 -> Value.Float.of(random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20));
      case 5 -> new Value.Float(random.nextFloat(), Value.FloatWidth.FLOAT32);
      case 6 -> new Value.Bool(random.nextBoolean());
      case 7 -> Value.Text.of(TEXTS.get(random.nextInt(TEXTS.size())));
      case 8 -> new Value.Text(String.valueOf((char) ('a' + random.nextInt(26))), true);
      case 9 -> new Value.Date(date());
      case 10 -> new Value.Time(OffsetTime.of(time(), offset()));
      case 11 -> new Value.LocalTimeOfDay(time());
      case 12 -> new Value.LocalTimestamp(LocalDateTime.of(date(), time()));
      case 13 -> new Value.OffsetTimestamp(OffsetDateTime.of(date(), time(), offset()));
      case 14 ->
          new Value.ZonedTimestamp(
              LocalDateTime.of(date(), time()).atZone(ZONES.get(random.nextInt(ZONES.size()))));
      case 15 ->
          new Value.Duration(
              random.nextInt(100) - 50,
              random.nextInt(100) - 50,
              random.nextInt(100_000) - 50_000,
              random.nextInt(1_000_000_000));
      case 16 -> point(random.nextInt(4));
      default -> bytes();
    };
  }

  private Value bytes() {
    byte[] bytes = new byte[random.nextInt(5) + (csvCanHoldIt ? 1 : 0)];
    random.nextBytes(bytes);
    return new Value.Bytes(bytes);
  }

  /** The points of one list have to be of one system. */
  private Value point(int system) {
    double x = random.nextDouble() * 80;
    double y = random.nextDouble() * 80;
    return switch (system) {
      case 0 -> new Value.Point(4326, List.of(x, y));
      case 1 -> new Value.Point(4979, List.of(x, y, 7.5));
      case 2 -> new Value.Point(7203, List.of(x, -y));
      default -> new Value.Point(9157, List.of(x, y, 1e10));
    };
  }

  private LocalDate date() {
    return LocalDate.ofEpochDay(random.nextInt(60_000) - 20_000);
  }

  private LocalTime time() {
    return LocalTime.ofNanoOfDay(Math.floorMod(random.nextLong(), 86_400_000_000_000L));
  }

  private ZoneOffset offset() {
    return ZoneOffset.ofTotalSeconds((random.nextInt(48) - 24) * 1800);
  }
}
