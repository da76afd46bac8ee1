package dev.varve.cdc;

import dev.varve.cdc.CaptureStatus.Phase;
import dev.varve.cdc.connector.LogConnectorConfig;
import dev.varve.cdc.connector.RecordBundle;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.Wire;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Captures a store's changes into Kafka, exactly once, with Debezium's embedded engine.
 *
 * <p>Every batch of the engine is one Kafka transaction that holds the offset too, so that a start
 * goes on exactly where the last commit was, however the run before ended. A start fences whoever
 * captured the same graph and site before. A failure of the brokers ends the engine; it is started
 * again from what is committed, for as long as the retry limit allows. So it is when the brokers
 * fence it and nobody has taken over: they do that to one that stood still in a transaction.
 * Everything else that fails ends capture: see {@link #failure}.
 */
public final class Capture implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Capture.class);
  private static final long STEP_MS = 50;
  private static final int ENGINE_STOP_TRIES = 600;

  /** Whoever fences a capture has said so by then. */
  private static final long AFTER_FENCE_MS = 5_000;

  private final CaptureConfig config;
  private final String store;
  private final Clock clock;
  private final String owner;
  private final Thread thread;
  private final AtomicReference<@Nullable Run> run = new AtomicReference<>();
  private final Backoff backoff;

  private final CountDownLatch told = new CountDownLatch(1);

  private int endedIncarnation; // of the supervising thread
  private volatile boolean closing;
  private volatile @Nullable Throwable failure;
  private volatile CaptureStatus status =
      new CaptureStatus(Phase.STARTING, Optional.empty(), 0, 0, 0, Optional.empty(), 0);

  /** One life of the engine. */
  private record Run(
      Publisher publisher,
      DebeziumEngine<RecordChangeEvent<SourceRecord>> engine,
      AtomicReference<@Nullable Throwable> ended) {}

  private Capture(CaptureConfig config, String store, Clock clock) {
    this.config = config;
    this.store = store;
    this.clock = clock;
    this.owner = ManagementFactory.getRuntimeMXBean().getName() + " " + UUID.randomUUID();
    this.backoff = new Backoff(config.retryLimit(), System::nanoTime);
    this.thread = new Thread(this::supervise, "capture-" + config.topics().topics().graph());
  }

  /**
   * Checks the store, the brokers, the topics and the registry, takes over from an older capture,
   * and begins.
   *
   * @throws VarveException if one of them is not as it has to be, or another store is the site's
   *     primary; nothing was captured, and a capture that is at work was left alone
   */
  public static Capture start(CaptureConfig config) {
    return start(config, Clock.systemUTC());
  }

  static Capture start(CaptureConfig config, Clock clock) {
    String store = checkStore(config);
    Wire.open(config.registry()).close();
    KafkaTopics.ensure(config.kafka(), config.topics());
    if (!config.heartbeat().isZero()) {
      KafkaTopics.ensureHeartbeat(config.kafka(), config.topics());
    }
    admit(config, store);
    Capture capture = new Capture(config, store, clock);
    capture.thread.start();
    return capture;
  }

  /** How it is doing. */
  public CaptureStatus status() {
    return status;
  }

  /** Why it stopped by itself, if it did. */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  /** Stops after the transaction that is being written; a second call does nothing. */
  @Override
  public void close() {
    closing = true;
    told.countDown();
    Run current = run.get();
    if (current != null) {
      current.publisher().finish();
      stop(current.engine());
    } else {
      thread.interrupt(); // it may be waiting for the brokers
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Drops everything in the midst, as a kill would. */
  void abort() {
    closing = true;
    Run current = run.get();
    if (current != null) {
      current.publisher().abort();
    }
    close();
  }

  /** Sees that the store is the site's primary, before a capture that is at work is fenced. */
  private static void admit(CaptureConfig config, String store) {
    Succession found = Publisher.succession(config);
    if (found.isUnknown()) {
      found = config.laidDown().get().map(known -> adopted(config, known)).orElse(found);
    }
    boolean promoted = found.admits(store, config.newIncarnation());
    LOG.debug("{} is the primary{}", store, promoted ? ", for it was promoted" : "");
    if (promoted) {
      Succession.requireWhole(config.source());
    }
  }

  /** A site whose Kafka was lost goes on as the incarnation after the one that is laid down. */
  private static Succession adopted(CaptureConfig config, CaptureState known) {
    if (!config.newIncarnation()) {
      throw LogGapException.kafkaLost(known);
    }
    LOG.warn("Kafka knows nothing of {}, which is laid down up to {}", known.site(), known.seq());
    return Succession.adopt(config, known);
  }

  private static String checkStore(CaptureConfig config) {
    Backoff starting = new Backoff(config.startLimit(), System::nanoTime);
    while (true) {
      try {
        return config.source().check();
      } catch (StoreUnavailableException e) {
        long waitMs = starting.failed();
        if (waitMs < 0) {
          throw new VarveException(
              ExitCode.FAILED,
              e.getMessage() + "; nothing was captured",
              "check source.uri, and that the store is up and can be reached from here",
              e);
        }
        sleep(waitMs);
      }
    }
  }

  private void supervise() {
    boolean first = true;
    while (!closing) {
      Throwable ended;
      try {
        Run current = open(first);
        first = false;
        run.set(current);
        if (closing) { // while it was being opened
          current.publisher().close();
          break;
        }
        current.engine().run();
        current.publisher().close();
        ended = current.ended().get();
      } catch (RuntimeException e) {
        ended = e;
      }
      if (closing || !mayGoOn(ended)) {
        break;
      }
    }
    update(failure == null ? Phase.STOPPED : Phase.FAILED);
  }

  /** Whether to begin again after the engine ended; otherwise the failure is set. */
  private boolean mayGoOn(@Nullable Throwable ended) {
    Throwable reason = cause(ended);
    if (reason instanceof LogGapException && config.newIncarnation()) {
      LOG.warn("{}", reason.getMessage());
      endedIncarnation = status.position().map(state -> state.site().incarnation()).orElse(0);
      run.set(null);
      return true;
    }
    boolean brokers = reason instanceof PublishingException || isBrokers(reason);
    long waitMs = brokers ? backoff.failed() : -1;
    if (waitMs < 0) {
      failure = brokers ? unreachable(reason) : reason;
      LOG.error("capture has ended", failure);
      return false;
    }
    if (Publisher.isFenced(reason)) {
      waitMs = Math.max(waitMs, AFTER_FENCE_MS);
    }
    LOG.warn("{}; beginning again from what is committed in {} ms", reason.getMessage(), waitMs);
    run.set(null);
    pause(waitMs);
    CaptureStatus s = status;
    status =
        new CaptureStatus(
            s.phase(),
            s.position(),
            s.headSeq(),
            s.changes(),
            s.kafkaTransactions(),
            s.committedAt(),
            s.restarts() + 1);
    return true;
  }

  private VarveException unreachable(Throwable reason) {
    return new VarveException(
        ExitCode.FAILED,
        "Kafka has not taken a transaction for "
            + config.retryLimit().toSeconds()
            + " s; what was committed is safe: "
            + reason.getMessage(),
        "bring the brokers back and start capture again, it goes on from what is committed",
        reason);
  }

  /** The error that says most: an operator's, else one that decides whether to begin again. */
  private static Throwable cause(@Nullable Throwable ended) {
    if (ended == null) {
      return new IllegalStateException("the engine ended without being told to");
    }
    for (Throwable cause = ended; cause != null; cause = cause.getCause()) {
      if (cause instanceof VarveException || cause instanceof PublishingException) {
        return cause;
      }
    }
    for (Throwable cause = ended; cause != null; cause = cause.getCause()) {
      if (isBrokers(cause)) {
        return cause;
      }
    }
    return ended;
  }

  /** Kafka Connect's own exceptions are Kafka's too, and say nothing of the brokers. */
  private static boolean isBrokers(Throwable cause) {
    return cause instanceof KafkaException && !(cause instanceof ConnectException);
  }

  private Run open(boolean first) {
    if (!first) {
      admit(config, store); // else it would fence the promoted store's capture
    }
    Publisher publisher = Publisher.open(config, owner, first, clock, this::committed);
    try {
      return run(publisher);
    } catch (RuntimeException e) {
      publisher.close();
      throw e;
    }
  }

  private Run run(Publisher publisher) {
    Succession succession = Publisher.succession(config);
    // somebody may have promoted another store since the first look
    boolean promoted = succession.admits(store, config.newIncarnation());
    if (promoted) {
      Succession.requireWhole(config.source());
    }
    succession.state().ifPresent(this::found);
    AtomicReference<@Nullable Throwable> ended = new AtomicReference<>();
    DebeziumEngine<RecordChangeEvent<SourceRecord>> engine =
        DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
            .using(engineSettings(config.newIncarnation() || promoted))
            .notifying(publisher)
            .using(
                (DebeziumEngine.CompletionCallback)
                    (success, message, error) ->
                        ended.set(
                            success || error != null ? error : new IllegalStateException(message)))
            .build();
    return new Run(publisher, engine, ended);
  }

  private Properties engineSettings(boolean newIncarnation) {
    Properties p = new Properties();
    p.setProperty("name", config.name().connector());
    p.setProperty("connector.class", config.source().connectorClass());
    p.setProperty("offset.storage", KafkaOffsetStore.class.getName());
    p.setProperty("offset.flush.interval.ms", "0");
    p.setProperty("errors.max.retries", "0");
    p.setProperty("record.processing.threads", "1");
    p.setProperty("tombstones.on.delete", "false");
    p.setProperty("heartbeat.interval.ms", Long.toString(config.heartbeat().toMillis()));
    p.setProperty(KafkaOffsetStore.TOPIC, config.topics().topics().offsets());
    config.kafka().forEach((k, v) -> p.setProperty(KafkaOffsetStore.KAFKA_PREFIX + k, v));
    p.setProperty(LogConnectorConfig.GRAPH.name(), config.topics().topics().graph());
    p.setProperty(LogConnectorConfig.SITE.name(), config.site());
    p.setProperty(
        LogConnectorConfig.PARTITIONS.name(), Integer.toString(config.topics().partitions()));
    p.setProperty(LogConnectorConfig.NEW_INCARNATION.name(), Boolean.toString(newIncarnation));
    p.setProperty(
        LogConnectorConfig.STORE_RETRY_LIMIT.name(), Long.toString(config.retryLimit().toMillis()));
    p.setProperty(LogConnectorConfig.BUNDLE.name(), "true");
    p.setProperty(LogConnectorConfig.ENDED_INCARNATION.name(), Integer.toString(endedIncarnation));
    RegistryConfig registry = config.registry();
    p.setProperty(LogConnectorConfig.REGISTRY.name(), registry.url());
    registry.user().ifPresent(v -> p.setProperty(LogConnectorConfig.REGISTRY_USER.name(), v));
    registry
        .password()
        .ifPresent(v -> p.setProperty(LogConnectorConfig.REGISTRY_PASSWORD.name(), v));
    registry
        .trustStore()
        .ifPresent(
            v -> p.setProperty(LogConnectorConfig.REGISTRY_TRUST_STORE.name(), v.toString()));
    registry
        .trustStorePassword()
        .ifPresent(v -> p.setProperty(LogConnectorConfig.REGISTRY_TRUST_STORE_PASSWORD.name(), v));
    p.setProperty(
        LogConnectorConfig.REGISTRY_REGISTER.name(), Boolean.toString(registry.register()));
    config.source().connectorSettings().forEach(p::setProperty);
    return p;
  }

  /** Shows where the capture before stood. */
  private void found(CaptureState state) {
    CaptureStatus s = status;
    status =
        new CaptureStatus(
            phase(state),
            Optional.of(state),
            Math.max(s.headSeq(), state.seq()),
            s.changes(),
            s.kafkaTransactions(),
            s.committedAt(),
            s.restarts());
  }

  private void committed(RecordBundle.Progress progress) {
    backoff.reset();
    CaptureStatus s = status;
    CaptureState state = progress.state();
    status =
        new CaptureStatus(
            phase(state),
            Optional.of(state),
            progress.headSeq(),
            s.changes() + progress.changes(),
            s.kafkaTransactions() + 1,
            Optional.of(clock.instant()),
            s.restarts());
  }

  private static Phase phase(CaptureState state) {
    if (state.scan().isPresent()) {
      return Phase.SCANNING;
    }
    return state.until().isPresent() ? Phase.CATCHING_UP : Phase.STREAMING;
  }

  private void update(Phase phase) {
    CaptureStatus s = status;
    status =
        new CaptureStatus(
            phase,
            s.position(),
            s.headSeq(),
            s.changes(),
            s.kafkaTransactions(),
            s.committedAt(),
            s.restarts());
  }

  /** An engine refuses to stop while its tasks start, and complains if it has stopped by itself. */
  private void stop(DebeziumEngine<?> engine) {
    for (int i = 0; i < ENGINE_STOP_TRIES && thread.isAlive(); i++) {
      try {
        engine.close();
        return;
      } catch (IllegalStateException e) {
        sleep(STEP_MS);
      } catch (IOException e) {
        LOG.warn("the engine did not close: {}", e.getMessage());
        return;
      }
    }
  }

  /** Waits, but not longer than until capture is told to stop. */
  private void pause(long ms) {
    try {
      if (told.await(ms, TimeUnit.MILLISECONDS)) {
        LOG.debug("told to stop");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
