package dev.varve.wire;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/** Versions of schemas that Varve does not have yet. */
final class SchemaVersions {

  private SchemaVersions() {}

  /** The schema with a last field more, that has no default. */
  static Schema withField(Schema schema, String name, Schema type) {
    return withField(schema, name, type, null);
  }

  static Schema withField(Schema schema, String name, Schema type, @Nullable Object byDefault) {
    List<Schema.Field> fields = new ArrayList<>();
    for (Schema.Field field : schema.getFields()) {
      fields.add(new Schema.Field(field, field.schema()));
    }
    fields.add(
        byDefault == null
            ? new Schema.Field(name, type)
            : new Schema.Field(name, type, "added", byDefault));
    return Schema.createRecord(
        schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
  }

  /** The catalogue with one version of one schema more. */
  static SchemaCatalog with(SchemaCatalog catalog, RecordKind kind, Schema schema) {
    List<SchemaCatalog.Entry> entries = new ArrayList<>(catalog.entries());
    entries.add(new SchemaCatalog.Entry(kind, catalog.history(kind).size() + 1, schema));
    return new SchemaCatalog(entries);
  }
}
