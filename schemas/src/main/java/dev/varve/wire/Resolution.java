package dev.varve.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * Turns records of one version of a schema into another version's layout, by Avro's own rules. Slow
 * beside the codecs, and only needed for what was written by an older or newer Varve. Thread-safe.
 */
final class Resolution {

  private final Schema writer;
  private final Schema reader;
  private final GenericData data = new OrderedData();

  /** From the layout that the writer used to the one that the reader expects. */
  Resolution(Schema writer, Schema reader) {
    this.writer = writer;
    this.reader = reader;
  }

  /**
   * Why records of one schema cannot be read with the other or the other way; empty if they can.
   */
  static List<String> incompatibilities(Schema one, Schema other) {
    List<String> found = new ArrayList<>();
    for (Schema[] pair : new Schema[][] {{one, other}, {other, one}}) {
      SchemaCompatibility.SchemaCompatibilityResult result =
          SchemaCompatibility.checkReaderWriterCompatibility(pair[0], pair[1]).getResult();
      if (result.getCompatibility() != SchemaCompatibilityType.COMPATIBLE) {
        result
            .getIncompatibilities()
            .forEach(
                i -> found.add(i.getType() + " at " + i.getLocation() + ": " + i.getMessage()));
      }
    }
    return found;
  }

  /** Whether records of the one can be read with the other. */
  boolean isPossible() {
    return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType()
        == SchemaCompatibilityType.COMPATIBLE;
  }

  /**
   * Turns one record.
   *
   * @throws MalformedRecordException if the bytes are not a record of the writer's schema
   */
  byte[] apply(byte[] bytes, int offset, int count) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(count + Long.BYTES);
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    try {
      new GenericDatumWriter<>(reader, data).write(read(bytes, offset, count), encoder);
      encoder.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return out.toByteArray();
  }

  /** One record as Avro's own generic data in the reader's schema. */
  Object read(byte[] bytes, int offset, int count) {
    try {
      BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, offset, count, null);
      Object datum = new GenericDatumReader<>(writer, reader, data).read(null, decoder);
      if (!decoder.isEnd()) {
        throw new MalformedRecordException("found bytes after a record of " + writer.getFullName());
      }
      return datum;
    } catch (IOException
        | AvroRuntimeException
        | IndexOutOfBoundsException
        | NegativeArraySizeException e) {
      throw new MalformedRecordException(
          "the bytes are not a record of " + writer.getFullName() + ": " + e.getMessage(), e);
    }
  }

  /** Avro's own keeps maps in the order of hash codes; ours are in the order of their keys. */
  private static final class OrderedData extends GenericData {

    @Override
    public Object newMap(Object old, int size) {
      return new LinkedHashMap<>();
    }
  }
}
