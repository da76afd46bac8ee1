package dev.varve.restore.target.dir;

import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ElementCodec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileStream;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;

/**
 * One kind of element as an Avro container: records of {@code id} and {@code state}, the state as
 * in the topology tables. Holds every value as it is, widths too.
 */
final class AvroFile implements AutoCloseable {

  private static final int BLOCK_BYTES = 256 * 1024;

  private final DataFileWriter<Object> writer;
  private final ElementCodec codec = new ElementCodec();
  private final AvroOutput entry = new AvroOutput();

  AvroFile(Path file) throws IOException {
    writer = new DataFileWriter<>(new GenericDatumWriter<>());
    writer.setCodec(CodecFactory.zstandardCodec(CodecFactory.DEFAULT_ZSTANDARD_LEVEL));
    writer.setSyncInterval(BLOCK_BYTES);
    writer.create(schema(), file.toFile());
  }

  void add(ElementId id, Element element) throws IOException {
    entry.clear().writeString(id.id());
    codec.writeState(Optional.of(element), entry);
    writer.appendEncoded(ByteBuffer.wrap(entry.array(), 0, entry.length()));
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }

  /** Hands out every element of a file. */
  static void read(Path file, ElementKind kind, BiConsumer<ElementId, Element> each)
      throws IOException {
    ElementCodec codec = new ElementCodec();
    try (InputStream in = Files.newInputStream(file);
        DataFileStream<Object> stream = new DataFileStream<>(in, new GenericDatumReader<>())) {
      while (stream.hasNext()) {
        ByteBuffer block = stream.nextBlock();
        AvroInput input =
            new AvroInput(block.array(), block.arrayOffset() + block.position(), block.remaining());
        for (long left = stream.getBlockCount(); left > 0; left--) {
          ElementId id = new ElementId(kind, input.readString());
          each.accept(id, codec.readState(input).orElseThrow());
        }
        input.expectEnd();
      }
    }
  }

  private static Schema schema() throws IOException {
    String resource = "/dev/varve/wire/element-version/v1.avsc";
    try (InputStream in = AvroFile.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException(resource + " is not on the class path");
      }
      Schema version = new Schema.Parser().parse(in);
      return Schema.createRecord(
          "Element",
          "A vertex or an edge; state is never null.",
          "dev.varve.export",
          false,
          List.of(
              new Schema.Field("id", Schema.create(Schema.Type.STRING), "the store's id", null),
              new Schema.Field(
                  "state", version.getField("state").schema(), "labels, properties, …", null)));
    }
  }
}
