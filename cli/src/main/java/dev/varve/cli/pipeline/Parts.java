package dev.varve.cli.pipeline;

import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cdc.Capture;
import dev.varve.cdc.CaptureConfig;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.CaptureStatus;
import dev.varve.cdc.KafkaTopics;
import dev.varve.cdc.Succession;
import dev.varve.change.VersionVector;
import dev.varve.cli.config.Config;
import dev.varve.cli.failover.LaidDown;
import dev.varve.cli.failover.PrimaryEndpoint;
import dev.varve.compact.CompactConfig;
import dev.varve.compact.CompactStatus;
import dev.varve.compact.Compactor;
import dev.varve.compact.Housekeeper;
import dev.varve.compact.HousekeepingConfig;
import dev.varve.compact.HousekeepingStatus;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.observe.BoltProbe;
import dev.varve.observe.JdbcProbe;
import dev.varve.observe.Observer;
import dev.varve.observe.Probe;
import dev.varve.observe.Sighting;
import dev.varve.observe.Verdict;
import dev.varve.streams.FoldApp;
import dev.varve.streams.FoldConfig;
import dev.varve.streams.FoldStatus;
import dev.varve.tail.Retry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the parts of the pipeline from a configuration and the brokers' addresses. */
public final class Parts {

  private final Config config;
  private final Map<String, String> kafka;
  private @Nullable Repository repository;

  /**
   * @param bootstrap the brokers, such as those of an embedded one
   */
  public Parts(Config config, String bootstrap) {
    this.config = config;
    Map<String, String> settings = new TreeMap<>(config.kafka().client());
    settings.put("bootstrap.servers", bootstrap);
    this.kafka = Map.copyOf(settings);
  }

  /**
   * @param newIncarnation see {@link CaptureConfig}
   */
  public Part capture(boolean newIncarnation) {
    return new Part(
        "capture",
        () -> {
          Capture capture = Capture.start(captureConfig(newIncarnation));
          return new Capturing(capture, HeldBackWatch.start(config.source()));
        });
  }

  public Part fold() {
    return new Part("fold", () -> new Folding(FoldApp.start(foldConfig())));
  }

  /**
   * @param startOver see {@link CompactConfig}
   */
  public Part compact(boolean startOver) {
    return new Part(
        "compact",
        () -> {
          Compactor compactor = Compactor.start(compactConfig(startOver));
          return new Compacting(
              compactor,
              Housekeeper.start(housekeepingConfig()),
              Copies.start(config, repository()));
        });
  }

  /** Looks at the store beside other observers. */
  public Part observe() {
    return new Part(
        "observe",
        () -> {
          KafkaTopics.ensureObservers(kafka, config.kafka().topics());
          Config.Observe observe = config.observe();
          OnDown onDown = new OnDown(OnDown.Of.STORE, observe.onDown(), config.graph());
          OnDown onCaptureDown =
              new OnDown(OnDown.Of.CAPTURE, observe.onCaptureDown(), config.graph());
          Observer observer =
              Observer.start(
                  new Observer.Setting(
                      observe.name(),
                      config.source().toString(),
                      observe.members(),
                      observe.pace(),
                      kafka,
                      config.kafka().topics().observers().name(),
                      config.kafka().topics().offsets().name(),
                      observe.captureSilence()),
                  this::probe,
                  onDown.andThen(onCaptureDown));
          try {
            return new Observing(
                observer, onDown, onCaptureDown, observe.listen().map(at -> tell(at, observer)));
          } catch (RuntimeException e) {
            observer.close();
            onDown.close();
            onCaptureDown.close();
            throw e;
          }
        });
  }

  private PrimaryEndpoint tell(InetSocketAddress address, Observer observer) {
    return PrimaryEndpoint.open(
        address,
        new PrimaryEndpoint.Setting(
            config.graph(),
            config.source().uri(),
            () -> Succession.read(kafka, config.graph(), config.site()).promotion(),
            () -> observer.status().verdict(),
            config.observe().pace().timeout()));
  }

  private Probe probe() throws Exception {
    Duration timeout = config.observe().pace().timeout();
    if (config.source() instanceof Config.Age age) {
      return JdbcProbe.of(() -> age.settings().connect());
    }
    Config.Neo4j neo4j = (Config.Neo4j) config.source();
    return BoltProbe.of(
        URI.create(neo4j.uri()),
        neo4j.user(),
        neo4j.password(),
        Optional.of(neo4j.database()),
        timeout);
  }

