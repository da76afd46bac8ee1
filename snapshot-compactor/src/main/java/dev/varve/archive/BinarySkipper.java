package dev.varve.archive;

import dev.varve.wire.AvroInput;
import java.util.IdentityHashMap;
import java.util.Map;
import org.apache.avro.Schema;

/**
 * Passes over one datum in Avro's binary encoding without building anything: an encoded datum does
 * not tell its own length, and segments are copied in encoded form.
 */
interface BinarySkipper {

  void skip(AvroInput in);

  /** A skipper for data of the schema, which may be recursive. */
  static BinarySkipper of(Schema schema) {
    return of(schema, new IdentityHashMap<>());
  }

  private static BinarySkipper of(Schema schema, Map<Schema, BinarySkipper> records) {
    return switch (schema.getType()) {
      case NULL -> in -> {};
      case BOOLEAN -> in -> in.skip(1);
      case INT, LONG, ENUM -> AvroInput::readLong;
      case FLOAT -> in -> in.skip(Float.BYTES);
      case DOUBLE -> in -> in.skip(Double.BYTES);
      case STRING, BYTES -> BinarySkipper::skipBytes;
      case FIXED -> fixed(schema.getFixedSize());
      case ARRAY -> blocks(of(schema.getElementType(), records));
      case MAP -> {
        BinarySkipper value = of(schema.getValueType(), records);
        yield blocks(
            in -> {
              skipBytes(in);
              value.skip(in);
            });
      }
      case UNION -> {
        BinarySkipper[] branches =
            schema.getTypes().stream().map(t -> of(t, records)).toArray(BinarySkipper[]::new);
        yield in -> branches[in.readBranch(branches.length)].skip(in);
      }
      case RECORD -> record(schema, records);
    };
  }

  private static BinarySkipper record(Schema schema, Map<Schema, BinarySkipper> records) {
    BinarySkipper known = records.get(schema);
    if (known != null) {
      return known;
    }
    BinarySkipper[] fields = new BinarySkipper[schema.getFields().size()];
    BinarySkipper skipper =
        in -> {
          for (BinarySkipper field : fields) {
            field.skip(in);
          }
        };
    records.put(schema, skipper);
    for (int i = 0; i < fields.length; i++) {
      fields[i] = of(schema.getFields().get(i).schema(), records);
    }
    return skipper;
  }

  private static BinarySkipper fixed(int bytes) {
    return in -> in.skip(bytes);
  }

  private static BinarySkipper blocks(BinarySkipper item) {
    return in -> {
      for (int count = in.readBlockCount(); count > 0; count = in.readBlockCount()) {
        for (int i = 0; i < count; i++) {
          item.skip(in);
        }
      }
    };
  }

  private static void skipBytes(AvroInput in) {
    in.skip(in.readInt());
  }
}
