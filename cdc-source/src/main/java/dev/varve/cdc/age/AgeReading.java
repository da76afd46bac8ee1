package dev.varve.cdc.age;

import io.debezium.config.Configuration;
import io.debezium.config.Field;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;

/**
 * A graph, and how it is read.
 *
 * @param rowBytes about how large a piece of the log is handed on at once
 * @param transactionBytes how much of one transaction is kept on the heap; the rest in a file
 */
record AgeReading(AgeSettings settings, int rowBytes, int transactionBytes) {

  private static final int DEFAULT_ROW_BYTES = 1 << 20;
  private static final int DEFAULT_TRANSACTION_BYTES = 64 << 20;

  static final Field ROW_BYTES =
      Field.create("age.row.bytes")
          .withType(ConfigDef.Type.INT)
          .withImportance(ConfigDef.Importance.LOW)
          .withDefault(DEFAULT_ROW_BYTES)
          .withValidation(Field::isPositiveInteger)
          .withDescription("About how large a piece of the log is handed on at once.");
  static final Field TRANSACTION_BYTES =
      Field.create("age.transaction.bytes")
          .withType(ConfigDef.Type.INT)
          .withImportance(ConfigDef.Importance.LOW)
          .withDefault(DEFAULT_TRANSACTION_BYTES)
          .withValidation(Field::isPositiveInteger)
          .withDescription("How much of one transaction is kept on the heap; the rest in a file.");

  static final Field.Set FIELDS = AgeSettings.FIELDS.with(ROW_BYTES, TRANSACTION_BYTES);

  static AgeReading of(AgeSettings settings) {
    return new AgeReading(settings, DEFAULT_ROW_BYTES, DEFAULT_TRANSACTION_BYTES);
  }

  static AgeReading of(Configuration config) {
    return new AgeReading(
        AgeSettings.of(config), config.getInteger(ROW_BYTES), config.getInteger(TRANSACTION_BYTES));
  }

  Map<String, String> toMap() {
    Map<String, String> map = new HashMap<>(settings.toMap());
    map.put(ROW_BYTES.name(), Integer.toString(rowBytes));
    map.put(TRANSACTION_BYTES.name(), Integer.toString(transactionBytes));
    return map;
  }

  AgeReading withRowBytes(int bytes) {
    return new AgeReading(settings, bytes, transactionBytes);
  }

  AgeReading withTransactionBytes(int bytes) {
    return new AgeReading(settings, rowBytes, bytes);
  }
}
