package dev.varve.restore.target.dir;

import dev.varve.graph.Value;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Property values as the fields of a CSV file that {@code neo4j-admin database import full} reads,
 * and back. A column's type is written as in its header: {@code long}, {@code string[]}, ….
 */
final class CsvValues {

  private static final Pattern DURATION =
      Pattern.compile("P(-?[0-9]+)M(-?[0-9]+)DT(-?[0-9]+(?:\\.[0-9]+)?)S");
  private static final Pattern OFFSET = Pattern.compile("T.*(Z|[+-][0-9:]+)$");
  private static final int NANO_DIGITS = 9;
  private static final int SECONDS_A_MINUTE = 60;

  private CsvValues() {}

  /** Why a value cannot be held by a CSV file. */
  static final class Unfit extends Exception {
    Unfit(String why) {
      super(why, null, false, false);
    }
  }

  /** The type of the column that can hold a value. */
  static String type(Value value) throws Unfit {
    if (value instanceof Value.Bytes bytes) {
      if (bytes.value().length == 0) {
        throw new Unfit("an empty byte array, which the importer would leave out");
      }
      return "byte[]";
    }
    if (value instanceof Value.ListOf list) {
      return list(list);
    }
    return scalar(value);
  }

  private static String list(Value.ListOf list) throws Unfit {
    if (list.items().isEmpty()) {
      throw new Unfit("an empty list, which the importer would leave out");
    }
    String type = scalar(list.items().get(0));
    for (Value item : list.items()) {
      if (!type.equals(scalar(item))) {
        throw new Unfit("a list of " + type + " and " + scalar(item));
      }
    }
    if (list.items().size() == 1 && text(list.items().get(0)).isEmpty()) {
      throw new Unfit("a list of one empty string, which the importer would leave out");
    }
    return itemType(type) + "[]";
  }

  /**
   * A {@code byte[]} column makes raw bytes, which are not the same as a list of small numbers; and
   * there is no column of lists of characters. The next wider type takes both: the content stays.
   */
  private static String itemType(String type) {
    return switch (type) {
      case "byte" -> "short";
      case "char" -> "string";
      default -> type;
    };
  }

  private static String scalar(Value value) throws Unfit {
    if (value instanceof Value.Text text) {
      return text.character() ? "char" : "string";
    } else if (value instanceof Value.Int number) {
      return switch (number.width()) {
        case INT8 -> "byte";
        case INT16 -> "short";
        case INT32 -> "int";
        case INT64 -> "long";
      };
    } else if (value instanceof Value.Float number) {
      return number.width() == Value.FloatWidth.FLOAT32 ? "float" : "double";
    } else if (value instanceof Value.Bool) {
      return "boolean";
    } else if (value instanceof Value.Date) {
      return "date";
    } else if (value instanceof Value.Time time) {
      refuseSeconds(time.value().getOffset().getTotalSeconds());
      return "time";
    } else if (value instanceof Value.LocalTimeOfDay) {
      return "localtime";
    } else if (value instanceof Value.LocalTimestamp) {
      return "localdatetime";
    } else if (value instanceof Value.OffsetTimestamp timestamp) {
      refuseSeconds(timestamp.value().getOffset().getTotalSeconds());
      return "datetime";
    } else if (value instanceof Value.ZonedTimestamp) {
      return "datetime";
    } else if (value instanceof Value.Duration) {
      return "duration";
    } else if (value instanceof Value.Point) {
      return "point";
    }
    throw new Unfit("a value of type " + value.getClass().getSimpleName());
  }

  private static void refuseSeconds(int offsetSeconds) throws Unfit {
    if (offsetSeconds % SECONDS_A_MINUTE != 0) {
      throw new Unfit("an offset from UTC with seconds");
    }
  }

  /** The text of a value, unquoted; items of a list are joined by the delimiter. */
  static String text(Value value, char arrayDelimiter) {
    List<String> items = new ArrayList<>();
    if (value instanceof Value.Bytes bytes) {
      for (byte b : bytes.value()) {
        items.add(Byte.toString(b));
      }
    } else if (value instanceof Value.ListOf list) {
      list.items().forEach(item -> items.add(text(item)));
    } else {
      return text(value);
    }
    return String.join(String.valueOf(arrayDelimiter), items);
  }

  private static String text(Value value) {
    if (value instanceof Value.Text text) {
      return text.value();
    } else if (value instanceof Value.Int number) {
      return Long.toString(number.value());
    } else if (value instanceof Value.Float number) {
      return number.width() == Value.FloatWidth.FLOAT32
          ? Float.toString((float) number.value())
          : Double.toString(number.value());
    } else if (value instanceof Value.Bool bool) {
      return Boolean.toString(bool.value());
    } else if (value instanceof Value.Date date) {
      return date.value().toString();
    } else if (value instanceof Value.Time time) {
      return time.value().toString();
    } else if (value instanceof Value.LocalTimeOfDay time) {
      return time.value().toString();
    } else if (value instanceof Value.LocalTimestamp timestamp) {
      return timestamp.value().toString();
    } else if (value instanceof Value.OffsetTimestamp timestamp) {
      return timestamp.value().toString();
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      return text(timestamp.value());
    } else if (value instanceof Value.Duration duration) {
      return "P" + duration.months() + "M" + duration.days() + "DT" + seconds(duration) + "S";
    } else if (value instanceof Value.Point point) {
      return text(point);
    }
    throw new IllegalStateException("no CSV text for " + value);
  }

