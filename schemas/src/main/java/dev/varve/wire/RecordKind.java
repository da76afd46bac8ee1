package dev.varve.wire;

import java.util.Optional;

/**
 * The kinds of records that Varve puts into Kafka. Each has one Avro schema, which grows by
 * compatible versions; its full name is also the registry's subject (Confluent's {@code
 * RecordNameStrategy}).
 */
public enum RecordKind {
  CHANGE("dev.varve.wire.Change", "change"),
  ELEMENT_VERSION("dev.varve.wire.ElementVersion", "element-version"),
  WATERMARK("dev.varve.wire.Watermark", "watermark"),
  TRANSACTION("dev.varve.wire.Transaction", "transaction"),
  CONFLICT("dev.varve.wire.Conflict", "conflict"),
  SWEEP("dev.varve.wire.Sweep", "sweep");

  private final String fullName;
  private final String directory;

  RecordKind(String fullName, String directory) {
    this.fullName = fullName;
    this.directory = directory;
  }

  /** The full name of the Avro record, which is the registry's subject. */
  public String fullName() {
    return fullName;
  }

  /** The name of the directory that holds the schema's versions. */
  String directory() {
    return directory;
  }

  static Optional<RecordKind> ofFullName(String fullName) {
    for (RecordKind kind : values()) {
      if (kind.fullName.equals(fullName)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }

  static Optional<RecordKind> ofDirectory(String directory) {
    for (RecordKind kind : values()) {
      if (kind.directory.equals(directory)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
