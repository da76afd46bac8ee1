package dev.varve.archive;

import org.apache.avro.Schema;

/**
 * A schema and its JSON, as it stands in the header of a file. A chain has many files and few
 * schemas: neither is made anew for each.
 */
record FileSchema(Schema schema, String json) {

  static FileSchema of(Schema schema) {
    return new FileSchema(schema, schema.toString());
  }
}