  /** The offset tells which of two equal local times is meant; the importer knows whole minutes. */
  private static String text(ZonedDateTime time) {
    return time.getOffset().getTotalSeconds() % SECONDS_A_MINUTE == 0
        ? time.toString()
        : time.toLocalDateTime() + "[" + time.getZone().getId() + "]";
  }

  private static String seconds(Value.Duration duration) {
    return BigDecimal.valueOf(duration.seconds())
        .add(BigDecimal.valueOf(duration.nanos(), NANO_DIGITS))
        .toPlainString();
  }

  private static String text(Value.Point point) {
    StringBuilder text = new StringBuilder("{crs:").append(crs(point.srid()));
    for (int axis = 0; axis < point.coordinates().size(); axis++) {
      text.append(", ")
          .append("xyz".charAt(axis))
          .append(':')
          .append(point.coordinates().get(axis));
    }
    return text.append('}').toString();
  }

  private static String crs(int srid) {
    return switch (srid) {
      case 4326 -> "WGS-84";
      case 4979 -> "WGS-84-3D";
      case 7203 -> "cartesian";
      case 9157 -> "cartesian-3D";
      default -> throw new IllegalStateException("no coordinate reference system " + srid);
    };
  }

  private static int srid(String crs) {
    return switch (crs) {
      case "WGS-84" -> 4326;
      case "WGS-84-3D" -> 4979;
      case "cartesian" -> 7203;
      case "cartesian-3D" -> 9157;
      default -> throw new IllegalArgumentException("no coordinate reference system " + crs);
    };
  }

  /** The value of a field, read as the importer reads it. */
  static Value parse(String type, String text, char arrayDelimiter) {
    if (!type.endsWith("[]")) {
      return parse(type, text);
    }
    String of = type.substring(0, type.length() - "[]".length());
    List<String> texts =
        Arrays.asList(text.split(Pattern.quote(String.valueOf(arrayDelimiter)), -1));
    if (of.equals("byte")) {
      byte[] bytes = new byte[texts.size()];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = Byte.parseByte(texts.get(i));
      }
      return new Value.Bytes(bytes);
    }
    List<Value> items = new ArrayList<>(texts.size());
    texts.forEach(item -> items.add(parse(of, item)));
    return new Value.ListOf(items, Optional.of(of));
  }

  private static Value parse(String type, String text) {
    return switch (type) {
      case "string" -> Value.Text.of(text);
      case "char" -> new Value.Text(text, true);
      case "byte", "short", "int", "long" -> Value.Int.of(Long.parseLong(text));
      case "float" -> Value.Float.of(Float.parseFloat(text));
      case "double" -> Value.Float.of(Double.parseDouble(text));
      case "boolean" -> new Value.Bool(text.equals("true"));
      case "date" -> new Value.Date(LocalDate.parse(text));
      case "time" -> new Value.Time(OffsetTime.parse(text));
      case "localtime" -> new Value.LocalTimeOfDay(LocalTime.parse(text));
      case "localdatetime" -> new Value.LocalTimestamp(LocalDateTime.parse(text));
      case "datetime" -> dateTime(text);
      case "duration" -> duration(text);
      case "point" -> point(text);
      default -> throw new IllegalArgumentException("no column type " + type);
    };
  }

  private static Value dateTime(String text) {
    int zone = text.indexOf('[');
    if (zone < 0) {
      return new Value.OffsetTimestamp(OffsetDateTime.parse(text));
    }
    String local = text.substring(0, zone);
    boolean offset = OFFSET.matcher(local).find();
    return new Value.ZonedTimestamp(
        offset
            ? ZonedDateTime.parse(text, DateTimeFormatter.ISO_ZONED_DATE_TIME)
            : LocalDateTime.parse(local)
                .atZone(ZoneId.of(text.substring(zone + 1, text.length() - 1))));
  }

  private static Value duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("no duration: " + text);
    }
    BigDecimal nanos = new BigDecimal(matcher.group(3)).movePointRight(NANO_DIGITS);
    long seconds = Math.floorDiv(nanos.longValueExact(), 1_000_000_000L);
    return new Value.Duration(
        Long.parseLong(matcher.group(1)),
        Long.parseLong(matcher.group(2)),
        seconds,
        (int) (nanos.longValueExact() - seconds * 1_000_000_000L));
  }

  private static Value point(String text) {
    Map<String, String> parts = new LinkedHashMap<>();
    for (String part : text.substring(1, text.length() - 1).split(", ", -1)) {
      int colon = part.indexOf(':');
      parts.put(part.substring(0, colon), part.substring(colon + 1));
    }
    List<Double> coordinates = new ArrayList<>();
    for (String axis : List.of("x", "y", "z")) {
      String coordinate = parts.get(axis);
      if (coordinate != null) {
        coordinates.add(Double.parseDouble(coordinate));
      }
    }
    return new Value.Point(srid(parts.getOrDefault("crs", "")), coordinates);
  }
}
