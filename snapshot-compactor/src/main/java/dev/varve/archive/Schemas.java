package dev.varve.archive;

import dev.varve.wire.RecordKind;
import dev.varve.wire.SchemaCatalog;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;

/** The schemas of the files in a repository, made of those in {@code schemas}. */
final class Schemas {

  private Schemas() {}

  /** A record in a segment. */
  static Schema segment(SegmentFormat format) {
    return format == SegmentFormat.VERSIONS ? segmentEntry() : segmentElement();
  }

  /** An element version under its element's id. */
  private static Schema segmentEntry() {
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

  /** What changes from element to element stands at the two ends, so that the middle repeats. */
  private static Schema segmentElement() {
    Schema version = SchemaCatalog.load().newest(RecordKind.ELEMENT_VERSION);
    Schema seen =
        SchemaBuilder.record("Seen")
            .namespace("dev.varve.wire")
            .doc("What the version tells beyond its dot.")
            .fields()
            .name("weight")
            .doc("how much the writer had seen")
            .type(typeOf(version, "weight"))
            .noDefault()
            .name("vector")
            .doc("everything that the element includes")
            .type(typeOf(version, "vector"))
            .noDefault()
            .endRecord();
    return SchemaBuilder.record("SegmentElement")
        .namespace("dev.varve.wire")
        .doc("The one version of an element; the file's kind says whether vertices or edges.")
        .fields()
        .name("id")
        .doc("the store's id, without v or e")
        .type()
        .stringType()
        .noDefault()
        .name("index")
        .doc("which change in the transaction")
        .type(typeOf(version, "index"))
        .noDefault()
        .name("site")
        .doc("name@incarnation")
        .type(typeOf(version, "site"))
        .noDefault()
        .name("seq")
        .doc("the store's number of the transaction")
        .type(typeOf(version, "seq"))
        .noDefault()
        .name("committedAt")
        .type(typeOf(version, "committedAt"))
        .noDefault()
        .name("seen")
        .doc("null: the weight is seq, and the vector has seq for site and no more")
        .type(Schema.createUnion(List.of(Schema.create(Schema.Type.NULL), seen)))
        .noDefault()
        .name("lost")
        .doc("whether it lost against a concurrent version")
        .type(typeOf(version, "lost"))
        .noDefault()
        .name("alteredLabels")
        .type(typeOf(version, "alteredLabels"))
        .noDefault()
        .name("alteredProperties")
        .type(typeOf(version, "alteredProperties"))
        .noDefault()
        .name("state")
        .doc("null if the element was removed")
        .type(typeOf(version, "state"))
        .noDefault()
        .endRecord();
  }

  private static Schema typeOf(Schema record, String field) {
    return record.getField(field).schema();
  }

  static Schema transaction() {
    return SchemaCatalog.load().newest(RecordKind.TRANSACTION);
  }
}
