package dev.varve.streams;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.topology.Conflict;
import dev.varve.topology.Fold;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.ConflictCodec;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.RecordKind;
import dev.varve.wire.SweepCodec;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Folds one partition of the changes into the same partition of the two topology tables.
 *
 * <p>A change becomes a version in the table of its kind, its state copied as it is. A watermark
 * goes on to both tables, with the count of versions before it. The watermark that brings in a new
 * incarnation of a site first removes what that incarnation does not have; so does a sweep with
 * what its transaction took away. What cannot be read, or comes after a watermark that says nothing
 * more would come, stops the fold before anything of it is committed.
 */
final class FoldProcessor implements Processor<byte[], byte[], byte[], byte[]> {

  static final String VERTICES = "vertices";
  static final String EDGES = "edges";

  private final Wire wire;
  private final int partitions;
  private final FoldProgress progress;
  private final ChangeCodec changeCodec = new ChangeCodec();
  private final VersionCodec versionCodec = new VersionCodec();
  private final SweepCodec sweepCodec = new SweepCodec();
  private final WatermarkCodec watermarkCodec = new WatermarkCodec();
  private final ConflictCodec conflictCodec = new ConflictCodec();
  private final AvroOutput out = new AvroOutput();

  // set by init
  private @Nullable ProcessorContext<byte[], byte[]> context;
  private @Nullable TopologyTable vertices;
  private @Nullable TopologyTable edges;
  private int partition;

  /**
   * @param partitions of the changes topic
   */
  FoldProcessor(Wire wire, int partitions, FoldProgress progress) {
    this.wire = wire;
    this.partitions = partitions;
    this.progress = progress;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> processorContext) {
    context = processorContext;
    vertices = processorContext.getStateStore(VERTICES);
    edges = processorContext.getStateStore(EDGES);
    partition = processorContext.taskId().partition();
    report();
  }

  @Override
  public void close() {
    progress.left(this);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    byte[] key = record.key();
    byte[] value = record.value();
    try {
      if (key == null || key.length < 2 || value == null) {
        throw new MalformedRecordException("a record of changes needs a key and a value");
      }
      Wire.Body body = wire.open(value);
      switch ((char) key[0]) {
        case 'v' -> change(vertices(), key, body, record.timestamp());
        case 'e' -> change(edges(), key, body, record.timestamp());
        case 's' -> sweep(body, record.timestamp());
        case 'w' -> watermark(key, body, record.timestamp());
        default -> throw new MalformedRecordException("the key begins with byte " + key[0]);
      }
    } catch (MalformedRecordException | IllegalArgumentException e) {
      throw unreadable(
          key,
          e,
          ExitCode.DAMAGE_FOUND,
          "look for who else writes to the topic; to go on, scan the graph"
              + " afresh into new topics");
    } catch (VarveException e) {
      throw e instanceof LateChangeException ? e : unreadable(key, e, e.exitCode(), e.hint());
    }
  }

  private void change(TopologyTable table, byte[] key, Wire.Body body, long timestampMs) {
    expect(RecordKind.CHANGE, body);
    ChangeHeader change = changeCodec.readHeader(body.input());
    Bytes element = Bytes.wrap(key);
    Fold.Outcome outcome = Fold.apply(table.digest(element), change);
    if (outcome instanceof Fold.Dropped) {
      progress.dropped.increment();
      return;
    }
    if (table.watermarks().covers(change.dot())) {
      throw late(key, change.dot(), table.watermarks());
    }
    if (outcome instanceof Fold.Won won) {
      VersionDigest digest = won.version().digest();
      table.putWon(element, digest, version(won.version(), body.input()), timestampMs);
      won.beaten().ifPresent(beaten -> conflict(key, change.dot(), beaten, timestampMs));
    } else if (outcome instanceof Fold.Lost lost) {
      byte[] version = version(lost.version(), body.input());
      table.putLost(element, change.dot(), lost.kept(), version, timestampMs);
      conflict(key, lost.kept().dot(), change.dot(), timestampMs);
    }
    progress.folded.increment();
  }

  /** The version as it goes into the table: its header, and the state as the change has it. */
  private byte[] version(VersionHeader header, AvroInput state) {
    versionCodec.writeHeader(header, out.clear());
    out.raw(state.array(), state.position(), state.remaining());
    return wire.frame(RecordKind.ELEMENT_VERSION, out);
  }

