package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.VersionCodec;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentTest {

  private static final String KEY = "g/segments/00000000000000000001-v000-00000000.avro";
  private static final String TRANSACTIONS_KEY = "g/segments/00000000000000000001-t-00000000.avro";

  @TempDir Path directory;
  private int forgeries;
  private Repository repository = new DirectoryRepository(Path.of("unset"));

  @BeforeEach
  void open() {
    repository = new DirectoryRepository(directory.resolve("repository"));
  }

  @Test
  void whatIsWrittenIsReadBack() throws Exception {
    List<ElementVersion> versions = manyVertices(3000);
    Manifest.Segment segment = write(versions);
    assertThat(segment.versions()).isEqualTo(versions.size());
    assertThat(segment.tombstones())
        .isEqualTo(versions.stream().filter(v -> v.header().removed()).count());
    assertThat(read(segment)).isEqualTo(versions);
  }

  @Test
  void anElementOfABaseIsReadBackWithTheHashThatItHad() throws Exception {
    List<ElementVersion> versions = manyElements(3000);
    Manifest.Segment segment = write(versions, SegmentFormat.ELEMENTS);
    assertThat(segment.versions()).isEqualTo(versions.size());
    assertThat(segment.tombstones())
        .isEqualTo(versions.stream().filter(v -> v.header().removed()).count());
    assertThat(read(segment)).isEqualTo(versions);
    assertThat(segment.object().bytes()).isLessThan(write(versions).object().bytes() / 2);
  }

  @Test
  void whatAnElementOfABaseReplacedIsNotKept() throws Exception {
    ElementVersion version = Samples.vertex("7", 4, "Ada");
    Optional<ElementHash> other = Samples.vertex("7", 3, "Grace").header().hash();
    ElementVersion replacing = with(version, version.header().hash(), other);
    assertThat(read(write(List.of(replacing), SegmentFormat.ELEMENTS)))
        .containsExactly(with(version, version.header().hash(), Optional.empty()));
    assertThat(read(write(List.of(replacing)))).containsExactly(replacing);
  }

  @Test
  void theHashOfAnEdgeIsMadeAnewToo() throws Exception {
    List<ElementVersion> edges = List.of(Samples.edge("3", 1, "7", "12"));
    Path file = directory.resolve("edges");
    Manifest.Segment segment;
    try (SegmentWriter writer =
        new SegmentWriter(file, KEY, ElementKind.EDGE, SegmentFormat.ELEMENTS, 1)) {
      writer.append(edges.get(0));
      segment = writer.finish();
    }
    repository.create(KEY, file);
    assertThat(read(segment)).isEqualTo(edges);
  }

  @Test
  void aStateWithoutItsHashIsNotWrittenIntoABase() throws Exception {
    ElementVersion version = Samples.vertex("7", 1, "Ada");
    Optional<ElementHash> other = Samples.vertex("7", 1, "Grace").header().hash();
    try (SegmentWriter writer = writer(SegmentFormat.ELEMENTS)) {
      assertThatThrownBy(() -> writer.append(with(version, other, Optional.empty())))
          .isInstanceOf(StateMismatchException.class)
          .hasMessageContaining("v7");
      writer.append(version);
      assertThat(writer.versions()).isEqualTo(1);
    }
  }

  @Test
  void anElementOfABaseHasOneVersion() throws Exception {
    try (SegmentWriter writer = writer(SegmentFormat.ELEMENTS)) {
      writer.append(Samples.vertex("10", 1, "a"));
      assertThatThrownBy(() -> writer.append(Samples.vertex("10", 2, "a")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("10 must not come after 10");
    }
  }

  @Test
  void anIdThatIsInABaseTwiceIsDamage() throws Exception {
    Manifest.Segment bad =
        forged(
            List.of(Samples.vertex("7", 1, "a"), Samples.vertex("8", 1, "a")),
            block -> block.put("rest", List.of("7", "7")));
    assertThatThrownBy(() -> read(bad))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining("id 7 out of order");
  }

  @Test
  void columnsThatDoNotFitTogetherAreDamage() throws Exception {
    List<ElementVersion> versions =
        List.of(Samples.vertex("17", 1, "a"), Samples.vertex("18", 2, "b"));
    for (String column : List.of("rest", "index", "site", "seq", "seen", "alteredLabels")) {
      Manifest.Segment fewer =
          forged(versions, block -> block.put(column, ((List<?>) block.get(column)).subList(0, 1)));
      assertThatThrownBy(() -> read(fewer))
          .isInstanceOf(DamagedException.class)
          .hasRootCauseMessage("found too few of " + column);
    }
    Manifest.Segment more = forged(versions, block -> block.put("index", List.of(0L, 0L, 0L)));
    assertThatThrownBy(() -> read(more))
        .isInstanceOf(DamagedException.class)
        .hasRootCauseMessage("found too many of index");
    Manifest.Segment longer = forged(versions, block -> block.put("shared", List.of(0, 3)));
    assertThatThrownBy(() -> read(longer))
        .isInstanceOf(DamagedException.class)
        .hasRootCauseMessage("found an id that shares 3 bytes with one of 2");
    Manifest.Segment nowhere = forged(versions, block -> block.put("site", List.of(0, 1)));
    assertThatThrownBy(() -> read(nowhere))
        .isInstanceOf(DamagedException.class)
        .hasRootCauseMessage("found site 1 of 1");
  }

  @Test
  void manySitesAndBlocksAndIdsOfAnyKindAreReadBack() throws Exception {
    List<ElementVersion> versions = new ArrayList<>();
    for (String prefix : List.of("", "é", "ключ-", "𝔘𝔙", "urn:uuid:00112233-")) {
      for (int i = 0; i < 3000; i++) {
        String id = prefix + new String(Character.toChars(0x1F600 + i % 50)) + i;
        versions.add(
            Samples.at(
                Samples.vertex(id, 1 + (i * 7919L) % 3001, "name " + i),
                new Site("site" + i % 5, 1 + i % 2)));
      }
    }
    versions.sort(Comparator.comparing(ElementVersion::id));
    assertThat(read(write(versions, SegmentFormat.ELEMENTS))).isEqualTo(versions);
  }

  /** A segment of version 2 of which the one block was changed by Avro's own classes. */
  private Manifest.Segment forged(List<ElementVersion> versions, Consumer<GenericRecord> change)
      throws Exception {
    Manifest.Segment good = write(versions, SegmentFormat.ELEMENTS);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataFileReader<GenericRecord> reader = avro(KEY);
        DataFileWriter<GenericRecord> writer =
            new DataFileWriter<>(new GenericDatumWriter<GenericRecord>())) {
      writer.create(reader.getSchema(), bytes);
      for (GenericRecord block : reader) {
        change.accept(block);
        writer.append(block);
      }
    }
    return stored(good, "g/segments/forged" + forgeries++, bytes.toByteArray());
  }

  @Test
  void theHeaderAloneCanBeRead() throws Exception {
    List<ElementVersion> versions = manyVertices(10);
    try (SegmentReader reader = SegmentReader.open(repository, write(versions))) {
      for (ElementVersion version : versions) {
        assertThat(reader.next()).isTrue();
        assertThat(reader.header()).isEqualTo(version.header());
        assertThat(reader.elementId()).isEqualTo(version.id());
      }
      assertThat(reader.next()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(SegmentFormat.class)
  void whatIsHeldStaysAsItWasWhenTheReaderGoesOn(SegmentFormat format) throws Exception {
    List<ElementVersion> versions = manyElements(9000);
    List<HeldVersion> held = new ArrayList<>();
    try (SegmentReader reader = SegmentReader.open(repository, write(versions, format))) {
      while (reader.next()) {
        ElementVersion version = versions.get(held.size());
        for (long upTo : new long[] {-1, version.header().dot().seq() - 1, Long.MAX_VALUE}) {
          VersionVector vector =
              upTo < 0
                  ? VersionVector.of(new Site("elsewhere", 1), Long.MAX_VALUE)
                  : VersionVector.of(version.header().dot().site(), upTo);
          assertThat(reader.coveredBy(vector)).isEqualTo(vector.covers(version.header().dot()));
        }
        held.add(reader.held(held.size() % 2 == 0));
      }
    }
    ElementCodec codec = new ElementCodec();
    for (int i = 0; i < versions.size(); i++) {
      ElementVersion version = versions.get(i);
      assertThat(held.get(i).header()).isEqualTo(version.header());
      assertThat(held.get(i).hash()).isEqualTo(version.header().hash());
      assertThat(held.get(i).removed()).isEqualTo(version.header().removed());
      assertThat(codec.readState(held.get(i).state())).isEqualTo(version.state());
      assertThat(held.get(i).stateBytes()).isEqualTo(held.get(i).state().remaining());
    }
  }

  @Test
  void encodedRecordsCanBeCopied() throws Exception {
    List<ElementVersion> versions = manyVertices(500);
    Manifest.Segment original = write(versions);
    Path copy = directory.resolve("copy");
    try (SegmentReader reader = SegmentReader.open(repository, original);
        SegmentWriter writer = new SegmentWriter(copy, KEY, ElementKind.VERTEX)) {
      while (reader.next()) {
        writer.append(
            reader.id(),
            reader.header().removed(),
            reader.array(),
            reader.entryOffset(),
            reader.entryLength());
      }
      assertThat(writer.finish()).isEqualTo(original);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 9, 19})
  void theSameRecordsAtTheSameLevelGiveTheSameBytes(int level) throws Exception {
    List<ElementVersion> versions = manyVertices(1000);
    List<Manifest.Segment> segments = new ArrayList<>();
    for (String name : List.of("first", "second")) {
      try (SegmentWriter writer =
          new SegmentWriter(
              directory.resolve(name), KEY, ElementKind.VERTEX, SegmentFormat.VERSIONS, level)) {
        for (ElementVersion version : versions) {
          writer.append(version);
        }
        segments.add(writer.finish());
      }
    }
    assertThat(segments.get(1)).isEqualTo(segments.get(0));
    repository.create(KEY, directory.resolve("first"));
    assertThat(read(segments.get(0))).isEqualTo(versions);
  }

  @Test
  void avrosOwnReaderReadsASegment() throws Exception {
    List<ElementVersion> versions = manyVertices(1000);
    write(versions);
    List<String> ids = new ArrayList<>();
    try (DataFileReader<GenericRecord> reader = avro(KEY)) {
      reader.forEach(entry -> ids.add(entry.get("id").toString()));
    }
    assertThat(ids).isEqualTo(versions.stream().map(version -> version.id().id()).toList());
  }

  @Test
  void avrosOwnReaderReadsTheColumnsOfABase() throws Exception {
    List<ElementVersion> versions = manyElements(10_000);
    write(versions, SegmentFormat.ELEMENTS);
    List<Long> seqs = new ArrayList<>();
    int blocks = 0;
    try (DataFileReader<GenericRecord> reader = avro(KEY)) {
      for (GenericRecord block : reader) {
        blocks++;
        long seq = 0;
        for (Object difference : (List<?>) block.get("seq")) {
          seq += (Long) difference;
          seqs.add(seq);
        }
        assertThat((List<?>) block.get("sites")).hasSize(1);
      }
    }
    assertThat(blocks).isGreaterThan(1);
    assertThat(seqs).isEqualTo(versions.stream().map(v -> v.header().dot().seq()).toList());
  }

  @ParameterizedTest
  @EnumSource(SegmentFormat.class)
  void aSegmentThatAvrosOwnWriterWroteIsRead(SegmentFormat format) throws Exception {
    List<ElementVersion> versions = manyElements(1000);
    Manifest.Segment ours = write(versions, format);
    for (CodecFactory codec : List.of(CodecFactory.zstandardCodec(3), CodecFactory.nullCodec())) {
      ByteArrayOutputStream theirs = new ByteArrayOutputStream();
      try (DataFileReader<GenericRecord> reader =
              new DataFileReader<>(
                  directory.resolve("repository").resolve(KEY).toFile(),
                  new GenericDatumReader<>());
          DataFileWriter<GenericRecord> writer =
              new DataFileWriter<>(new GenericDatumWriter<GenericRecord>())) {
        writer.setCodec(codec);
        writer.create(reader.getSchema(), theirs);
        for (GenericRecord entry : reader) {
          writer.append(entry);
        }
      }
      assertThat(read(stored(ours, "g/segments/theirs-" + codec, theirs.toByteArray())))
          .isEqualTo(versions);
    }
  }

  @Test
  void idsOutOfOrderAreNotWritten() throws Exception {
    try (SegmentWriter writer =
        new SegmentWriter(directory.resolve("s"), KEY, ElementKind.VERTEX)) {
      writer.append(Samples.vertex("10", 1, "a"));
      writer.append(Samples.vertex("10", 2, "a"));
      assertThatThrownBy(() -> writer.append(Samples.vertex("9", 1, "b")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("9 must not come after 10");
    }
  }

  @ParameterizedTest
  @EnumSource(SegmentFormat.class)
  void anyAlteredByteIsFoundAndNamed(SegmentFormat format) throws Exception {
    Manifest.Segment segment = write(manyElements(200), format);
    byte[] good = bytes(segment.object().key());
    long seed = Long.getLong("varve.seed", 20_261_122L);
    Random random = new Random(seed);
    for (int i = 0; i < 150; i++) {
      String key = "g/segments/altered-" + i;
      byte[] bad = good.clone();
      int at = i < 64 ? i : random.nextInt(bad.length);
      bad[at] ^= (byte) (1 << random.nextInt(8));
      Manifest.Segment altered = stored(segment, key, bad);
      assertThatThrownBy(() -> read(altered(altered, segment)))
          .as("-Dvarve.seed=%d: byte %d", seed, at)
          .satisfiesAnyOf(
              e -> assertThat(e).isInstanceOf(DamagedException.class).hasMessageContaining(key),
              e -> assertThat(e).isInstanceOf(NewerFormatException.class));
    }
  }

  @ParameterizedTest
  @EnumSource(SegmentFormat.class)
  void anyTruncationIsFoundAndNamed(SegmentFormat format) throws Exception {
    Manifest.Segment segment = write(manyElements(2000), format);
    byte[] good = bytes(segment.object().key());
    for (int length = 0; length < good.length; length += 1 + good.length / 97) {
      Manifest.Segment cut =
          stored(segment, "g/segments/cut-" + length, Arrays.copyOf(good, length));
      assertThatThrownBy(() -> read(altered(cut, segment)))
          .as("%d of %d bytes", length, good.length)
          .isInstanceOf(DamagedException.class)
          .hasMessageContaining("g/segments/cut-" + length);
    }
  }

  @Test
  void aMissingSegmentIsNamed() throws Exception {
    Manifest.Segment segment = write(manyVertices(2));
    repository.delete(segment.object().key());
    assertThatThrownBy(() -> read(segment))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining(KEY);
  }

  @Test
  void transactionsAreReadBack() throws Exception {
    Path file = directory.resolve("transactions");
    List<Transaction> transactions = new ArrayList<>();
    Manifest.TransactionsFile written;
    try (TransactionsWriter writer = new TransactionsWriter(file, TRANSACTIONS_KEY)) {
      for (long seq = 1; seq <= 2000; seq++) {
        transactions.add(Samples.transaction(seq));
        writer.append(Samples.transaction(seq));
      }
      written = writer.finish();
    }
    repository.create(TRANSACTIONS_KEY, file);
    List<Transaction> read = new ArrayList<>();
    try (TransactionsReader reader = TransactionsReader.open(repository, written)) {
      for (Transaction next = reader.next(); next != null; next = reader.next()) {
        read.add(next);
      }
    }
    assertThat(read).isEqualTo(transactions);
  }

  @Test
  void theGoldenSegmentIsReadAndWrittenByteForByte() throws Exception {
    List<ElementVersion> versions =
        List.of(
            Samples.vertex("7", 1, "Ada"),
            Samples.vertex("7", 4, "Ada Lovelace"),
            Samples.vertex("12", 2, "Grace"),
            Samples.removed(ElementId.vertex("12"), 3));
    Manifest.Segment segment = write(versions);
    byte[] golden = Golden.file("segment-v1.avro", bytes(segment.object().key()));
    assertThat(bytes(segment.object().key())).isEqualTo(golden);
    assertThat(read(stored(segment, "g/segments/golden", golden))).isEqualTo(versions);
  }

  @Test
  void theGoldenSegmentOfABaseIsReadAndWrittenByteForByte() throws Exception {
    List<ElementVersion> versions =
        List.of(
            Samples.vertex("7", 4, "Ada Lovelace"),
            Samples.concurrent("9", 5, "Alan"),
            Samples.vertex("11", 2, "Grace"),
            Samples.removed(ElementId.vertex("12"), 3));
    Manifest.Segment segment = write(versions, SegmentFormat.ELEMENTS);
    byte[] golden = Golden.file("segment-v2.avro", bytes(segment.object().key()));
    assertThat(bytes(segment.object().key())).isEqualTo(golden);
    assertThat(read(stored(segment, "g/segments/golden", golden))).isEqualTo(versions);
  }

  @Test
  void theGoldenTransactionsFileIsReadAndWrittenByteForByte() throws Exception {
    Path file = directory.resolve("transactions");
    Manifest.TransactionsFile written;
    try (TransactionsWriter writer = new TransactionsWriter(file, TRANSACTIONS_KEY)) {
      writer.append(Samples.transaction(1));
      writer.append(Samples.transaction(2));
      written = writer.finish();
    }
    byte[] golden = Golden.file("transactions-v1.avro", Files.readAllBytes(file));
    assertThat(Files.readAllBytes(file)).isEqualTo(golden);
    repository.create(TRANSACTIONS_KEY, golden);
    try (TransactionsReader reader = TransactionsReader.open(repository, written)) {
      assertThat(reader.next()).isEqualTo(Samples.transaction(1));
      assertThat(reader.next()).isEqualTo(Samples.transaction(2));
      assertThat(reader.next()).isNull();
    }
  }

  @Test
  void theVersionInARecordIsTheValueOfTheTable() throws Exception {
    ElementVersion version = Samples.vertex("7", 1, "Ada");
    AvroOutput value = new AvroOutput();
    new VersionCodec().write(version, value);
    try (SegmentReader reader = SegmentReader.open(repository, write(List.of(version)))) {
      reader.next();
      assertThat(reader.versionBytes().remaining()).isEqualTo(value.length());
    }
  }

  private static List<ElementVersion> manyVertices(int count) {
    List<ElementVersion> versions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = String.valueOf(i);
      versions.add(Samples.vertex(id, 2L * i + 1, "name " + i * 7919));
      if (i % 5 == 0) {
        versions.add(Samples.removed(ElementId.vertex(id), 2L * i + 2));
      }
    }
    return versions;
  }

  /** One version an element, as a base has them. */
  private static List<ElementVersion> manyElements(int count) {
    List<ElementVersion> versions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = String.valueOf(i);
      versions.add(
          i % 7 == 0
              ? Samples.removed(ElementId.vertex(id), i)
              : i % 7 == 1
                  ? Samples.concurrent(id, i, "name " + i * 7919)
                  : Samples.vertex(id, i, "name " + i * 7919));
    }
    return versions;
  }

  private static ElementVersion with(
      ElementVersion version, Optional<ElementHash> hash, Optional<ElementHash> replaced) {
    VersionHeader header = version.header();
    return new ElementVersion(
        version.id(),
        new VersionHeader(
            header.dot(),
            header.committedAtMicros(),
            header.weight(),
            header.vector(),
            hash,
            replaced,
            header.lost(),
            header.alteredLabels(),
            header.alteredProperties()),
        version.state());
  }

  private Manifest.Segment write(List<ElementVersion> versions) throws Exception {
    return write(versions, SegmentFormat.VERSIONS);
  }

  private SegmentWriter writer(SegmentFormat format) throws Exception {
    Path file = Files.createTempFile(directory, "segment", "");
    Files.delete(file);
    return new SegmentWriter(file, KEY, ElementKind.VERTEX, format, 1);
  }

  private DataFileReader<GenericRecord> avro(String key) throws Exception {
    return new DataFileReader<>(
        directory.resolve("repository").resolve(key).toFile(), new GenericDatumReader<>());
  }

  private Manifest.Segment write(List<ElementVersion> versions, SegmentFormat format)
      throws Exception {
    repository.delete(KEY);
    Path file = Files.createTempFile(directory, "segment", "");
    Files.delete(file);
    try (SegmentWriter writer = new SegmentWriter(file, KEY, ElementKind.VERTEX, format, 1)) {
      for (ElementVersion version : versions) {
        writer.append(version);
      }
      Manifest.Segment segment = writer.finish();
      assertThat(repository.create(KEY, file)).isEqualTo(Repository.Creation.CREATED);
      return segment;
    }
  }

  /** Stores bytes under a key and describes them truly. */
  private Manifest.Segment stored(Manifest.Segment like, String key, byte[] bytes)
      throws Exception {
    String name = key.replaceAll("[^A-Za-z0-9/-]", "_");
    repository.create(name, bytes);
    return new Manifest.Segment(
        like.kind(),
        new Manifest.StoredObject(name, bytes.length, Digests.sha256Of(bytes)),
        like.versions(),
        like.tombstones(),
        like.firstId(),
        like.lastId());
  }

  /** A segment under one key with the length and hash of another. */
  private static Manifest.Segment altered(Manifest.Segment at, Manifest.Segment original) {
    return new Manifest.Segment(
        original.kind(),
        new Manifest.StoredObject(
            at.object().key(), original.object().bytes(), original.object().sha256()),
        original.versions(),
        original.tombstones(),
        original.firstId(),
        original.lastId());
  }

  private List<ElementVersion> read(Manifest.Segment segment) throws Exception {
    List<ElementVersion> versions = new ArrayList<>();
    try (SegmentReader reader = SegmentReader.open(repository, segment)) {
      while (reader.next()) {
        versions.add(reader.version());
      }
    }
    return versions;
  }

  private byte[] bytes(String key) throws Exception {
    try (InputStream in = repository.read(key, 0)) {
      return in.readAllBytes();
    }
  }
}
