package dev.varve.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.topology.Conflict;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionDigest;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ConflictCodec;
import dev.varve.wire.RecordKind;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.TopicSpecs;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.Wire;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(FoldConfig.StateKind.class)
final class FoldProcessorTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final Site PARIS = new Site("paris", 1);
  private static final ElementId V1 = ElementId.vertex("1");
  private static final ElementId V2 = ElementId.vertex("2");
  private static final ElementId E1 = ElementId.edge("1");

  private final FoldConfig.StateKind state;
  private final TopicSpecs topics = TopicSpecs.of("orders");
  private final Wire wire = Wire.open(RegistryConfig.embedded());
  private final ChangesLog log = new ChangesLog(wire);
  private final TableReader reader = new TableReader(wire);
  private final FoldProgress progress = new FoldProgress();
  private final RocksMemory memory = new RocksMemory(16 << 20);

  @TempDir private Path stateDir;
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> changes;

  FoldProcessorTest(FoldConfig.StateKind state) {
    this.state = state;
  }

  @BeforeEach
  void start() {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, topics.topics().application());
    properties.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.toString());
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    driver =
        new TopologyTestDriver(
            FoldTopology.of(topics, wire, state, this::digests, progress), properties);
    changes =
        driver.createInputTopic(
            topics.topics().changes(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  @AfterEach
  void stop() {
    driver.close();
    memory.close();
    wire.close();
  }

  private Digests digests() {
    return state == FoldConfig.StateKind.ROCKSDB ? new RocksDigests(memory) : new HeapDigests();
  }

  @Test
  void changeBecomesAVersionInTheTableOfItsKind() {
    send(log.put(V1, BERLIN, 5), log.put(E1, BERLIN, 5, 1, VersionVector.EMPTY));
    assertThat(brief(vertices())).containsExactly("v1@5");
    assertThat(brief(edges())).containsExactly("e1@5");
  }

  @Test
  void stateIsCopiedAsItIs() {
    send(log.put(V1, BERLIN, 5));
    ElementVersion version = TableReader.versions(vertices()).get(0).version();
    assertThat(version.state()).contains(ChangesLog.state(V1, 5));
    assertThat(version.header().committedAtMicros()).isEqualTo(5_000_000);
  }

  @Test
  void everyVersionPassesThrough() {
    send(log.put(V1, BERLIN, 5), log.put(V1, BERLIN, 6), log.remove(V1, BERLIN, 7));
    assertThat(brief(vertices())).containsExactly("v1@5", "v1@6", "v1-@7");
    assertThat(progress.folded.sum()).isEqualTo(3);
  }

  @Test
  void versionCarriesTheHashThatItReplaces() {
    send(log.put(V1, BERLIN, 5), log.put(V1, BERLIN, 6));
    List<TableReader.VersionRow> rows = TableReader.versions(vertices());
    assertThat(rows.get(1).version().header().replaced())
        .isEqualTo(rows.get(0).version().header().hash());
  }

  @Test
  void changeThatIsIncludedIsDropped() {
    send(log.put(V1, BERLIN, 5), log.put(V1, BERLIN, 5), log.put(V1, BERLIN, 4));
    assertThat(brief(vertices())).containsExactly("v1@5");
    assertThat(progress.dropped.sum()).isEqualTo(2);
  }

  @Test
  void watermarkGoesToBothTablesAndCountsTheVersionsBeforeIt() {
    send(
        log.put(V1, BERLIN, 5),
        log.put(V2, BERLIN, 5, 1, VersionVector.EMPTY),
        log.put(E1, BERLIN, 5, 2, VersionVector.EMPTY),
        log.watermark(BERLIN, 5),
        log.put(V1, BERLIN, 6),
        log.watermark(BERLIN, 6));
    assertThat(brief(vertices())).containsExactly("v1@5", "v2@5", "w5:2", "v1@6", "w6:3");
    assertThat(brief(edges())).containsExactly("e1@5", "w5:1", "w6:1");
    assertThat(progress.partitions())
        .containsExactly(new FoldStatus.Partition(0, VersionVector.of(BERLIN, 6), 3, 1));
  }

  @Test
  void lostVersionIsKeptUnderItsOwnKeyAndCounted() {
    send(log.put(V1, PARIS, 9), log.put(V1, BERLIN, 5), log.watermark(PARIS, 9));
    assertThat(brief(vertices())).containsExactly("v1@9", "v1!berlin@1/5/0@5", "w9:2");
    assertThat(TableReader.versions(vertices()).get(1).version().header().lost()).isTrue();
    assertThat(conflicts())
        .containsExactly(new Conflict(V1, new Dot(PARIS, 9, 0), new Dot(BERLIN, 5, 0)));
  }

  @Test
  void winnerAgainstAConcurrentVersionIsAConflictToo() {
    send(log.put(V1, BERLIN, 5), log.put(V1, PARIS, 9));
    assertThat(brief(vertices())).containsExactly("v1@5", "v1@9");
    assertThat(conflicts())
        .containsExactly(new Conflict(V1, new Dot(PARIS, 9, 0), new Dot(BERLIN, 5, 0)));
    assertThat(progress.conflicts.sum()).isEqualTo(1);
  }

  @Test
  void lostChangeIsRememberedAsSeen() {
    send(log.put(V1, PARIS, 9), log.put(V1, BERLIN, 5), log.put(V1, BERLIN, 5));
    assertThat(vertices()).hasSize(2);
  }

  @Test
  void watermarkThatIsIncludedIsDropped() {
    send(log.watermark(BERLIN, 5), log.watermark(BERLIN, 5), log.watermark(BERLIN, 4));
    assertThat(brief(vertices())).containsExactly("w5:0");
    assertThat(progress.dropped.sum()).isEqualTo(2);
  }

  @Test
  void newIncarnationRemovesWhatItDoesNotHave() {
    Site again = BERLIN.next();
    VersionVector seen = VersionVector.of(BERLIN, 7);
    send(
        log.put(V1, BERLIN, 5),
        log.put(V2, BERLIN, 6),
        log.put(E1, BERLIN, 6, 1, VersionVector.EMPTY),
        log.remove(ElementId.edge("2"), BERLIN, 7),
        log.put(ElementId.vertex("3"), PARIS, 1),
        log.watermark(BERLIN, 7),
        log.put(V1, again, 3, 0, seen),
        log.watermark(again, 4, Optional.of(BERLIN)));
    assertThat(brief(vertices()))
        .containsExactly("v1@5", "v2@6", "v3@1", "w7:3", "v1@3", "v2-@4", "w4:5");
    assertThat(brief(edges())).containsExactly("e1@6", "e2-@7", "w7:2", "e1-@4", "w4:3");
    assertThat(progress.swept.sum()).isEqualTo(2);
    assertThat(conflicts()).isEmpty();
    ElementVersion swept = TableReader.versions(edges()).get(2).version();
    assertThat(swept.header().dot())
        .isEqualTo(new Dot(again, 4, Sweeper.FIRST_INDEX + topics.partitions()));
    assertThat(swept.header().vector()).isEqualTo(VersionVector.parse("berlin@1=6,berlin@2=4"));
    assertThat(swept.header().replaced()).isPresent();
  }

  @Test
  void sweepAlsoFindsWhatAnIncarnationBeforeTheReplacedOneLeft() {
    Site third = BERLIN.next().next();
    send(log.put(V1, BERLIN, 5), log.watermark(third, 1, Optional.of(BERLIN.next())));
    assertThat(brief(vertices())).containsExactly("v1@5", "v1-@1", "w1:2");
  }

  @Test
  void sweptElementMayComeBack() {
    Site again = BERLIN.next();
    send(
        log.put(V1, BERLIN, 5),
        log.watermark(again, 4, Optional.of(BERLIN)),
        log.put(V1, again, 5, 0, VersionVector.of(BERLIN, 5)));
    assertThat(brief(vertices())).containsExactly("v1@5", "v1-@4", "w4:2", "v1@5");
  }

  @Test
  void sweepRemovesTheRangeButForWhatItsOwnTransactionAndLaterOnesWrote() {
    ElementId v3 = ElementId.vertex("3");
    ElementId v10 = ElementId.vertex("10");
    send(
        log.put(V1, BERLIN, 5),
        log.put(V2, BERLIN, 5, 1, VersionVector.EMPTY),
        log.put(v3, BERLIN, 5, 2, VersionVector.EMPTY),
        log.put(v10, BERLIN, 5, 3, VersionVector.EMPTY),
        log.put(E1, BERLIN, 5, 4, VersionVector.EMPTY),
        log.put(v3, BERLIN, 6, 0, VersionVector.EMPTY),
        log.sweep(BERLIN, 6, 1, V2, v10),
        log.watermark(BERLIN, 6),
        log.put(V2, BERLIN, 7));
    assertThat(brief(vertices()))
        .startsWith("v1@5", "v2@5", "v3@5", "v10@5", "v3@6")
        .endsWith("w6:7", "v2@7")
        .hasSize(9)
        .contains("v2-@6", "v10-@6");
    assertThat(brief(edges())).containsExactly("e1@5", "w6:1");
    assertThat(progress.swept.sum()).isEqualTo(2);
    long first = Sweeper.FIRST_INDEX + 2 * Sweeper.INDEX_STRIDE;
    assertThat(TableReader.versions(vertices()))
        .extracting(row -> row.version().header().dot())
        .contains(new Dot(BERLIN, 6, first), new Dot(BERLIN, 6, first + topics.partitions()));
  }

  @Test
  void sweepThatComesAgainChangesNothing() {
    ChangesLog.Entry sweep = log.sweep(BERLIN, 6, 0, E1, E1);
    send(log.put(E1, BERLIN, 5), sweep, sweep, log.watermark(BERLIN, 6), sweep);
    assertThat(brief(edges())).containsExactly("e1@5", "e1-@6", "w6:2");
    assertThat(progress.dropped.sum()).isEqualTo(1);
  }

  @Test
  void changeAfterAWatermarkThatCoversItStopsTheFold() {
    send(log.put(V1, BERLIN, 5), log.watermark(BERLIN, 5));
    VarveException error = failure(log.put(V2, BERLIN, 4));
    assertThat(error)
        .hasMessageContaining("berlin@1/4/0 of 'v2'")
        .hasMessageContaining("varve.orders.changes partition 0 offset 2");
    assertThat(error.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
    assertThat(vertices()).hasSize(2);
  }

  @Test
  void includedChangeAfterAWatermarkIsOnlyDropped() {
    send(log.put(V1, BERLIN, 5), log.watermark(BERLIN, 5), log.put(V1, BERLIN, 5));
    assertThat(progress.dropped.sum()).isEqualTo(1);
  }

  @Test
  void bytesThatAreNotARecordStopTheFold() {
    VarveException error = failure(new ChangesLog.Entry(ChangesLog.key("v1"), new byte[] {7, 7}));
    assertThat(error).hasMessageContaining("offset 0, key 'v1'");
    assertThat(error.hint()).isNotEmpty();
  }

  @Test
  void unknownSchemaIdStopsTheFold() {
    byte[] value = log.put(V1, BERLIN, 5).value();
    value[1] = 0x7F;
    assertThat(failure(new ChangesLog.Entry(ChangesLog.key("v1"), value)))
        .hasMessageContaining("cannot read");
  }

  @Test
  void truncatedHeaderStopsTheFold() {
    byte[] value = Arrays.copyOf(log.put(V1, BERLIN, 5).value(), 12);
    assertThat(failure(new ChangesLog.Entry(ChangesLog.key("v1"), value)).exitCode())
        .isEqualTo(ExitCode.DAMAGE_FOUND);
  }

  @Test
  void recordWithoutValueStopsTheFold() {
    assertThatThrownBy(() -> changes.pipeInput(new TestRecord<>(ChangesLog.key("v1"), null)))
        .hasRootCauseMessage("a record of changes needs a key and a value");
  }

  @Test
  void recordOfAnotherKindStopsTheFold() {
    AvroOutput out = new AvroOutput();
    new TransactionCodec()
        .write(
            new Transaction(
                BERLIN, 1, 1, Optional.empty(), new TreeMap<>(), List.of(), Optional.empty()),
            out);
    byte[] value = wire.frame(RecordKind.TRANSACTION, out);
    assertThat(failure(new ChangesLog.Entry(ChangesLog.key("v1"), value)))
        .hasMessageContaining("expected dev.varve.wire.Change");
    assertThat(failure(new ChangesLog.Entry(ChangesLog.key("x1"), value)))
        .hasMessageContaining("the key begins with");
  }

  @Test
  void tableReadBackIsTheSame() {
    send(
        log.put(V1, PARIS, 9),
        log.put(V1, BERLIN, 5),
        log.put(V2, BERLIN, 6),
        log.watermark(BERLIN, 6),
        log.watermark(PARIS, 9),
        log.remove(V2, BERLIN, 7));
    TopologyTable original = (TopologyTable) driver.getStateStore("vertices");
    try (Closing<TopologyTable> back = readBack("whole", vertexRecords())) {
      assertSame(back.value(), original);
    }
  }

  @Test
  void tableReadBackAfterCompactionIsTheSame() {
    send(
        log.put(V1, BERLIN, 5),
        log.watermark(BERLIN, 5),
        log.put(V2, BERLIN, 6),
        log.put(V2, BERLIN, 7),
        log.put(V1, PARIS, 4),
        log.put(V1, PARIS, 10),
        log.put(V2, BERLIN, 8));
    List<TestRecord<byte[], byte[]>> left = new ArrayList<>();
    List<TestRecord<byte[], byte[]>> all = vertexRecords();
    for (TestRecord<byte[], byte[]> record : all) {
      left.removeIf(earlier -> Arrays.equals(earlier.key(), record.key()));
      left.add(record);
    }
    assertThat(left).hasSizeLessThan(all.size() - 1);
    TopologyTable original = (TopologyTable) driver.getStateStore("vertices");
    try (Closing<TopologyTable> back = readBack("compacted", left)) {
      assertSame(back.value(), original);
    }
  }

  private void assertSame(TopologyTable back, TopologyTable original) {
    assertThat(back.versions()).isEqualTo(original.versions());
    assertThat(back.watermarks()).isEqualTo(original.watermarks());
    assertThat(digestsOf(back)).isEqualTo(digestsOf(original));
  }

  private static TreeMap<Bytes, VersionDigest> digestsOf(TopologyTable table) {
    TreeMap<Bytes, VersionDigest> digests = new TreeMap<>();
    table.forEach(digests::put);
    return digests;
  }

  private record Closing<T extends TopologyTable>(T value) implements AutoCloseable {
    @Override
    public void close() {
      value.close();
    }
  }

  private Closing<TopologyTable> readBack(String name, List<TestRecord<byte[], byte[]>> records) {
    TopologyTable table = new TopologyTable(name, false, digests(), wire);
    table.open(stateDir.resolve(name));
    List<ConsumerRecord<byte[], byte[]>> batch = new ArrayList<>();
    for (TestRecord<byte[], byte[]> record : records) {
      batch.add(
          new ConsumerRecord<>(
              "table",
              0,
              batch.size(),
              0,
              TimestampType.LOG_APPEND_TIME,
              0,
              0,
              record.key(),
              record.value(),
              new RecordHeaders(record.headers()),
              Optional.empty()));
    }
    table.restore(batch);
    return new Closing<>(table);
  }

  // what stands where

  private void send(ChangesLog.Entry... entries) {
    for (ChangesLog.Entry entry : entries) {
      changes.pipeInput(entry.key(), entry.value());
    }
  }

  private VarveException failure(ChangesLog.Entry entry) {
    Throwable error = catchThrowable(() -> send(entry));
    while (error != null && !(error instanceof VarveException)) {
      error = error.getCause();
    }
    assertThat(error).isInstanceOf(VarveException.class);
    return (VarveException) Objects.requireNonNull(error);
  }

  private final List<TestRecord<byte[], byte[]>> vertexRecords = new ArrayList<>();
  private final List<TestRecord<byte[], byte[]>> edgeRecords = new ArrayList<>();

  private List<TestRecord<byte[], byte[]>> vertexRecords() {
    vertexRecords.addAll(produced(topics.topics().vertices()));
    return vertexRecords;
  }

  private List<TableReader.Row> vertices() {
    return vertexRecords().stream().map(r -> reader.read(r.key(), r.value())).toList();
  }

  private List<TableReader.Row> edges() {
    edgeRecords.addAll(produced(topics.topics().edges()));
    return edgeRecords.stream().map(r -> reader.read(r.key(), r.value())).toList();
  }

  private List<Conflict> conflicts() {
    ConflictCodec codec = new ConflictCodec();
    return produced(topics.topics().conflicts()).stream()
        .map(record -> codec.read(wire.open(record.value()).input()))
        .toList();
  }

  private List<TestRecord<byte[], byte[]>> produced(String topic) {
    return driver
        .createOutputTopic(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer())
        .readRecordsToList();
  }

  private static List<String> brief(List<TableReader.Row> rows) {
    return TableReader.brief(rows);
  }

  @Test
  void watermarkThatDoesNotCountIsRefused() {
    TopologyTable table = (TopologyTable) driver.getStateStore("vertices");
    Watermark wrong = new Watermark(BERLIN, 1, 1, 99, "neo4j:test", Optional.empty());
    assertThatThrownBy(
            () -> table.putWatermark(Bytes.wrap(ChangesLog.key("w")), wrong, new byte[0], 0))
        .hasMessageContaining("counts 99 versions, there are 0");
  }
}
