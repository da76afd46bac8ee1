package dev.varve.restore.convert;

import dev.varve.graph.Value;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tagged form of a value that agtype has no type for: a map of one entry, whose key names the
 * type and whose value is a text, such as {@code {"::date": "2024-02-29"}}. The texts are those
 * that PostgreSQL casts where it has the type.
 *
 * <p>A value has one text, and a text that is not the one of a value is not read.
 */
enum Tag {
  /** In Base64, as UTF-8: strings that PostgreSQL cannot hold, or that would be read as another. */
  TEXT(
      Value.Text.class,
      value -> base64(((Value.Text) value).value().getBytes(StandardCharsets.UTF_8)),
      text -> Value.Text.of(new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8))),
  BYTES(
      Value.Bytes.class,
      value -> base64(((Value.Bytes) value).value()),
      text -> new Value.Bytes(Base64.getDecoder().decode(text))),
  /** Numbers that are too long for PostgreSQL's numeric. */
  DECIMAL(
      Value.Decimal.class,
      value -> ((Value.Decimal) value).value().stripTrailingZeros().toString(),
      text -> new Value.Decimal(new BigDecimal(text))),
  UUID(
      Value.Uuid.class,
      value -> ((Value.Uuid) value).value().toString(),
      text -> new Value.Uuid(java.util.UUID.fromString(text))),
  DATE(
      Value.Date.class,
      value -> ((Value.Date) value).value().toString(),
      text -> new Value.Date(LocalDate.parse(text))),
  TIME(
      Value.Time.class,
      value -> ((Value.Time) value).value().toString(),
      text -> new Value.Time(OffsetTime.parse(text))),
  LOCALTIME(
      Value.LocalTimeOfDay.class,
      value -> ((Value.LocalTimeOfDay) value).value().toString(),
      text -> new Value.LocalTimeOfDay(LocalTime.parse(text))),
  LOCALDATETIME(
      Value.LocalTimestamp.class,
      value -> ((Value.LocalTimestamp) value).value().toString(),
      text -> new Value.LocalTimestamp(LocalDateTime.parse(text))),
  DATETIME(
      Value.OffsetTimestamp.class,
      value -> ((Value.OffsetTimestamp) value).value().toString(),
      text -> new Value.OffsetTimestamp(OffsetDateTime.parse(text))),
  ZONEDDATETIME(
      Value.ZonedTimestamp.class,
      value -> ((Value.ZonedTimestamp) value).value().format(DateTimeFormatter.ISO_ZONED_DATE_TIME),
      text -> new Value.ZonedTimestamp(ZonedDateTime.parse(text))),
  INSTANT(
      Value.Timestamp.class,
      value -> ((Value.Timestamp) value).value().toString(),
      text -> new Value.Timestamp(Instant.parse(text))),
  /** ISO 8601; seconds and nanoseconds are one decimal number. */
  DURATION(Value.Duration.class, Tag::durationText, Tag::duration),
  /** Extended well-known text, as PostGIS writes it. */
  POINT(Value.Point.class, Tag::pointText, Tag::point),
  GEOSHAPE(
      Value.Geoshape.class,
      value -> ((Value.Geoshape) value).wkt(),
      text -> new Value.Geoshape(text));

  /** Begins the key of every tag, AGE's own ({@link dev.varve.age.Agtype}) included. */
  static final String MARK = "::";

  private static final BigDecimal NANOS_A_SECOND = BigDecimal.valueOf(1_000_000_000L);
  private static final Pattern DURATION_TEXT =
      Pattern.compile("P(-?\\d+)M(-?\\d+)DT(-?\\d+(?:\\.\\d+)?)S");
  private static final Pattern POINT_TEXT =
      Pattern.compile("SRID=(-?\\d+);POINT( Z)? ?\\(([^()]*)\\)");

  private static final Map<Class<? extends Value>, Tag> BY_TYPE =
      Stream.of(values()).collect(Collectors.toMap(tag -> tag.type, tag -> tag));
  private static final Map<String, Tag> BY_KEY =
      Stream.of(values()).collect(Collectors.toMap(Tag::key, tag -> tag));

  private final Class<? extends Value> type;
  private final Function<Value, String> write;
  private final Function<String, Value> read;

  Tag(Class<? extends Value> type, Function<Value, String> write, Function<String, Value> read) {
    this.type = type;
    this.write = write;
    this.read = read;
  }

  String key() {
    return MARK + name().toLowerCase(Locale.ROOT);
  }

  /** The tagged form of a value; absent if its type has none, or the value cannot be written. */
  static Optional<Value> tagged(Value value) {
    Tag tag = BY_TYPE.get(value.getClass());
    if (tag == null) {
      return Optional.empty();
    }
    Optional<String> text = tag.text(value);
    // seen twice: what could not be read again is not written
    return text.filter(written -> tag.value(written).isPresent())
        .map(written -> Value.MapOf.of(Map.of(tag.key(), Value.Text.of(written))));
  }

  /** The value that a tagged form stands for; absent if it is not one of ours. */
  static Optional<Value> untagged(String key, Value tagged) {
    Tag tag = BY_KEY.get(key);
    return tag != null && tagged instanceof Value.Text text
        ? tag.value(text.value())
        : Optional.empty();
  }

  private Optional<String> text(Value value) {
    try {
      return Optional.of(write.apply(value));
    } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  private Optional<Value> value(String text) {
    try {
      Value value = read.apply(text);
      return text(value).filter(text::equals).map(same -> value);
    } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static String durationText(Value value) {
    Value.Duration duration = (Value.Duration) value;
    if (duration.nanos() < 0 || duration.nanos() >= NANOS_A_SECOND.intValue()) {
      throw new IllegalArgumentException("nanos out of range: " + duration.nanos());
    }
    BigDecimal seconds =
        BigDecimal.valueOf(duration.seconds())
            .add(BigDecimal.valueOf(duration.nanos(), 9))
            .stripTrailingZeros();
    return "P%dM%dDT%sS".formatted(duration.months(), duration.days(), seconds.toPlainString());
  }

  private static Value duration(String text) {
    Matcher matcher = DURATION_TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a duration");
    }
    BigInteger[] parts =
        new BigDecimal(matcher.group(3))
            .multiply(NANOS_A_SECOND)
            .toBigIntegerExact()
            .divideAndRemainder(NANOS_A_SECOND.toBigInteger());
    boolean below = parts[1].signum() < 0;
    return new Value.Duration(
        Long.parseLong(matcher.group(1)),
        Long.parseLong(matcher.group(2)),
        Math.subtractExact(parts[0].longValueExact(), below ? 1 : 0),
        parts[1].intValueExact() + (below ? NANOS_A_SECOND.intValue() : 0));
  }

  private static String pointText(Value value) {
    Value.Point point = (Value.Point) value;
    String form =
        switch (point.coordinates().size()) {
          case 2 -> "";
          case 3 -> " Z ";
          default -> throw new IllegalArgumentException("neither two nor three coordinates");
        };
    return point.coordinates().stream()
        .map(String::valueOf)
        .collect(Collectors.joining(" ", "SRID=" + point.srid() + ";POINT" + form + "(", ")"));
  }

  private static Value point(String text) {
    Matcher matcher = POINT_TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a point");
    }
    List<Double> coordinates = new ArrayList<>();
    for (String coordinate : matcher.group(3).split(" ", -1)) {
      coordinates.add(Double.valueOf(coordinate));
    }
    return new Value.Point(Integer.parseInt(matcher.group(1)), coordinates);
  }
}
