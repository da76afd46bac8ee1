package dev.varve.cli.drill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** A command of Varve's that was run on a pair's configuration, and has ended. */
record Ran(int exitCode, String out, String err) {

  private static final Duration LIMIT = Duration.ofMinutes(3);

  JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out);
  }

  @Override
  public String toString() {
    return "it ended with " + exitCode + ": " + (out + err).strip();
  }

  static Ran varve(Pair pair, String... arguments) throws IOException, InterruptedException {
    return varve(pair, Map.of(), arguments);
  }

  /** With something else in the environment. */
  static Ran varve(Pair pair, Map<String, String> more, String... arguments)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(pair.layout().logs(), arguments[0], ".out");
    Path err = Files.createTempFile(pair.layout().logs(), arguments[0], ".err");
    Map<String, String> environment = new LinkedHashMap<>(pair.environment());
    environment.putAll(more);
    List<String> line = new ArrayList<>(List.of("sh", "-c", "exec \"$0\" \"$@\" > '" + out + "'"));
    line.addAll(pair.installation().varve(List.of(arguments)));
    try (Child child =
        new Child(
            arguments[0],
            new Child.Launch(line, pair.layout().directory(), environment, err, false))) {
      child.start();
      OptionalInt exit = child.awaitExit(LIMIT);
      if (exit.isEmpty()) {
        throw new VarveException(
            ExitCode.FAILED,
            "varve " + String.join(" ", arguments) + " did not end",
            "see " + err + "; run with --keep so that it stays");
      }
      return new Ran(exit.getAsInt(), Files.readString(out), Files.readString(err));
    }
  }
}
