package dev.varve.cli.failover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.cdc.Promotion;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;

/** Which store is the primary, for clients and for whatever leads them there. */
final class Announcement {

  private Announcement() {}

  /** As the members of a JSON object. */
  static Map<String, String> facts(String graph, Promotion promotion) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("graph", graph);
    facts.put("primary", promotion.address());
    facts.put("store", promotion.store());
    facts.put("since", promotion.at().toString());
    return facts;
  }

  /** Writes the file anew; whoever reads it sees the old one or the new one, whole. */
  static void write(Path file, String graph, Promotion promotion) {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try {
      Files.writeString(next, json(facts(graph, promotion)) + "\n");
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot write promote.announce: " + e,
          "name a file in a directory that varve may write to",
          e);
    }
  }

  private static String json(Map<String, String> facts) {
    try {
      return new ObjectMapper().writeValueAsString(facts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
