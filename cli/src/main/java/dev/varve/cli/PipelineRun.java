package dev.varve.cli;

import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cli.config.Config;
import dev.varve.cli.pipeline.Part;
import dev.varve.cli.pipeline.Parts;
import dev.varve.cli.pipeline.Supervisor;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/** Runs parts of the pipeline in this process until it is told to stop. */
final class PipelineRun {

  private static final Logger LOG = LoggerFactory.getLogger(PipelineRun.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final long SAY_EVERY_NS = TimeUnit.SECONDS.toNanos(60);

  private final Console console;
  private final Config config;
  private boolean reporting = true;
  private long saidAt = System.nanoTime() - SAY_EVERY_NS;

  PipelineRun(Session session) {
    this.console = session.console();
    this.config = session.config();
  }

  /**
   * Ends it before anything is started if the repository cannot be used as it is configured.
   *
   * @throws VarveException such as with {@link ExitCode#WRONG_KEY}
   */
  PipelineRun lookAtRepository() {
    try (Repository repository = Repositories.open(config.repository())) {
      LOG.debug("the repository is {}", repository.location());
    } catch (IOException e) {
      LOG.debug("the repository does not answer yet", e); // whoever needs it tries again
    }
    return this;
  }

  /** Starts Kafka in this process if so configured, then the parts, and watches them. */
  int all(Servers servers, Function<Parts, List<Part>> parts) {
    try (FileLock lock = lockData()) {
      LOG.debug("holding {}", lock);
      if (!config.kafka().embedded()) {
        return run(parts.apply(parts(config.kafka().bootstrap().orElseThrow())), Optional.empty());
      }
      LOG.info("starting kafka in this process");
      try (EmbeddedServer.Running kafka = startKafka(servers)) {
        return run(parts.apply(parts(kafka.address())), Optional.of(kafka));
      }
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot use the data directory " + config.data() + ": " + e,
          "see that it is writable, or set data to another directory",
          e);
    }
  }

  /** What is done with Kafka in this process. */
  interface WithKafka {
    int run(Map<String, String> clients) throws IOException;
  }

  /** Has Kafka in this process for as long as something takes that needs it. */
  int withKafka(Servers servers, WithKafka what) throws IOException {
    try (FileLock lock = lockData();
        EmbeddedServer.Running kafka = startKafka(servers)) {
      LOG.debug("holding {}", lock);
      Map<String, String> clients = new TreeMap<>(config.kafka().client());
      clients.put("bootstrap.servers", kafka.address());
      return what.run(clients);
    }
  }

  /** Runs one part by itself; Kafka has to be there. */
  int one(Function<Parts, Part> part) {
    String bootstrap =
        config
            .kafka()
            .bootstrap()
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.USAGE,
                        "kafka.bootstrap is embedded, and a part by itself has no Kafka in its"
                            + " process",
                        "run all of them with 'varve up', or set kafka.bootstrap to host:port"));
    return run(List.of(part.apply(parts(bootstrap))), Optional.empty());
  }

  /**
   * Runs a part that may come to its end by itself.
   *
   * @param reporting whether programs are told each minute how it goes; otherwise only the result,
   *     which whoever runs it writes, is for them
   */
  int toItsEnd(Part part, BooleanSupplier ended, boolean reporting) {
    this.reporting = reporting;
    return run(
        List.of(part),
        supervisor -> {
          if (ended.getAsBoolean()) {
            supervisor.stop();
          }
        });
  }

  private Parts parts(String bootstrap) {
    return new Parts(config, bootstrap);
  }

  private EmbeddedServer.Running startKafka(Servers servers) {
    try {
      return servers.kafka().start(config.data().resolve("kafka"), Map.of());
    } catch (IllegalStateException e) {
      throw new VarveException(
          ExitCode.FAILED,
          String.valueOf(e.getMessage()),
          "see that the disk is not full and that no other process has the port in "
              + config.data().resolve("kafka/port"),
          e);
    }
  }

  /** Two processes must not run Kafka on the same files. */
  @SuppressWarnings("resource") // the lock closes its channel
  private FileLock lockData() throws IOException {
    Path data = Files.createDirectories(config.data());
    FileChannel channel =
        FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      throw new VarveException(
          ExitCode.FENCED,
          "another varve up runs on " + data,
          "stop it first, or give this one another data directory");
    }
    return lock;
  }

  private int run(List<Part> parts, Optional<EmbeddedServer.Running> kafka) {
    return run(
        parts,
        supervisor ->
            kafka.flatMap(EmbeddedServer.Running::failure).ifPresent(PipelineRun::kafkaFailed));
  }

  private int run(List<Part> parts, Consumer<Supervisor> look) {
    Supervisor supervisor = new Supervisor(parts, Supervisor.Limits.USUAL);
    CountDownLatch ended = new CountDownLatch(1);
    stopOnSignal(supervisor, ended);
    try (supervisor) {
      supervisor.start();
      supervisor.watch(
          LOOK_EVERY,
          () -> {
            look.accept(supervisor);
            say(supervisor);
          });
    } finally {
      console.clear();
      LOG.info("stopped");
      ended.countDown();
    }
    return ExitCode.DONE.number();
  }

  private static void kafkaFailed(Throwable failure) {
    throw new VarveException(
        ExitCode.FAILED,
        "the Kafka in this process has ended: " + failure.getMessage(),
        "most often the disk is full or failing; what was committed is safe, start again when it"
            + " is mended",
        failure);
  }

  /** TERM, INT and HUP stop the parts in order; the process ends with 0 afterwards. */
  private static void stopOnSignal(Supervisor supervisor, CountDownLatch ended) {
    for (String name : List.of("TERM", "INT", "HUP")) {
      Signal.handle(
          new Signal(name),
          signal -> {
            LOG.info("stopping on SIG{}", signal.getName());
            supervisor.stop();
            Thread last =
                new Thread(
                    () -> {
                      if (!await(ended)) {
                        LOG.error("not stopped within {}", Parts.STOP_WITHIN);
                        Runtime.getRuntime().halt(ExitCode.FAILED.number());
                      }
                    },
                    "stop-limit");
            last.setDaemon(true);
            last.start();
          });
    }
  }

  private static boolean await(CountDownLatch ended) {
    try {
      return ended.await(Parts.STOP_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * On a terminal a line that is redrawn, else one in the log now and then; objects for programs.
   */
  private void say(Supervisor supervisor) {
    if (console.terminal() && !console.json()) {
      console.status(supervisor.text());
    }
    long now = System.nanoTime();
    if (now - saidAt >= SAY_EVERY_NS) {
      saidAt = now;
      if (console.json() && reporting) {
        console.object(supervisor.report());
      } else if (!console.terminal()) {
        LOG.info("{}", supervisor.text());
      }
    }
  }
}
