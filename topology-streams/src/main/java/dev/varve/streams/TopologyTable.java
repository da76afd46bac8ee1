package dev.varve.streams;

import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.RecordKind;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.RecordBatchingStateRestoreCallback;
import org.apache.kafka.streams.query.Position;
import org.jspecify.annotations.Nullable;

/**
 * One partition of one topology table: its writer, and what the fold remembers of it.
 *
 * <p>Every put goes to the table's topic, which is this store's changelog, whole and at once; of
 * what was put only the digest is kept here. So the store holds at any time exactly what reading
 * the partition from its beginning gives:
 *
 * <ul>
 *   <li>for each element the digest of its newest version, whose vector includes all lost ones too;
 *   <li>how many versions were ever put, whether compaction has left them or not;
 *   <li>the newest watermark of each site.
 * </ul>
 *
 * <p>Each record carries the count in its header {@value #COUNT_HEADER}: compaction may take any
 * version, but never the last record of a partition, so the count survives it.
 *
 * <p>Streams' own change-logging wrapper cannot set a header, and its stores cannot hold an object;
 * so this class calls what that wrapper calls. It is the only one that uses Streams' internals.
 */
final class TopologyTable implements StateStore {

  /** How many versions the partition has with this one: eight bytes, big endian. */
  static final String COUNT_HEADER = "n";

  private static final byte WATERMARK_LETTER = 'w';

  private final String name;
  private final boolean persistent;
  private final Digests digests;
  private final Wire wire;
  private final VersionCodec versionCodec = new VersionCodec();
  private final WatermarkCodec watermarkCodec = new WatermarkCodec();
  private final DigestCodec digestCodec = new DigestCodec();
  private @Nullable InternalProcessorContext<?, ?> context;
  private long versions;
  private VersionVector watermarks = VersionVector.EMPTY;
  private boolean open;

  TopologyTable(String name, boolean persistent, Digests digests, Wire wire) {
    this.name = name;
    this.persistent = persistent;
    this.digests = digests;
    this.wire = wire;
  }

  // what the fold asks and tells

  @Nullable VersionDigest digest(Bytes key) {
    byte[] bytes = digests.get(key);
    return bytes == null ? null : digestCodec.read(bytes);
  }

  /** How many versions were ever put into this partition, lost ones too. */
  long versions() {
    return versions;
  }

  /** The newest watermark of each site. */
  VersionVector watermarks() {
    return watermarks;
  }

  /**
   * Visits the digest of every element, removed ones too; the visitor may put versions of what it
   * is shown.
   */
  void forEach(BiConsumer<Bytes, VersionDigest> visitor) {
    digests.forEach((key, bytes) -> visitor.accept(key, digestCodec.read(bytes)));
  }

  /**
   * Puts an element's new version.
   *
   * @param value the version as it goes into the topic
   */
  void putWon(Bytes key, VersionDigest digest, byte[] value, long timestampMs) {
    digests.put(key, digestCodec.write(digest));
    versions++;
    log(key, value, timestampMs);
  }

  /**
   * Puts a version that lost, under a key of its own: the element's key keeps the winner.
   *
   * @param kept what to remember of the element from now on
   */
  void putLost(Bytes key, Dot lost, VersionDigest kept, byte[] value, long timestampMs) {
    digests.put(key, digestCodec.write(kept));
    versions++;
    log(lostKey(key, lost), value, timestampMs);
  }

  /**
   * Puts a watermark that counts the versions before it.
   *
   * @param value the watermark as it goes into the topic
   */
  void putWatermark(Bytes key, Watermark watermark, byte[] value, long timestampMs) {
    if (watermark.versions() != versions) {
      throw new IllegalArgumentException(
          "watermark counts " + watermark.versions() + " versions, there are " + versions);
    }
    watermarks = watermarks.with(watermark.site(), watermark.seq());
    log(key, value, timestampMs);
  }

  private void log(Bytes key, byte[] value, long timestampMs) {
    if (context == null) {
      throw new IllegalStateException("table " + name + " is not open");
    }
    Headers headers = new RecordHeaders();
    headers.add(COUNT_HEADER, ByteBuffer.allocate(Long.BYTES).putLong(versions).array());
    context.logChange(name, key, value, timestampMs, headers, Position.emptyPosition());
  }

  // reading the table back

  /** Takes over what stands in the topic; records in the order of the partition. */
  void restore(Collection<ConsumerRecord<byte[], byte[]>> records) {
    for (ConsumerRecord<byte[], byte[]> record : records) {
      try {
        restore(record);
      } catch (VarveException e) {
        throw damaged(record, e, e.exitCode(), e.hint());
      } catch (MalformedRecordException | IllegalArgumentException e) {
        throw damaged(
            record,
            e,
            ExitCode.DAMAGE_FOUND,
            "snapshots made so far are not touched; scan the graph afresh into new topics");
      }
    }
  }