  private void conflict(byte[] key, Dot winner, Dot loser, long timestampMs) {
    ElementId id = ElementId.parse(new String(key, StandardCharsets.UTF_8));
    conflictCodec.write(new Conflict(id, winner, loser), out.clear());
    context().forward(new Record<>(key, wire.frame(RecordKind.CONFLICT, out), timestampMs));
    progress.conflicts.increment();
  }

  private void watermark(byte[] key, Wire.Body body, long timestampMs) {
    expect(RecordKind.WATERMARK, body);
    Watermark watermark = watermarkCodec.read(body.input());
    if (vertices().watermarks().covers(watermark.site(), watermark.seq())) {
      progress.dropped.increment();
      return;
    }
    if (watermark.replaces().isPresent()) {
      sweep(watermark, watermark.replaces().get(), timestampMs);
    }
    for (TopologyTable table : List.of(vertices(), edges())) {
      Watermark counting = watermark.withVersions(table.versions());
      watermarkCodec.write(counting, out.clear());
      byte[] value = wire.frame(RecordKind.WATERMARK, out);
      table.putWatermark(Bytes.wrap(key), counting, value, timestampMs);
    }
    report();
  }

  /** Removes what a transaction took away without naming it. */
  private void sweep(Wire.Body body, long timestampMs) {
    expect(RecordKind.SWEEP, body);
    Sweep sweep = sweepCodec.read(body.input());
    TopologyTable table = sweep.first().kind() == ElementKind.VERTEX ? vertices() : edges();
    if (table.watermarks().covers(sweep.site(), sweep.seq())) {
      progress.dropped.increment();
      return;
    }
    Sweeper sweeper = Sweeper.of(sweep, wire, partitions, partition);
    sweeper.sweep(table, timestampMs);
    progress.swept.add(sweeper.removed());
  }

  /** Removes what an earlier incarnation of the site left and the new one does not have. */
  private void sweep(Watermark watermark, Site replaced, long timestampMs) {
    Sweeper sweeper = Sweeper.of(watermark, replaced, wire, partitions, partition);
    sweeper.sweep(vertices(), timestampMs);
    sweeper.sweep(edges(), timestampMs);
    progress.swept.add(sweeper.removed());
  }

  private void report() {
    progress.at(
        this, partition, vertices().watermarks(), vertices().versions(), edges().versions());
  }

  private static void expect(RecordKind kind, Wire.Body body) {
    if (body.kind() != kind) {
      throw new MalformedRecordException(
          "expected " + kind.fullName() + ", got " + body.kind().fullName());
    }
  }

  private VarveException unreadable(
      byte @Nullable [] key, Exception cause, ExitCode exitCode, String hint) {
    return new VarveException(
        exitCode,
        "the fold has stopped at a change that it cannot read, %s, key %s: %s; what was folded"
                .formatted(place(), text(key), cause.getMessage())
            + " before it is safe, nothing was skipped",
        hint,
        cause);
  }

  private VarveException late(byte[] key, Dot dot, VersionVector watermarks) {
    return new LateChangeException(
        "the fold has stopped at change %s of %s, %s: it comes after the watermarks %s, which say"
                .formatted(dot, text(key), place(), watermarks)
            + " that there would be none; what was folded before it is safe",
        "two captures have written as one site, or records were put in by hand; let the capture"
            + " scan the graph afresh as a new incarnation");
  }

  private String place() {
    Optional<RecordMetadata> metadata = context().recordMetadata();
    return metadata
        .map(at -> "%s partition %d offset %d".formatted(at.topic(), at.partition(), at.offset()))
        .orElse("at an unknown place");
  }

  private static String text(byte @Nullable [] key) {
    return key == null ? "none" : "'" + new String(key, StandardCharsets.UTF_8) + "'";
  }

  private ProcessorContext<byte[], byte[]> context() {
    if (context == null) {
      throw new IllegalStateException("not initialized");
    }
    return context;
  }

  private TopologyTable vertices() {
    if (vertices == null) {
      throw new IllegalStateException("not initialized");
    }
    return vertices;
  }

  private TopologyTable edges() {
    if (edges == null) {
      throw new IllegalStateException("not initialized");
    }
    return edges;
  }

  /** A change that a watermark had promised would not come. */
  private static final class LateChangeException extends VarveException {
    LateChangeException(String message, String hint) {
      super(ExitCode.DAMAGE_FOUND, message, hint);
    }
  }
}
