package dev.varve.wire;

import dev.varve.graph.Value;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
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
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Property values as the union of {@code dev.varve.wire.Value}. The branch numbers below are the
 * places of the types in that union.
 */
final class ValueCodec {

  private static final int BRANCHES = 23;

  void write(Value value, AvroOutput out) {
    if (value instanceof Value.Text text) {
      out.writeInt(text.character() ? 6 : 7).writeString(text.value());
    } else if (value instanceof Value.Int number) {
      if (number.width() == Value.IntWidth.INT64) {
        out.writeInt(3).writeLong(number.value());
      } else {
        out.writeInt(2).writeInt(number.width().bits()).writeLong(number.value());
      }
    } else if (value instanceof Value.Float number) {
      if (number.width() == Value.FloatWidth.FLOAT64) {
        out.writeInt(5).writeDouble(number.value());
      } else {
        out.writeInt(4).writeFloat((float) number.value());
      }
    } else if (value instanceof Value.Bool bool) {
      out.writeInt(1).writeBoolean(bool.value());
    } else if (value instanceof Value.ListOf list) {
      out.writeInt(21);
      writeList(list, out);
    } else if (value instanceof Value.MapOf map) {
      out.writeInt(22);
      writeMap(map, out);
    } else if (value instanceof Value.Null) {
      out.writeInt(0);
    } else if (value instanceof Value.Bytes bytes) {
      out.writeInt(8).writeBytes(bytes.value());
    } else if (value instanceof Value.Decimal decimal) {
      out.writeInt(9).writeBytes(decimal.value().unscaledValue().toByteArray());
      out.writeInt(decimal.value().scale());
    } else if (value instanceof Value.Uuid uuid) {
      out.writeInt(10).writeLong(uuid.value().getMostSignificantBits());
      out.writeLong(uuid.value().getLeastSignificantBits());
    } else if (value instanceof Value.Point point) {
      out.writeInt(19).writeInt(point.srid());
      if (!point.coordinates().isEmpty()) {
        out.writeInt(point.coordinates().size());
        point.coordinates().forEach(out::writeDouble);
      }
      out.writeInt(0);
    } else if (value instanceof Value.Geoshape shape) {
      out.writeInt(20).writeString(shape.wkt());
    } else {
      writeTemporal(value, out);
    }
  }

  private static void writeTemporal(Value value, AvroOutput out) {
    if (value instanceof Value.Date date) {
      out.writeInt(11).writeLong(date.value().toEpochDay());
    } else if (value instanceof Value.Time time) {
      out.writeInt(12).writeLong(time.value().toLocalTime().toNanoOfDay());
      out.writeInt(time.value().getOffset().getTotalSeconds());
    } else if (value instanceof Value.LocalTimeOfDay time) {
      out.writeInt(13).writeLong(time.value().toNanoOfDay());
    } else if (value instanceof Value.LocalTimestamp timestamp) {
      out.writeInt(14).writeLong(timestamp.value().toLocalDate().toEpochDay());
      out.writeLong(timestamp.value().toLocalTime().toNanoOfDay());
    } else if (value instanceof Value.OffsetTimestamp timestamp) {
      out.writeInt(15).writeLong(timestamp.value().toEpochSecond());
      out.writeInt(timestamp.value().getNano());
      out.writeInt(timestamp.value().getOffset().getTotalSeconds());
    } else if (value instanceof Value.ZonedTimestamp timestamp) {
      out.writeInt(16).writeLong(timestamp.value().toEpochSecond());
      out.writeInt(timestamp.value().getNano());
      out.writeString(timestamp.value().getZone().getId());
    } else if (value instanceof Value.Timestamp timestamp) {
      out.writeInt(17).writeLong(timestamp.value().getEpochSecond());
      out.writeInt(timestamp.value().getNano());
    } else if (value instanceof Value.Duration duration) {
      out.writeInt(18).writeLong(duration.months()).writeLong(duration.days());
      out.writeLong(duration.seconds()).writeInt(duration.nanos());
    } else {
      throw new IllegalStateException("no encoding for " + value);
    }
  }

  private void writeList(Value.ListOf list, AvroOutput out) {
    if (list.stored().isPresent()) {
      out.writeInt(1).writeString(list.stored().get());
    } else {
      out.writeInt(0);
    }
    if (!list.items().isEmpty()) {
      out.writeInt(list.items().size());
      for (Value item : list.items()) {
        write(item, out);
      }
    }
    out.writeInt(0);
  }

  private void writeMap(Value.MapOf map, AvroOutput out) {
    if (!map.entries().isEmpty()) {
      out.writeInt(map.entries().size());
      for (Map.Entry<String, Value> entry : map.entries().entrySet()) {
        out.writeString(entry.getKey());
        write(entry.getValue(), out);
      }
    }
    out.writeInt(0);
  }

  static Value read(AvroInput in) {
    try {
      return readBranch(in.readBranch(BRANCHES), in);
    } catch (DateTimeException | IllegalArgumentException e) {
      throw new MalformedRecordException("not a value: " + e.getMessage(), e);
    }
  }