  private static VarveException damaged(
      ConsumerRecord<byte[], byte[]> record, Exception cause, ExitCode exitCode, String hint) {
    return new VarveException(
        exitCode,
        "the fold cannot read back its table %s, partition %d, offset %d: %s"
            .formatted(record.topic(), record.partition(), record.offset(), cause.getMessage()),
        hint,
        cause);
  }

  private void restore(ConsumerRecord<byte[], byte[]> record) {
    byte[] key = record.key();
    if (record.value() == null) { // nobody writes these but one who wants an element forgotten
      digests.remove(Bytes.wrap(key));
      return;
    }
    Wire.Body body = wire.open(record.value());
    if (key[0] == WATERMARK_LETTER) {
      expect(RecordKind.WATERMARK, body);
      Watermark watermark = watermarkCodec.read(body.input());
      watermarks = watermarks.with(watermark.site(), watermark.seq());
      versions = watermark.versions();
    } else {
      expect(RecordKind.ELEMENT_VERSION, body);
      restoreVersion(key, versionCodec.readHeader(body.input()));
      versions++;
    }
    Header count = record.headers().lastHeader(COUNT_HEADER);
    if (count != null) {
      versions = ByteBuffer.wrap(count.value()).getLong();
    }
  }

  private void restoreVersion(byte[] key, VersionHeader header) {
    if (!header.lost()) {
      digests.put(Bytes.wrap(key), digestCodec.write(header.digest()));
      return;
    }
    Bytes element = elementOf(key, header.dot());
    VersionDigest winner = digest(element);
    // the winner may have been compacted away: then a later one follows that includes this one
    if (winner != null) {
      VersionDigest kept =
          new VersionDigest(
              winner.dot(),
              winner.committedAtMicros(),
              winner.weight(),
              winner.vector().union(header.vector()),
              winner.hash());
      digests.put(element, digestCodec.write(kept));
    }
  }

  private static void expect(RecordKind kind, Wire.Body body) {
    if (body.kind() != kind) {
      throw new MalformedRecordException(
          "expected " + kind.fullName() + ", got " + body.kind().fullName());
    }
  }

  static Bytes lostKey(Bytes element, Dot dot) {
    byte[] suffix = ("!" + dot).getBytes(StandardCharsets.UTF_8);
    byte[] key = Arrays.copyOf(element.get(), element.get().length + suffix.length);
    System.arraycopy(suffix, 0, key, element.get().length, suffix.length);
    return Bytes.wrap(key);
  }

  private static Bytes elementOf(byte[] lostKey, Dot dot) {
    int suffixBytes = ("!" + dot).getBytes(StandardCharsets.UTF_8).length;
    return Bytes.wrap(Arrays.copyOf(lostKey, lostKey.length - suffixBytes));
  }

  // a state store's life

  @Override
  public String name() {
    return name;
  }

  @Override
  public void init(StateStoreContext stateStoreContext, StateStore root) {
    context = (InternalProcessorContext<?, ?>) stateStoreContext;
    open(stateStoreContext.stateDir().toPath().resolve(name));
    stateStoreContext.register(root, (RecordBatchingStateRestoreCallback) this::restore);
  }

  void open(Path directory) {
    digests.open(directory);
    byte[] note = digests.get(Digests.NOTE);
    if (note != null) {
      readNote(new AvroInput(note));
    }
    open = true;
  }

  @Override
  public void commit(Map<TopicPartition, Long> changelogOffsets) {
    if (persistent) {
      digests.put(Digests.NOTE, note());
      digests.flush();
    }
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      digests.close();
    }
  }

  @Override
  public boolean persistent() {
    return persistent;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public Position getPosition() {
    return Position.emptyPosition();
  }

  /** All that is not an element's: the count, the watermarks, the numbers of the sites. */
  private byte[] note() {
    AvroOutput out = new AvroOutput().writeLong(versions).writeString(watermarks.toString());
    List<Site> sites = digestCodec.sites();
    out.writeInt(sites.size());
    sites.forEach(site -> out.writeString(site.toString()));
    return out.toByteArray();
  }

  private void readNote(AvroInput in) {
    versions = in.readLong();
    watermarks = VersionVector.parse(in.readString());
    int count = in.readInt();
    List<Site> sites = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      sites.add(Site.parse(in.readString()));
    }
    digestCodec.know(sites);
  }
}
