package dev.varve.cli.failover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.varve.cdc.Promotion;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.observe.Verdict;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells over HTTP which store is the primary ({@code /primary}), and whether a majority of the
 * observers sees it up ({@code /health}).
 *
 * <p>What Kafka says is asked for at each request, or was a moment ago: an observer that Kafka
 * cannot be reached from answers 503 rather than with what was true before, for it might lead
 * clients to a primary that was replaced meanwhile.
 */
public final class PrimaryEndpoint implements AutoCloseable {

  private static final Duration FRESH = Duration.ofSeconds(1);
  private static final int THREADS = 4;
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int UNAVAILABLE = 503;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Setting setting;
  private final HttpServer server;
  private final ExecutorService answers;
  private final ExecutorService reader;
  private @Nullable Known known; // guarded by this
  private @Nullable Future<Known> reading; // guarded by this

  /**
   * What it tells.
   *
   * @param source where the store is that is captured as long as none was promoted
   * @param promotion reads the newest one
   * @param verdict what the observers said last; absent while Kafka cannot be reached
   * @param within how long a client waits for what Kafka says
   */
  public record Setting(
      String graph,
      String source,
      Callable<Optional<Promotion>> promotion,
      Supplier<Optional<Verdict>> verdict,
      Duration within) {}

  private record Known(Optional<Promotion> promotion, long atNanos) {}

  private record Answer(int status, Map<String, ?> members) {}

  private PrimaryEndpoint(Setting setting, HttpServer server) {
    this.setting = setting;
    this.server = server;
    this.answers = daemons("primary-endpoint", THREADS);
    this.reader = daemons("primary-reader", 1);
  }

  private static ExecutorService daemons(String name, int threads) {
    return Executors.newFixedThreadPool(
        threads,
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        });
  }

  /**
   * Begins to listen.
   *
   * @param address port 0 for any that is free
   * @throws VarveException if nobody can listen there
   */
  public static PrimaryEndpoint open(InetSocketAddress address, Setting setting) {
    try {
      PrimaryEndpoint endpoint = new PrimaryEndpoint(setting, HttpServer.create(address, 0));
      endpoint.server.setExecutor(endpoint.answers);
      endpoint.server.createContext("/", endpoint::answer);
      endpoint.server.start();
      return endpoint;
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot listen on " + address + ": " + e.getMessage(),
          "name an address of this machine and a free port in observe.listen",
          e);
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      boolean head = exchange.getRequestMethod().equals("HEAD");
      Answer answer =
          head || exchange.getRequestMethod().equals("GET")
              ? answer(exchange.getRequestURI().getPath())
              : new Answer(METHOD_NOT_ALLOWED, Map.of("error", "only GET is answered"));
      byte[] body = (json(answer.members()) + "\n").getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.getResponseHeaders().set("Cache-Control", "no-store");
      exchange.sendResponseHeaders(answer.status(), head ? -1 : body.length);
      if (!head) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private Answer answer(String path) {
    return switch (path) {
      case "/primary" -> primary();
      case "/health" -> health();
      default -> new Answer(NOT_FOUND, Map.of("error", "there is /primary and /health"));
    };
  }

  private Answer primary() {
    try {
      return new Answer(OK, facts(fresh().promotion()));
    } catch (TimeoutException e) {
      return unknown("Kafka does not answer");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      return unknown(String.valueOf(cause == null ? e.getMessage() : cause.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unknown("the observer is ending");
    }
  }

  private Map<String, String> facts(Optional<Promotion> promotion) {
    return promotion
        .map(newest -> Announcement.facts(setting.graph(), newest))
        .orElseGet(() -> Map.of("graph", setting.graph(), "primary", setting.source()));
  }

  private Answer unknown(String why) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("graph", setting.graph());
    members.put("error", "this observer cannot tell: " + why);
    members.put("hint", "ask another observer");
    return new Answer(UNAVAILABLE, members);
  }

  private Answer health() {
    Optional<Verdict> verdict = setting.verdict().get();
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("graph", setting.graph());
    members.put("verdict", verdict.map(said -> said.state().word()).orElse(null));
    members.put("up", verdict.map(Verdict::up).orElse(null));
    members.put("down", verdict.map(Verdict::down).orElse(null));
    members.put("silent", verdict.map(Verdict::silent).orElse(null));
    members.put("capture", verdict.map(said -> said.capture().word()).orElse(null));
    boolean up = verdict.map(said -> said.state() == Verdict.State.UP).orElse(false);
    return new Answer(up ? OK : UNAVAILABLE, members);
  }

  /** One reading at a time, whoever waits for it. */
  private Known fresh() throws ExecutionException, TimeoutException, InterruptedException {
    Future<Known> mine;
    synchronized (this) {
      Known last = known;
      if (last != null && System.nanoTime() - last.atNanos() < FRESH.toNanos()) {
        return last;
      }
      mine = reading;
      if (mine == null || mine.isDone()) {
        mine = reader.submit(this::read);
        reading = mine;
      }
    }
    return mine.get(setting.within().toMillis(), TimeUnit.MILLISECONDS);
  }

  private Known read() throws Exception {
    long begun = System.nanoTime(); // what comes meanwhile may be missing
    Known read = new Known(setting.promotion().call(), begun);
    synchronized (this) {
      known = read;
    }
    return read;
  }

  private static String json(Map<String, ?> members) {
    try {
      return JSON.writeValueAsString(members);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    answers.shutdownNow();
    reader.shutdownNow();
  }
}
