package dev.varve.cdc.age;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/** What a record of Debezium's PostgreSQL connector says. */
sealed interface LogEvent {

  /**
   * A transaction has been told whole.
   *
   * @param end where it ends in the log
   */
  record Committed(long end, String transaction, long timeMicros) implements LogEvent {}

  /**
   * A row of a table was inserted, updated or deleted.
   *
   * @param before null for an insert, and where the table has no replica identity
   * @param after null for a delete
   */
  record RowChanged(
      String schema,
      String table,
      char operation,
      @Nullable Row before,
      @Nullable Row after,
      long timeMicros)
      implements LogEvent {}

  record Truncated(String schema, String table, long timeMicros) implements LogEvent {}

  /** A message of our own. */
  record Message(boolean transactional, String text) implements LogEvent {}

  /** Nothing of interest. */
  record Other() implements LogEvent {}

  /** What stands for a value that the log does not repeat since it has not changed. */
  String UNAVAILABLE = "__debezium_unavailable_value";

  /** A table's row, by column. */
  record Row(Struct struct) {

    boolean has(String column) {
      return struct.schema().field(column) != null;
    }

    /** As text; absent if null. */
    Optional<String> text(String column) {
      return has(column) ? LogEvent.text(struct.get(column)) : Optional.empty();
    }

    /** As text; there must be one. */
    String needed(String column) {
      return text(column)
          .orElseThrow(() -> new IllegalStateException("a row without '" + column + "'"));
    }

    long number(String column) {
      return Long.parseLong(needed(column));
    }
  }

  /** Reads a record. */
  static LogEvent of(SourceRecord record) {
    if (!(record.value() instanceof Struct value)) {
      return new Other();
    }
    if (value.schema().field("status") != null) {
      return "END".equals(value.getString("status")) ? committed(record, value) : new Other();
    }
    if (value.schema().field("op") == null) {
      return new Other();
    }
    Struct source = value.getStruct("source");
    if (value.schema().field("message") != null) {
      Struct message = value.getStruct("message");
      return new Message(source.getInt64("txId") != null, text(message.get("content")).orElse(""));
    }
    Long time = source.getInt64("ts_us");
    long timeMicros = time == null ? 0 : time;
    String schema = source.getString("schema");
    String table = source.getString("table");
    char operation = value.getString("op").charAt(0);
    if (operation == 't') {
      return new Truncated(schema, table, timeMicros);
    }
    return new RowChanged(
        schema, table, operation, row(value, "before"), row(value, "after"), timeMicros);
  }

  private static LogEvent committed(SourceRecord record, Struct value) {
    Object end = record.sourceOffset().get("lsn_commit");
    if (!(end instanceof Long number)) {
      throw new IllegalStateException("a commit without a place: " + record.sourceOffset());
    }
    String id = value.getString("id");
    int colon = id.indexOf(':'); // behind it is a place, another one in each event
    Object micros = record.sourceOffset().get("ts_usec");
    return new Committed(
        number, colon < 0 ? id : id.substring(0, colon), micros instanceof Long time ? time : 0);
  }

  private static @Nullable Row row(Struct value, String name) {
    Field field = value.schema().field(name);
    Struct struct = field == null ? null : value.getStruct(name);
    return struct == null ? null : new Row(struct);
  }

  /** Types that Debezium does not know come as the bytes of their text. */
  private static Optional<String> text(@Nullable Object value) {
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof byte[] bytes) {
      return Optional.of(new String(bytes, StandardCharsets.UTF_8));
    }
    if (value instanceof ByteBuffer buffer) {
      return Optional.of(StandardCharsets.UTF_8.decode(buffer.duplicate()).toString());
    }
    return Optional.of(value.toString());
  }
}
