package dev.varve.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Change;
import dev.varve.change.Sweep;
import dev.varve.change.Transaction;
import dev.varve.change.Watermark;
import dev.varve.topology.Conflict;
import dev.varve.topology.ElementVersion;
import dev.varve.wire.GoldenRecords.Golden;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.Encoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files that hold the formats: each record as Avro binary, without the wire format's header, and
 * the same in Avro's JSON encoding to be read by people. Whatever version wrote a file, it is read;
 * the newest is written byte for byte. {@code -Dvarve.golden=write} makes the files that are
 * missing.
 */
class GoldenFilesTest {

  private static final Path ROOT = Path.of("src/test/resources/golden");

  private final SchemaCatalog catalog = SchemaCatalog.load();

  static List<Golden> records() {
    return GoldenRecords.all();
  }

  @ParameterizedTest
  @MethodSource("records")
  void theNewestVersionIsWrittenByteForByte(Golden golden) throws IOException {
    Path file = file(golden, catalog.history(golden.kind()).size(), ".avro");
    byte[] written = encode(golden);
    if ("write".equals(System.getProperty("varve.golden")) && !Files.exists(file)) {
      Files.createDirectories(file.getParent());
      Files.write(file, written);
      Files.writeString(
          Path.of(file.toString().replace(".avro", ".json")),
          toJson(catalog.newest(golden.kind()), written));
    }
    assertThat(written).isEqualTo(Files.readAllBytes(file));
  }

  @ParameterizedTest
  @MethodSource("records")
  void everyVersionIsRead(Golden golden) throws IOException {
    int read = 0;
    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      for (int id = 1; id <= catalog.entries().size(); id++) {
        SchemaCatalog.Entry entry = catalog.entries().get(id - 1);
        Path file = file(golden, entry.version(), ".avro");
        if (entry.kind() == golden.kind() && Files.exists(file)) {
          byte[] body = Files.readAllBytes(file);
          byte[] value =
              ByteBuffer.allocate(Wire.HEADER_BYTES + body.length)
                  .put((byte) 0)
                  .putInt(id)
                  .put(body)
                  .array();
          assertThat(decode(golden, wire.open(value).input())).isEqualTo(golden.value());
          read++;
        }
      }
    }
    assertThat(read).isPositive();
  }

  @ParameterizedTest
  @MethodSource("records")
  void avroReadsWhatIsWritten(Golden golden) throws IOException {
    for (int version = 1; version <= catalog.history(golden.kind()).size(); version++) {
      Path file = file(golden, version, ".avro");
      if (Files.exists(file)) {
        Schema schema = catalog.history(golden.kind()).get(version - 1);
        assertThat(toJson(schema, Files.readAllBytes(file)))
            .isEqualTo(Files.readString(file(golden, version, ".json")));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("records")
  void whatAvroWritesIsRead(Golden golden) throws IOException {
    Schema schema = catalog.newest(golden.kind());
    String json = Files.readString(file(golden, catalog.history(golden.kind()).size(), ".json"));
    Object datum =
        new GenericDatumReader<>(schema).read(null, DecoderFactory.get().jsonDecoder(schema, json));
    for (boolean blocking : new boolean[] {false, true}) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BinaryEncoder encoder =
          blocking
              ? EncoderFactory.get().blockingBinaryEncoder(out, null)
              : EncoderFactory.get().binaryEncoder(out, null);
      new GenericDatumWriter<>(schema).write(datum, encoder);
      encoder.flush();
      assertThat(decode(golden, new AvroInput(out.toByteArray()))).isEqualTo(golden.value());
    }
  }

  private static Path file(Golden golden, int version, String suffix) {
    return ROOT.resolve(golden.kind().directory())
        .resolve("v" + version)
        .resolve(golden.name() + suffix);
  }

  private static byte[] encode(Golden golden) {
    AvroOutput out = new AvroOutput();
    switch (golden.kind()) {
      case CHANGE -> new ChangeCodec().write((Change) golden.value(), out);
      case ELEMENT_VERSION -> new VersionCodec().write((ElementVersion) golden.value(), out);
      case WATERMARK -> new WatermarkCodec().write((Watermark) golden.value(), out);
      case TRANSACTION -> new TransactionCodec().write((Transaction) golden.value(), out);
      case CONFLICT -> new ConflictCodec().write((Conflict) golden.value(), out);
      case SWEEP -> new SweepCodec().write((Sweep) golden.value(), out);
    }
    return out.toByteArray();
  }

  private static Object decode(Golden golden, AvroInput in) {
    return switch (golden.kind()) {
      case CHANGE -> new ChangeCodec().read(((Change) golden.value()).id(), in);
      case ELEMENT_VERSION -> new VersionCodec().read(((ElementVersion) golden.value()).id(), in);
      case WATERMARK -> new WatermarkCodec().read(in);
      case TRANSACTION -> new TransactionCodec().read(in);
      case CONFLICT -> new ConflictCodec().read(in);
      case SWEEP -> new SweepCodec().read(in);
    };
  }

  private static String toJson(Schema schema, byte[] bytes) throws IOException {
    Object datum = new Resolution(schema, schema).read(bytes, 0, bytes.length);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Encoder encoder = EncoderFactory.get().jsonEncoder(schema, out, true);
    new GenericDatumWriter<>(schema).write(datum, encoder);
    encoder.flush();
    return out.toString(StandardCharsets.UTF_8) + "\n";
  }
}
