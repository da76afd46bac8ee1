package dev.varve.cdc;

import dev.varve.cdc.connector.RecordBundle;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.Topics;
import io.debezium.engine.DebeziumEngine.ChangeConsumer;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Writes each batch of the engine as one Kafka transaction, the offset within it.
 *
 * <p>Invariant: a transaction is begun and ended under the lock, so that whoever holds the lock
 * knows that none is open. After a failure it is not used any more.
 */
final class Publisher implements ChangeConsumer<RecordChangeEvent<SourceRecord>>, AutoCloseable {

  private static final Duration FINISH_LIMIT = Duration.ofSeconds(10);

  private final KafkaProducer<byte[], byte[]> producer;
  private final CaptureConfig config;
  private final OffsetCodec codec = new OffsetCodec();
  private final Consumer<RecordBundle.Progress> committed;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean closing;
  private volatile boolean aborted;

  private Publisher(
      KafkaProducer<byte[], byte[]> producer,
      CaptureConfig config,
      Consumer<RecordBundle.Progress> committed) {
    this.producer = producer;
    this.config = config;
    this.committed = committed;
  }

  /**
   * Takes over from whichever capture wrote before, and says so in the offsets topic.
   *
   * @param owner this capture; a text of its own, not like any other
   * @param first whether this capture takes over now; otherwise it has before, and goes on only if
   *     nobody else has since
   * @param committed is told of each transaction after it is committed
   * @throws VarveException with {@link ExitCode#FENCED} if another capture has taken over
   * @throws PublishingException if the brokers cannot be reached
   */
  static Publisher open(
      CaptureConfig config,
      String owner,
      boolean first,
      Clock clock,
      Consumer<RecordBundle.Progress> committed) {
    KafkaSettings settings = new KafkaSettings(config.kafka());
    try {
      if (!first) {
        checkOwner(config, settings, owner);
      }
      KafkaProducer<byte[], byte[]> producer =
          new KafkaProducer<>(
              settings.producer(config.name().transactionalId(), config.topics().compression()),
              new ByteArraySerializer(),
              new ByteArraySerializer());
      Publisher publisher = new Publisher(producer, config, committed);
      try {
        producer.initTransactions();
        publisher.claim(owner, clock);
        return publisher;
      } catch (RuntimeException e) {
        producer.close(Duration.ZERO);
        throw e;
      }
    } catch (KafkaException e) {
      throw failure(config, e);
    }
  }

