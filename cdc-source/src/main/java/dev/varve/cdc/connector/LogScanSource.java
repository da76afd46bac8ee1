package dev.varve.cdc.connector;

import dev.varve.cdc.CaptureState;
import dev.varve.cdc.LogGapException;
import dev.varve.cdc.LogHead;
import dev.varve.cdc.Piece;
import dev.varve.cdc.ScanPage;
import dev.varve.cdc.StatePlan;
import dev.varve.cdc.StoreLog;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import io.debezium.data.Envelope.Operation;
import io.debezium.pipeline.notification.NotificationService;
import io.debezium.pipeline.signal.actions.snapshotting.SnapshotConfiguration;
import io.debezium.pipeline.source.AbstractSnapshotChangeEventSource;
import io.debezium.pipeline.source.SnapshottingTask;
import io.debezium.pipeline.source.spi.DataChangeEventListener;
import io.debezium.pipeline.source.spi.SnapshotProgressListener;
import io.debezium.pipeline.spi.SnapshotResult;
import io.debezium.spi.schema.DataCollectionId;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The initial scan, or the rest of one that was cut off; for a store that is as it was left, the
 * check that its log still reaches back to where capture stands. It always "runs", because only
 * over a connection can it be known whether there is something to scan.
 */
final class LogScanSource
    extends AbstractSnapshotChangeEventSource<LogPartition, LogOffsetContext> {

  private static final Logger LOG = LoggerFactory.getLogger(LogScanSource.class);

  private final LogConnectorConfig config;
  private final LogReader reader;
  private final SnapshotProgressListener<LogPartition> progress;
  private final DataChangeEventListener<LogPartition> metrics;

  LogScanSource(
      LogConnectorConfig config,
      LogReader reader,
      SnapshotProgressListener<LogPartition> progress,
      DataChangeEventListener<LogPartition> metrics,
      NotificationService<LogPartition, LogOffsetContext> notifications) {
    super(config, progress, notifications);
    this.config = config;
    this.reader = reader;
    this.progress = progress;
    this.metrics = metrics;
  }

  @Override
  public SnapshottingTask getSnapshottingTask(
      LogPartition partition, @Nullable LogOffsetContext previous) {
    return new SnapshottingTask(true, true, List.of(), Map.of(), false);
  }

  @Override
  public SnapshottingTask getBlockingSnapshottingTask(
      LogPartition partition, LogOffsetContext previous, SnapshotConfiguration configuration) {
    LOG.warn("a graph is not scanned again on a signal: the log has everything; signal ignored");
    return new SnapshottingTask(false, false, List.of(), Map.of(), true);
  }

  @Override
  protected SnapshotContext<LogPartition, LogOffsetContext> prepare(
      LogPartition partition, boolean onDemand) {
    return new SnapshotContext<>(partition);
  }

  @Override
  protected SnapshotResult<LogOffsetContext> doExecute(
      ChangeEventSourceContext context,
      @Nullable LogOffsetContext previous,
      SnapshotContext<LogPartition, LogOffsetContext> snapshot,
      SnapshottingTask task)
      throws InterruptedException {
    CaptureState state = plan(context, previous);
    reader.expect(state.store());
    LogOffsetContext offset = new LogOffsetContext(config, state);
    snapshot.offset = offset;
    progress.monitoredDataCollectionsDetermined(snapshot.partition, Elements.ALL);
    boolean scanning = state.scan().isPresent();
    if (scanning && !scan(context, offset, snapshot.partition)) {
      return SnapshotResult.aborted();
    }
    return scanning ? SnapshotResult.completed(offset) : SnapshotResult.skipped(offset);
  }

  /** Where to go on from. */
  private CaptureState plan(ChangeEventSourceContext context, @Nullable LogOffsetContext previous)
      throws InterruptedException {
    String identity = reader.once(context, StoreLog::identity);
    if (previous == null) {
      LogHead head = reader.begin(context);
      LOG.info("first capture of {}: scanning, then the log from {}", identity, head.position());
      return StatePlan.first(config.site(), identity, head);
    }
    CaptureState last = previous.state();
    if (config.newIncarnation() && last.site().incarnation() <= config.endedIncarnation()) {
      CaptureState next = StatePlan.next(last, identity, reader.begin(context));
      LOG.warn(
          "the log of {} ended in a gap: beginning {} with a fresh scan", last.site(), next.site());
      return next;
    }
    try {
      if (!identity.equals(last.store())) {
        throw LogGapException.otherStore(last.store(), identity);
      }
      if (!last.hasPosition()) {
        throw LogGapException.kafkaLost(last);
      }
      reader.attempt(context, up -> {}, log -> reaches(log, last));
      LOG.info("going on with {} after transaction {}", last.site(), last.seq());
      return last;
    } catch (LogGapException gap) {
      if (!config.newIncarnation()) {
        throw gap;
      }
      CaptureState next = StatePlan.next(last, identity, reader.begin(context));
      LOG.warn("{}: beginning {} with a fresh scan", gap.getMessage(), next.site());
      return next;
    }
  }

  /** Fails with a gap if the log does not reach back to where capture stands. */
  private static boolean reaches(StoreLog log, CaptureState last) throws InterruptedException {
    return log.read(last.position(), new StoreLog.ReadAs(last.site(), last.seen()), row -> false);
  }

  private boolean scan(
      ChangeEventSourceContext context, LogOffsetContext offset, LogPartition partition)
      throws InterruptedException {
    for (ElementKind kind : ElementKind.values()) {
      long elements = 0;
      while (unread(offset.state(), kind)) {
        CaptureState before = offset.state();
        ScanPage page = reader.once(context, log -> page(log, before));
        Piece piece = reader.pieces().scanPage(before, page);
        if (!reader.publish(piece, kind, Operation.READ, offset, metrics, context)) {
          return false;
        }
        elements += piece.changes();
      }
      progress.dataCollectionSnapshotCompleted(partition, Elements.of(kind), elements);
      LOG.info("scanned {} elements of kind {}", elements, kind);
    }
    StoreSchema schema = reader.once(context, StoreLog::schema);
    LogHead end = reader.head(context);
    Piece piece = reader.pieces().scanEnd(offset.state(), end, schema);
    return reader.publish(piece, ElementKind.VERTEX, Operation.READ, offset, metrics, context);
  }

  private static boolean unread(CaptureState state, ElementKind kind) {
    return state.scan().flatMap(CaptureState.Scan::kind).equals(Optional.of(kind));
  }

  private static ScanPage page(StoreLog log, CaptureState before) {
    CaptureState.Scan scan = before.scan().orElseThrow();
    return log.scan(
        scan.kind().orElseThrow(),
        scan.cursor(),
        new StoreLog.ScanAs(
            before.site(), before.seen(), before.seq(), before.committedAtMicros()));
  }

  @Override
  protected <T extends DataCollectionId> Stream<T> determineDataCollectionsToBeSnapshotted(
      Collection<T> all, Set<Pattern> allowed) {
    return all.stream(); // the original asks for tables
  }
}