  /** As {@link #compact}, for whoever also asks it to flush. */
  public Compactor compactor() {
    return Compactor.start(compactConfig(false));
  }

  private CaptureConfig captureConfig(boolean newIncarnation) {
    CaptureConfig usual =
        CaptureConfig.of(
            Sources.of(config.source()),
            config.site(),
            kafka,
            config.registry(),
            config.kafka().topics());
    return usual
        .withNewIncarnation(newIncarnation)
        .withLimits(config.capture().retryFor(), usual.startLimit())
        .withHeartbeat(config.capture().heartbeat())
        .withLaidDown(this::laidDown);
  }

  private Optional<CaptureState> laidDown() {
    try {
      return LaidDown.in(repository(), config.graph())
          .flatMap(chain -> chain.captured(config.site(), VersionVector.EMPTY));
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "Kafka knows nothing of the site %s, and %s does not tell what is laid down: %s; nothing was captured"
              .formatted(config.site(), repository().location(), e.getMessage()),
          "let the repository be reached from here until capture has begun",
          e);
    }
  }

  private FoldConfig foldConfig() {
    Config.Fold fold = config.fold();
    return new FoldConfig(
        config.kafka().topics(),
        config.registry(),
        kafka,
        config.data().resolve("fold"),
        fold.rocksdb() ? FoldConfig.StateKind.ROCKSDB : FoldConfig.StateKind.HEAP,
        fold.rocksBytes(),
        fold.threads(),
        0,
        fold.commitEvery(),
        fold.instance());
  }

  /** Opened once; whoever starts again goes on with it. */
  private synchronized Repository repository() {
    if (repository == null) {
      try {
        repository = Repositories.open(config.repository());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return repository;
  }

  private CompactConfig compactConfig(boolean startOver) {
    Config.Compact compact = config.compact();
    return CompactConfig.of(
            config.graph(),
            kafka,
            config.registry(),
            repository(),
            config.data().resolve("compact"))
        .withFlushInterval(compact.flushEvery())
        .withSizes(compact.flushBytes(), compact.segmentBytes(), compact.memoryBytes() / 2)
        .withCompressionLevel(compact.compressionLevel())
        .withStartOver(startOver);
  }

  private HousekeepingConfig housekeepingConfig() {
    Config.Compact compact = config.compact();
    return new HousekeepingConfig(
        config.graph(),
        repository(),
        config.data().resolve("compact"),
        compact.segmentBytes(),
        compact.memoryBytes() / 2,
        compact.compressionLevel(),
        Retry.USUAL,
        compact.checkpointEvery(),
        compact.mergeEvery(),
        compact.merges(),
        compact.retention(),
        compact.heavyWork());
  }

  private record Capturing(Capture capture, Optional<HeldBackWatch> heldBack)
      implements Part.Running {
    @Override
    public Optional<Throwable> failure() {
      return capture.failure();
    }

    @Override
    public String text() {
      CaptureStatus status = capture.status();
      return phase(status)
          + status
              .position()
              .map(position -> " tx " + position.seq() + " (" + status.lag() + " behind)")
              .orElse("")
          + heldBack.map(HeldBackWatch::text).orElse("");
    }

    @Override
    public Map<String, Object> report() {
      CaptureStatus status = capture.status();
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("phase", phase(status));
      report.put("transaction", status.position().map(position -> position.seq()).orElse(null));
      report.put("behind", status.lag());
      report.put("changes", status.changes());
      heldBack.ifPresent(watch -> report.put("heldBack", watch.report()));
      return report;
    }

    private static String phase(CaptureStatus status) {
      return status.phase().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    @Override
    public void close() {
      heldBack.ifPresent(HeldBackWatch::close);
      capture.close();
    }
  }

  private record Folding(FoldApp fold) implements Part.Running {
    @Override
    public Optional<Throwable> failure() {
      return fold.failure();
    }

    @Override
    public String text() {
      FoldStatus status = fold.status();
      return status.running()
          ? String.format(Locale.ROOT, "%,d folded", status.folded())
          : status.state().toLowerCase(Locale.ROOT);
    }

    @Override
    public Map<String, Object> report() {
      FoldStatus status = fold.status();
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("state", status.state());
      report.put("folded", status.folded());
      report.put("behind", status.behind());
      report.put("conflicts", status.conflicts());
      return report;
    }

    @Override
    public void close() {
      fold.close();
    }
  }

  private record Compacting(Compactor compactor, Housekeeper housekeeper, Copies copies)
      implements Part.Running {
    @Override
    public Optional<Throwable> failure() {
      return compactor.failure();
    }

    @Override
    public String text() {
      CompactStatus status = compactor.status();
      String newest =
          status.newestManifest().isPresent()
              ? "snapshot " + status.newestManifest().getAsLong()
              : "no snapshot yet";
      return newest
          + String.format(Locale.ROOT, ", %,d versions to lay down", status.pendingVersions())
          + status
              .trouble()
              .or(() -> housekeeper.status().trouble())
              .map(trouble -> " (" + trouble + ")")
              .orElseGet(
                  () -> housekeeper.status().doing().map(doing -> " (" + doing + ")").orElse(""))
          + copies.text(status.newestManifest());
    }

    @Override
    public Map<String, Object> report() {
      CompactStatus status = compactor.status();
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("phase", status.phase().name().toLowerCase(Locale.ROOT).replace('_', ' '));
      report.put(
          "newestManifest",
          status.newestManifest().isPresent() ? status.newestManifest().getAsLong() : null);
      report.put("laidDown", status.laidDown().toString());
      report.put("reached", status.reached().toString());
      report.put("pendingVersions", status.pendingVersions());
      report.put("lastPublishedAt", status.lastPublishedAt().map(Object::toString).orElse(null));
      report.put("trouble", status.trouble().orElse(null));
      report.put("housekeeping", report(housekeeper.status()));
      report.put("copies", copies.report(status.newestManifest()));
      return report;
    }

    private static Map<String, Object> report(HousekeepingStatus status) {
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("doing", status.doing().orElse(null));
      report.put("checkpoints", status.checkpoints());
      report.put("merges", status.merges());
      report.put("bytesWritten", status.bytesWritten());
      report.put("objectsRemoved", status.objectsRemoved());
      report.put("lastRoundAt", status.lastRoundAt().map(Object::toString).orElse(null));
      report.put("trouble", status.trouble().orElse(null));
      return report;
    }

    @Override
    public void close() {
      copies.close();
      housekeeper.close();
      compactor.close();
    }
  }

  private record Observing(
      Observer observer, OnDown onDown, OnDown onCaptureDown, Optional<PrimaryEndpoint> endpoint)
      implements Part.Running {
    @Override
    public Optional<Throwable> failure() {
      return observer.failure();
    }

    @Override
    public String text() {
      Observer.Status status = observer.status();
      String seen =
          status
              .sighting()
              .map(
                  sighting ->
                      (sighting.up() ? "sees the store up" : "sees the store DOWN")
                          + sighting.trouble().map(trouble -> " (" + trouble + ")").orElse(""))
              .orElse("has not looked yet");
      String agreed =
          status
              .verdict()
              .map(
                  verdict ->
                      ", agreed: "
                          + verdict.state().word()
                          + ", capture "
                          + verdict.capture().word()
                          + (verdict.silent().isEmpty() ? "" : ", silent: " + verdict.silent()))
              .orElse(", no verdict");
      return seen
          + agreed
          + status.kafkaTrouble().map(trouble -> " (Kafka: " + trouble + ")").orElse("")
          + onDown.text()
          + onCaptureDown.text();
    }

    @Override
    public Map<String, Object> report() {
      Observer.Status status = observer.status();
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("storeUp", status.sighting().map(Sighting::up).orElse(null));
      report.put("storeTrouble", status.sighting().flatMap(Sighting::trouble).orElse(null));
      report.put("verdict", status.verdict().map(verdict -> verdict.state().word()).orElse(null));
      report.put("up", status.verdict().map(Verdict::up).orElse(null));
      report.put("down", status.verdict().map(Verdict::down).orElse(null));
      report.put("silent", status.verdict().map(Verdict::silent).orElse(null));
      report.put("captureUp", status.sighting().flatMap(Sighting::captureUp).orElse(null));
      report.put(
          "captureVerdict", status.verdict().map(verdict -> verdict.capture().word()).orElse(null));
      report.put("kafkaTrouble", status.kafkaTrouble().orElse(null));
      report.put("onDown", onDown.text());
      report.put("onCaptureDown", onCaptureDown.text());
      return report;
    }

    @Override
    public void close() {
      endpoint.ifPresent(PrimaryEndpoint::close);
      observer.close();
      onDown.close();
      onCaptureDown.close();
    }
  }

  /** How long a stop may take before the process ends all the same. */
  public static final Duration STOP_WITHIN = Duration.ofSeconds(40);
}