  @Override
  public void handleBatch(
      List<RecordChangeEvent<SourceRecord>> events,
      RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
      throws InterruptedException {
    lock.lock();
    try {
      if (closing) {
        throw new InterruptedException("capture is closing");
      }
      publish(events);
    } catch (KafkaException e) {
      // brokers fence one, too, whose transaction was open for too long: whoever opens the next
      // finds out whether somebody has taken over
      throw isFenced(e) ? new PublishingException(e) : failure(config, e);
    } finally {
      lock.unlock();
    }
    for (RecordChangeEvent<SourceRecord> event : events) {
      committer.markProcessed(event);
    }
    committer.markBatchFinished();
    for (RecordChangeEvent<SourceRecord> event : events) {
      ((RecordBundle) event.record()).progress().ifPresent(committed);
    }
  }

  private void publish(List<RecordChangeEvent<SourceRecord>> events) {
    producer.beginTransaction();
    for (RecordChangeEvent<SourceRecord> event : events) {
      for (Outgoing record : ((RecordBundle) event.record()).records()) {
        if (aborted) {
          throw new IllegalStateException("capture was aborted");
        }
        send(
            new ProducerRecord<>(
                record.topic(),
                record.partition(),
                record.timestampMs(),
                record.key(),
                record.value()));
      }
    }
    SourceRecord last = events.get(events.size() - 1).record();
    send(
        new ProducerRecord<>(
            config.topics().topics().offsets(),
            0,
            codec.key(config.name().connector(), last.sourcePartition()),
            codec.value(last.sourceOffset())));
    producer.commitTransaction();
  }

  private void send(ProducerRecord<byte[], byte[]> record) {
    var failedSendsSurfaceInTheCommit = producer.send(record);
  }

  private void claim(String owner, Clock clock) {
    producer.beginTransaction();
    send(
        new ProducerRecord<>(
            config.topics().topics().offsets(),
            0,
            config.name().ownerKey(codec),
            codec.value(Map.of("owner", owner, "since", clock.instant().toString()))));
    producer.commitTransaction();
  }

  private static void checkOwner(CaptureConfig config, KafkaSettings settings, String owner) {
    OffsetCodec codec = new OffsetCodec();
    byte[] claim =
        OffsetsTopic.read(settings.consumer(), config.topics().topics().offsets())
            .get(ByteBuffer.wrap(config.name().ownerKey(codec)));
    Optional<String> found =
        claim == null
            ? Optional.empty()
            : Optional.ofNullable((String) codec.readValue(claim).get("owner"));
    if (!found.equals(Optional.of(owner))) {
      throw fenced(config, "by " + found.orElse("somebody unknown"), null);
    }
  }

  /** Where the last committed transaction left off, and which store is the primary. */
  static Succession succession(CaptureConfig config) {
    try {
      Succession found = Succession.read(new KafkaSettings(config.kafka()), config.name());
      if (found.state().isEmpty()) {
        refuseToBeginTwice(config);
      }
      return found;
    } catch (KafkaException e) {
      throw failure(config, e);
    }
  }

  /** Whoever published a transaction left an offset beside it: without one, something is wrong. */
  private static void refuseToBeginTwice(CaptureConfig config) {
    Topics topics = config.topics().topics();
    String transaction = "t" + config.site() + "@";
    if (OffsetsTopic.holds(
        new KafkaSettings(config.kafka()).consumer(),
        topics.transactions(),
        key -> key.startsWith(transaction))) {
      throw new VarveException(
          ExitCode.FAILED,
          "%s holds transactions of this site, but %s does not say where the capture of %s/%s left off; a second"
                  .formatted(topics.transactions(), topics.offsets(), topics.graph(), config.site())
              + " beginning would mix two in one log, so nothing was captured",
          "bring the offsets topic back, or correct 'site'; otherwise delete the graph's topics"
              + " and begin anew with 'varve up --new-incarnation --start-over': the chain stays as it is");
    }
  }

  /** Whether the brokers take nothing from this producer any more, whatever the reason. */
  static boolean isFenced(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProducerFencedException
          || cause instanceof InvalidProducerEpochException) {
        return true;
      }
    }
    return false;
  }

  private static RuntimeException failure(CaptureConfig config, KafkaException e) {
    if (isFenced(e)) {
      return fenced(config, "", e);
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RecordTooLargeException) {
        return new VarveException(
            ExitCode.FAILED,
            "an element is too large for Kafka: " + cause.getMessage(),
            "raise message.max.bytes on the brokers and max.message.bytes on the graph's topics",
            e);
      }
    }
    return new PublishingException(e);
  }

  private static VarveException fenced(
      CaptureConfig config, String by, @org.jspecify.annotations.Nullable Throwable cause) {
    return new VarveException(
        ExitCode.FENCED,
        ("another capture of " + config.name().connector() + " has taken over " + by).strip()
            + "; nothing of this one is left half-written",
        "run one capture a graph and site; this one must not be started again while the other runs",
        cause);
  }

  /**
   * Lets no transaction begin and waits for an open one to end, but not for brokers that are away:
   * then it is given up, as nobody has seen it.
   */
  void finish() {
    closing = true;
    try {
      if (lock.tryLock(FINISH_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        lock.unlock();
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    abort();
  }

  /** Drops everything at once, as a kill would. */
  void abort() {
    aborted = true;
    producer.close(Duration.ZERO);
  }

  @Override
  public void close() {
    producer.close(Duration.ZERO);
  }
}
