package dev.varve.archive;

import dev.varve.wire.RecordKind;
import dev.varve.wire.SchemaCatalog;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;

/** The schemas of the files in a repository, made of those in {@code schemas}. */
final class Schemas {

  private static final String NAMESPACE = "dev.varve.wire";
  private static final SchemaCatalog CATALOG = SchemaCatalog.load();

  /** Of a segment: {@link SegmentFormat#VERSIONS}. */
  static final FileSchema VERSIONS = FileSchema.of(segmentEntry());

  /** Of a segment: {@link SegmentFormat#ELEMENTS}. */
  static final FileSchema ELEMENTS = FileSchema.of(segmentBlock());

  /** Of a branch's changes. */
  static final FileSchema BRANCH = FileSchema.of(branchEntry());

  static final FileSchema TRANSACTIONS = FileSchema.of(CATALOG.newest(RecordKind.TRANSACTION));

  private Schemas() {}

  /** What a segment is made of. */
  static FileSchema segment(SegmentFormat format) {
    return format == SegmentFormat.VERSIONS ? VERSIONS : ELEMENTS;
  }

  /** An element version under its element's id. */
  private static Schema segmentEntry() {
    return SchemaBuilder.record("SegmentEntry")
        .namespace(NAMESPACE)
        .doc("A version of an element; the file's kind says whether vertices or edges.")
        .fields()
        .name("id")
        .doc("the store's id, without v or e")
        .type()
        .stringType()
        .noDefault()
        .name("version")
        .type(CATALOG.newest(RecordKind.ELEMENT_VERSION))
        .noDefault()
        .endRecord();
  }

  /** One version of each of many elements, a column for each field. */
  private static Schema segmentBlock() {
    Schema version = CATALOG.newest(RecordKind.ELEMENT_VERSION);
    Schema text = Schema.create(Schema.Type.STRING);
    Schema number = Schema.create(Schema.Type.INT);
    Schema longNumber = Schema.create(Schema.Type.LONG);
    Schema seen = Schema.createRecord("Seen", "What tells more than the dot.", NAMESPACE, false);
    seen.setFields(
        List.of(
            new Schema.Field("weight", typeOf(version, "weight"), "how much the writer had seen"),
            new Schema.Field(
                "vector", typeOf(version, "vector"), "everything that the element includes")));
    Schema block =
        Schema.createRecord(
            "SegmentBlock",
            "The one version of each of some elements; the file's kind says whether vertices or"
                + " edges.",
            NAMESPACE,
            false);
    block.setFields(
        List.of(
            column("shared", number, "with how many bytes of the id before it an id begins"),
            column("rest", text, "what comes then"),
            column("index", longNumber, "differences"),
            column("sites", text, "the sites of this block; not one for each element"),
            column("site", number, "places in sites, counted from 0"),
            column("seq", longNumber, "differences"),
            column("committedAt", longNumber, "differences, in microseconds"),
            column(
                "seen",
                Schema.createUnion(List.of(Schema.create(Schema.Type.NULL), seen)),
                "null: the weight is seq, and the vector has seq for site and no more"),
            column("lost", typeOf(version, "lost"), "whether it lost against a concurrent version"),
            column("alteredLabels", typeOf(version, "alteredLabels"), "from the change"),
            column("alteredProperties", typeOf(version, "alteredProperties"), "from the change"),
            column("states", typeOf(version, "state"), "null if the element was removed")));
    return block;
  }

  private static Schema.Field column(String name, Schema items, String doc) {
    return new Schema.Field(name, Schema.createArray(items), doc);
  }

  private static Schema typeOf(Schema record, String field) {
    return record.getField(field).schema();
  }

  /** What the changes file of a branch is made of. */
  private static Schema branchEntry() {
    return SchemaBuilder.record("BranchEntry")
        .namespace(NAMESPACE)
        .doc("What one transaction did to an element, or to a range of them.")
        .fields()
        .name("key")
        .doc("the element's id with its letter; of a sweep s and the site")
        .type()
        .stringType()
        .noDefault()
        .name("change")
        .type(
            Schema.createUnion(CATALOG.newest(RecordKind.CHANGE), CATALOG.newest(RecordKind.SWEEP)))
        .noDefault()
        .endRecord();
  }
}
