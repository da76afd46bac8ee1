package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A process of a drill's own, which can be killed, frozen and started again. Once closed it starts
 * no more.
 */
final class Child implements AutoCloseable {

  private static final String READY = "READY ";

  private final String name;
  private final Launch launch;
  private @Nullable Process process; // guarded by this
  private CompletableFuture<String> address = new CompletableFuture<>(); // guarded by this
  private boolean closed; // guarded by this

  /**
   * How it is started.
   *
   * @param environment beside that of this process, of which variables that configure Varve are
   *     left out
   * @param log what it says is added there
   * @param server whether it says {@code READY <address>} when it serves, and ends when its
   *     standard input does
   */
  record Launch(
      List<String> command,
      Path directory,
      Map<String, String> environment,
      Path log,
      boolean server) {
    Launch {
      command = List.copyOf(command);
      environment = Map.copyOf(environment);
    }
  }

  Child(String name, Launch launch) {
    this.name = name;
    this.launch = launch;
  }

  String name() {
    return name;
  }

  /** Starts it, and does not wait. */
  synchronized void start() throws IOException {
    if (closed) {
      throw new IOException("the drill is over");
    }
    ProcessBuilder builder =
        new ProcessBuilder(launch.command()).directory(launch.directory().toFile());
    builder.environment().keySet().removeIf(variable -> variable.startsWith("VARVE_"));
    builder.environment().putAll(launch.environment());
    builder.redirectError(ProcessBuilder.Redirect.appendTo(launch.log().toFile()));
    CompletableFuture<String> said = new CompletableFuture<>();
    if (launch.server()) {
      Process server = builder.start();
      Thread reading = new Thread(() -> read(server, said), "reads-" + name);
      reading.setDaemon(true);
      reading.start();
      process = server;
    } else {
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(launch.log().toFile()));
      process = builder.start();
    }
    address = said;
  }

  private static void read(Process server, CompletableFuture<String> said) {
    try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith(READY)) {
          said.complete(line.substring(READY.length()));
        }
      }
    } catch (IOException e) {
      // it was ended
    }
    said.completeExceptionally(new IOException("it ended"));
  }

  /** Waits until it serves; where. */
  String awaitReady(Duration limit) {
    CompletableFuture<String> said;
    synchronized (this) {
      said = address;
    }
    try {
      return said.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new VarveException(
          ExitCode.FAILED,
          name + " does not start",
          "see " + launch.log() + "; run with --keep so that it stays",
          e);
    } catch (InterruptedException e) {
      throw Trial.interrupted(e);
    }
  }

  synchronized boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** What it ended with; empty while it runs. */
  synchronized OptionalInt exit() {
    return process == null || process.isAlive()
        ? OptionalInt.empty()
        : OptionalInt.of(process.exitValue());
  }

  /** Waits until it has ended; what it ended with, empty if it has not. */
  OptionalInt awaitExit(Duration limit) throws InterruptedException {
    Process running;
    synchronized (this) {
      running = process;
    }
    return running != null && running.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)
        ? OptionalInt.of(running.exitValue())
        : OptionalInt.empty();
  }

  /** Ends it, with whatever it has started, as a machine ends that loses its power. */
  synchronized void kill() {
    Process running = process;
    if (running == null) {
      return;
    }
    running.descendants().forEach(ProcessHandle::destroyForcibly);
    try {
      running.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops it where it is; its connections stay. */
  void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** Lets it go on. */
  void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    Process running;
    synchronized (this) {
      running = process;
    }
    if (running == null || !running.isAlive()) {
      return;
    }
    int exit =
        new ProcessBuilder("sh", "-c", "kill -" + signal + " " + running.pid()).start().waitFor();
    if (exit != 0 && running.isAlive()) {
      throw new IOException("kill -" + signal + " of " + name + " ended with " + exit);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    kill();
  }
}
