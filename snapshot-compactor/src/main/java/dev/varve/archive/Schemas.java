package dev.varve.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
        .type(load("element-version/v1.avsc"))
        .noDefault()
        .endRecord();
  }

  static Schema transaction() {
    return load("transaction/v1.avsc");
  }

  private static Schema load(String name) {
    String resource = "/dev/varve/wire/" + name;
    try (InputStream in = Schemas.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(resource + " is not on the class path");
      }
      return new Schema.Parser().parse(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
