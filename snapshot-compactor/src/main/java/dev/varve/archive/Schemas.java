package dev.varve.archive;

import dev.varve.wire.RecordKind;
import dev.varve.wire.SchemaCatalog;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;

/** The schemas of the files in a repository, made of those in {@code schemas}. */
final class Schemas {

  private Schemas() {}

  /** An element version under its element's id. */
  static Schema segmentEntry() {
    return SchemaBuilder.record("SegmentEntry")
        .namespace("dev.varve.wire")
        .doc("A version of an element; the file's kind says whether vertices or edges.")
        .fields()
        .name("id")
        .doc("the store's id, without v or e")
        .type()
        .stringType()
        .noDefault()
        .name("version")
        .type(SchemaCatalog.load().newest(RecordKind.ELEMENT_VERSION))
        .noDefault()
        .endRecord();
  }

  static Schema transaction() {
    return SchemaCatalog.load().newest(RecordKind.TRANSACTION);
  }
}
