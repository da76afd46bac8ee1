package dev.varve.cli.drill;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks again and again at where the primary is announced. What cannot be read has not changed, for
 * all that is known.
 */
final class Announced implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Announced.class);
  private static final long LOOK_EVERY_MS = 20;
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);
  private static final int HTTP_OK = 200;

  /** Where it stands. */
  interface Place {

    /** The place that an operator names: an address of HTTP, else a file. */
    static Place of(String text) {
      return text.matches("https?://.*")
          ? new OverHttp(URI.create(text))
          : new InFile(Path.of(text).toAbsolutePath());
    }

    /** The primary's address; absent if none is announced. */
    Optional<String> read() throws IOException, InterruptedException;
  }

  /** A file such as {@code promote.announce} names. */
  record InFile(Path file) implements Place {
    @Override
    public Optional<String> read() throws IOException {
      return Files.exists(file)
          ? Optional.of(primary(Files.readString(file, StandardCharsets.UTF_8)))
          : Optional.empty();
    }

    @Override
    public String toString() {
      return file.toString();
    }
  }

  /** What an observer answers. */
  record OverHttp(URI address) implements Place {

    private static final HttpClient CLIENT =
        HttpClient.newBuilder().connectTimeout(ANSWER_WITHIN).build();

    @Override
    public Optional<String> read() throws IOException, InterruptedException {
      HttpResponse<String> answer =
          CLIENT.send(
              HttpRequest.newBuilder(address).timeout(ANSWER_WITHIN).build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != HTTP_OK) {
        throw new IOException(
            "it answered with " + answer.statusCode() + ": " + answer.body().strip());
      }
      return Optional.of(primary(answer.body()));
    }

    @Override
    public String toString() {
      return address.toString();
    }
  }

  /**
   * Another primary than before.
   *
   * @param atNanos when it was first seen
   */
  record Change(String primary, long atNanos) {}

  private final Place place;
  private final Thread thread;
  private volatile Optional<String> last;
  private volatile Optional<Change> change = Optional.empty();
  private volatile boolean closed;

  /**
   * Begins to look.
   *
   * @param before what stands there now
   */
  Announced(Place place, Optional<String> before) {
    this.place = place;
    this.last = before;
    thread = new Thread(this::again, "announced");
    thread.setDaemon(true);
    thread.start();
  }

  /** The newest; absent if there was none since it was looked at first. */
  Optional<Change> change() {
    return change;
  }

  private void again() {
    try {
      while (!closed) {
        look();
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() throws InterruptedException {
    try {
      Optional<String> now = place.read();
      if (now.isPresent() && !now.equals(last)) {
        change = Optional.of(new Change(now.get(), System.nanoTime()));
        last = now;
      }
    } catch (IOException e) {
      LOG.debug("{} does not tell the primary: {}", place, e.toString());
    }
  }

  /** The member {@code primary} of a JSON object. */
  static String primary(String json) throws IOException {
    try {
      JsonNode primary = new ObjectMapper().readTree(json).path("primary");
      if (primary.isTextual() && !primary.asText().isBlank()) {
        return primary.asText();
      }
    } catch (JsonProcessingException e) {
      throw new IOException("it is no JSON: " + e.getOriginalMessage(), e);
    }
    throw new IOException("it has no member 'primary'");
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
