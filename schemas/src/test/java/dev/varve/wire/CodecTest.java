package dev.varve.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.RandomGraph;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Conflict;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodecTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final Site PARIS = new Site("paris", 12);

  @Test
  void aStateIsPassedOverToItsEnd() {
    RandomGraph graph = new RandomGraph(new Random(4));
    ElementCodec codec = new ElementCodec();
    for (int i = 0; i < 2_000; i++) {
      ElementKind kind = i % 2 == 0 ? ElementKind.VERTEX : ElementKind.EDGE;
      Optional<Element> state = i % 9 == 0 ? Optional.empty() : Optional.of(graph.element(kind));
      AvroOutput out = new AvroOutput();
      codec.writeState(state, out);
      AvroInput in = new AvroInput(out.toByteArray());
      assertThat(ElementCodec.skipState(in)).isEqualTo(state.map(Element::kind));
      assertThat(in.remaining()).as("element %d: %s", i, state).isZero();
      if (i % 100 == 1) {
        for (int length = 0; length < out.length(); length++) {
          AvroInput cut = new AvroInput(out.array(), 0, length);
          assertThatThrownBy(() -> ElementCodec.skipState(cut))
              .isInstanceOf(MalformedRecordException.class);
        }
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 20261122})
  void whatIsWrittenIsReadAndAvroAgrees(long seed) {
    Random random = new Random(seed);
    RandomGraph graph = new RandomGraph(random);
    ChangeCodec changes = new ChangeCodec();
    VersionCodec versions = new VersionCodec();
    for (int i = 0; i < 500; i++) {
      ElementKind kind = random.nextBoolean() ? ElementKind.VERTEX : ElementKind.EDGE;
      ElementId id = new ElementId(kind, "" + random.nextInt(1000));
      Optional<Element> state =
          random.nextInt(5) == 0 ? Optional.empty() : Optional.of(graph.element(kind));
      Change change = new Change(id, changeHeader(random, graph, id, state), state);
      AvroOutput out = new AvroOutput();
      changes.write(change, out);
      byte[] bytes = out.toByteArray();
      assertThat(changes.read(id, new AvroInput(bytes))).isEqualTo(change);
      assertThat(changes.read(id, new AvroInput(throughAvro("change", bytes)))).isEqualTo(change);

      ElementVersion version =
          new ElementVersion(id, versionHeader(change.header(), random.nextBoolean()), state);
      out.clear();
      versions.write(version, out);
      bytes = out.toByteArray();
      assertThat(versions.read(id, new AvroInput(bytes))).isEqualTo(version);
      assertThat(versions.read(id, new AvroInput(throughAvro("element-version", bytes))))
          .isEqualTo(version);
    }
  }

  @Test
  void theStateIsTheTailOfAChangeAndOfAVersion() {
    ElementId id = ElementId.vertex("7");
    Element vertex = new RandomGraph(new Random(4)).element(ElementKind.VERTEX);
    ChangeHeader header =
        changeHeader(new Random(4), new RandomGraph(new Random(4)), id, Optional.of(vertex));
    AvroOutput change = new AvroOutput();
    new ChangeCodec().write(new Change(id, header, Optional.of(vertex)), change);
    AvroInput in = new AvroInput(change.toByteArray());
    ChangeHeader read = new ChangeCodec().readHeader(in);

    AvroOutput version = new AvroOutput();
    new VersionCodec().writeHeader(versionHeader(read, false), version);
    version.raw(in.array(), in.position(), in.remaining());

    assertThat(new VersionCodec().read(id, new AvroInput(version.toByteArray())).state())
        .contains(vertex);
  }

  @Test
  void watermarksTransactionsAndConflictsAreReadBack() {
    AvroOutput out = new AvroOutput();
    Watermark watermark = new Watermark(PARIS, 9, 5_000_000, 3, "neo4j:x", Optional.of(BERLIN));
    new WatermarkCodec().write(watermark, out);
    assertThat(new WatermarkCodec().read(new AvroInput(out.toByteArray()))).isEqualTo(watermark);
    assertThat(
            new WatermarkCodec().read(new AvroInput(throughAvro("watermark", out.toByteArray()))))
        .isEqualTo(watermark);

    Transaction transaction =
        new Transaction(
            BERLIN,
            17,
            1_700_000_000_000_000L,
            Optional.of("neo4j"),
            new TreeMap<>(java.util.Map.of("app", "billing", "host", "a")),
            List.of(new Transaction.Count(ElementKind.EDGE, "KNOWS", 1, 2, 3)),
            Optional.of(
                new StoreSchema.Change(
                    true,
                    List.of(
                        new StoreSchema.Rule(
                            "person_name",
                            StoreSchema.Form.CONSTRAINT,
                            "UNIQUENESS",
                            ElementKind.VERTEX,
                            List.of("Person"),
                            List.of("name"),
                            Optional.of("CREATE CONSTRAINT …"))),
                    List.of("old"))));
    out.clear();
    new TransactionCodec().write(transaction, out);
    assertThat(new TransactionCodec().read(new AvroInput(out.toByteArray())))
        .isEqualTo(transaction);
    assertThat(
            new TransactionCodec()
                .read(new AvroInput(throughAvro("transaction", out.toByteArray()))))
        .isEqualTo(transaction);

    Conflict conflict =
        new Conflict(ElementId.edge("4"), new Dot(BERLIN, 1, 2), new Dot(PARIS, 3, 4));
    out.clear();
    new ConflictCodec().write(conflict, out);
    assertThat(new ConflictCodec().read(new AvroInput(throughAvro("conflict", out.toByteArray()))))
        .isEqualTo(conflict);
  }

  @Test
  void bytesCutShortAnywhereAreMalformed() {
    ElementId id = ElementId.vertex("7");
    Element vertex = new RandomGraph(new Random(8)).element(ElementKind.VERTEX);
    AvroOutput out = new AvroOutput();
    ChangeHeader header =
        changeHeader(new Random(8), new RandomGraph(new Random(8)), id, Optional.of(vertex));
    new ChangeCodec().write(new Change(id, header, Optional.of(vertex)), out);
    for (int length = 0; length < out.length(); length++) {
      AvroInput in = new AvroInput(out.array(), 0, length);
      assertThatThrownBy(() -> new ChangeCodec().read(id, in))
          .isInstanceOf(MalformedRecordException.class);
    }
  }

  @Test
  void aBatchIsReadFrameByFrame() {
    AvroOutput out = new AvroOutput();
    LogBatch.Writer writer = new LogBatch.Writer(out);
    AvroOutput body = new AvroOutput().writeString("any");
    writer.change(ElementId.vertex("1"), body);
    writer.sweep(body);
    writer.transaction(42, body);
    StringBuilder seen = new StringBuilder();
    LogBatch.read(
        out.toByteArray(),
        new LogBatch.Visitor() {
          @Override
          public void change(String key, AvroInput in) {
            seen.append(key).append('=').append(in.readString()).append(' ');
          }

          @Override
          public void sweep(AvroInput in) {
            seen.append("sweep=").append(in.readString()).append(' ');
          }

          @Override
          public void transaction(long logPosition, AvroInput in) {
            seen.append(logPosition).append('=').append(in.readString());
          }
        });
    assertThat(seen).hasToString("v1=any sweep=any 42=any");
  }

  private static ChangeHeader changeHeader(
      Random random, RandomGraph graph, ElementId id, Optional<Element> state) {
    return new ChangeHeader(
        new Dot(BERLIN, random.nextInt(1_000_000), random.nextInt(99)),
        random.nextLong(),
        random.nextBoolean() ? VersionVector.EMPTY : VersionVector.of(PARIS, random.nextInt(99)),
        state.map(element -> new ElementHasher().hash(id, element)),
        random.nextBoolean() ? List.of() : List.of(graph.text()),
        random.nextBoolean() ? List.of() : List.of(graph.text(), graph.text()));
  }

  private static VersionHeader versionHeader(ChangeHeader change, boolean lost) {
    return new VersionHeader(
        change.dot(),
        change.committedAtMicros(),
        change.vector().weight(),
        change.vector(),
        change.hash(),
        change.hash(),
        lost,
        change.alteredLabels(),
        change.alteredProperties());
  }

  /** Reads the bytes with Avro's own reader and writes them again with Avro's own writer. */
  private static byte[] throughAvro(String name, byte[] bytes) {
    String resource = "/dev/varve/wire/" + name + "/v1.avsc";
    try (InputStream in = CodecTest.class.getResourceAsStream(resource)) {
      Schema schema = new Schema.Parser().parse(in);
      Object datum =
          new GenericDatumReader<>(schema)
              .read(null, DecoderFactory.get().binaryDecoder(bytes, null));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
      new GenericDatumWriter<>(schema).write(datum, encoder);
      encoder.flush();
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
