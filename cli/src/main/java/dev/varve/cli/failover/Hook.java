package dev.varve.cli.failover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.cli.config.Variables;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Something outside that is told to do its part: a command line, which the shell runs and which has
 * to end with 0, or an {@code http(s)://} address, which is posted to and has to answer with 2xx.
 * It is told what is going on in variables {@code VARVE_HOOK_…}, or as the members of a JSON
 * object.
 *
 * @param key what it is called in the configuration
 */
public record Hook(String key, String line, Duration timeout) {

  private static final int OUTPUT_CHARACTERS_MAX = 500;
  private static final int HTTP_OK = 200;
  private static final int HTTP_REDIRECT = 300;

  /**
   * Runs it and waits for its end.
   *
   * @param facts by names like {@code newPrimary}
   * @throws VarveException if it fails or takes too long; whether it had an effect is not known,
   *     unless it ended with 3 as a command of Varve's that is done with problems: so it says too
   */
  public void run(Map<String, String> facts) {
    try {
      if (line.startsWith("http://") || line.startsWith("https://")) {
        post(facts);
      } else {
        command(facts);
      }
    } catch (IOException e) {
      throw failed(e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("it was interrupted");
    }
  }

  private void command(Map<String, String> facts) throws IOException, InterruptedException {
    Path output = Files.createTempFile("varve-hook", ".log");
    try {
      ProcessBuilder builder =
          new ProcessBuilder("sh", "-c", line)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile());
      facts.forEach((name, value) -> builder.environment().put(variable(name), value));
      Process process = builder.start();
      process.getOutputStream().close();
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
        throw failed("it took longer than " + timeout.toMillis() + " ms");
      }
      if (process.exitValue() != 0) {
        throw failed(
            process.exitValue() == ExitCode.DONE_WITH_PROBLEMS.number()
                ? ExitCode.DONE_WITH_PROBLEMS
                : ExitCode.FAILED,
            "it ended with " + process.exitValue() + said(output));
      }
    } finally {
      Files.deleteIfExists(output);
    }
  }

  /** {@code newPrimary} is {@code VARVE_HOOK_NEW_PRIMARY}. */
  private static String variable(String name) {
    return Variables.OF_HOOKS + name.replaceAll("([a-z])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT);
  }

  private static String said(Path output) throws IOException {
    String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8).strip();
    return text.isEmpty()
        ? ""
        : " and said: " + text.substring(Math.max(0, text.length() - OUTPUT_CHARACTERS_MAX));
  }

  private void post(Map<String, String> facts) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(line))
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json(facts)))
            .build();
    HttpResponse<String> answer =
        HttpClient.newBuilder()
            .connectTimeout(timeout)
            .build()
            .send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() < HTTP_OK || answer.statusCode() >= HTTP_REDIRECT) {
      throw failed("it answered with " + answer.statusCode());
    }
  }

  private static String json(Map<String, String> facts) {
    try {
      return new ObjectMapper().writeValueAsString(facts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private VarveException failed(String why) {
    return failed(ExitCode.FAILED, why);
  }

  private VarveException failed(ExitCode as, String why) {
    return new VarveException(
        as, key + " failed: " + why, "run what " + key + " says by hand and see what it lacks");
  }
}