  private static Value readBranch(int branch, AvroInput in) {
    return switch (branch) {
      case 0 -> new Value.Null();
      case 1 -> new Value.Bool(in.readBoolean());
      case 2 -> {
        Value.IntWidth width = widthOf(in.readInt());
        yield new Value.Int(in.readLong(), width);
      }
      case 3 -> Value.Int.of(in.readLong());
      case 4 -> new Value.Float(in.readFloat(), Value.FloatWidth.FLOAT32);
      case 5 -> Value.Float.of(in.readDouble());
      case 6 -> new Value.Text(in.readString(), true);
      case 7 -> Value.Text.of(in.readString());
      case 8 -> new Value.Bytes(in.readBytes());
      case 9 -> new Value.Decimal(new BigDecimal(new BigInteger(in.readBytes()), in.readInt()));
      case 10 -> new Value.Uuid(new UUID(in.readLong(), in.readLong()));
      case 11 -> new Value.Date(LocalDate.ofEpochDay(in.readLong()));
      case 12 ->
          new Value.Time(
              OffsetTime.of(
                  LocalTime.ofNanoOfDay(in.readLong()), ZoneOffset.ofTotalSeconds(in.readInt())));
      case 13 -> new Value.LocalTimeOfDay(LocalTime.ofNanoOfDay(in.readLong()));
      case 14 ->
          new Value.LocalTimestamp(
              LocalDateTime.of(
                  LocalDate.ofEpochDay(in.readLong()), LocalTime.ofNanoOfDay(in.readLong())));
      case 15 -> {
        Instant instant = Instant.ofEpochSecond(in.readLong(), in.readInt());
        yield new Value.OffsetTimestamp(
            OffsetDateTime.ofInstant(instant, ZoneOffset.ofTotalSeconds(in.readInt())));
      }
      case 16 -> {
        Instant instant = Instant.ofEpochSecond(in.readLong(), in.readInt());
        yield new Value.ZonedTimestamp(instant.atZone(ZoneId.of(in.readString())));
      }
      case 17 -> new Value.Timestamp(Instant.ofEpochSecond(in.readLong(), in.readInt()));
      case 18 -> new Value.Duration(in.readLong(), in.readLong(), in.readLong(), in.readInt());
      case 19 -> readPoint(in);
      case 20 -> new Value.Geoshape(in.readString());
      case 21 -> readList(in);
      default -> readMap(in);
    };
  }

  /** Passes over a value without making it; whether its content can be is not looked at. */
  static void skip(AvroInput in) {
    switch (in.readBranch(BRANCHES)) {
      case 0 -> {}
      case 1 -> in.readBoolean();
      case 2, 10, 12, 14, 17 -> {
        in.readLong();
        in.readLong();
      }
      case 3, 11, 13 -> in.readLong();
      case 4 -> in.skip(Float.BYTES);
      case 5 -> in.skip(Double.BYTES);
      case 6, 7, 8, 20 -> in.skipBytes();
      case 9 -> {
        in.skipBytes();
        in.readInt();
      }
      case 15 -> skipLongs(in, 3);
      case 16 -> {
        skipLongs(in, 2);
        in.skipBytes();
      }
      case 18 -> skipLongs(in, 4);
      case 19 -> {
        in.readInt();
        for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
          in.skip(Math.multiplyExact(n, Double.BYTES));
        }
      }
      case 21 -> {
        if (in.readBranch(2) == 1) {
          in.skipBytes();
        }
        for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
          for (int i = 0; i < n; i++) {
            skip(in);
          }
        }
      }
      default -> skipEntries(in);
    }
  }

  /** Passes over a map of values. */
  static void skipEntries(AvroInput in) {
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        in.skipBytes();
        skip(in);
      }
    }
  }

  private static void skipLongs(AvroInput in, int count) {
    for (int i = 0; i < count; i++) {
      in.readLong();
    }
  }

  private static Value.IntWidth widthOf(int bits) {
    return switch (bits) {
      case 8 -> Value.IntWidth.INT8;
      case 16 -> Value.IntWidth.INT16;
      case 32 -> Value.IntWidth.INT32;
      default -> throw new MalformedRecordException("found a whole number of " + bits + " bits");
    };
  }

  private static Value readPoint(AvroInput in) {
    int srid = in.readInt();
    List<Double> coordinates = new ArrayList<>();
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        coordinates.add(in.readDouble());
      }
    }
    return new Value.Point(srid, coordinates);
  }

  private static Value readList(AvroInput in) {
    Optional<String> stored =
        in.readBranch(2) == 1 ? Optional.of(in.readString()) : Optional.empty();
    List<Value> items = new ArrayList<>();
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        items.add(read(in));
      }
    }
    return new Value.ListOf(items, stored);
  }

  private static Value readMap(AvroInput in) {
    SortedMap<String, Value> entries = new TreeMap<>();
    for (int n = in.readBlockCount(); n > 0; n = in.readBlockCount()) {
      for (int i = 0; i < n; i++) {
        String key = in.readString();
        entries.put(key, read(in));
      }
    }
    return new Value.MapOf(entries);
  }
}
