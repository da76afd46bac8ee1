package dev.varve.cli.demo;

import dev.varve.topology.Fingerprint;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the demonstration showed.
 *
 * @param source the store right before the disaster, read with Cypher alone
 * @param restored the second store, read in the same way
 * @param transactions that were captured, the disaster included
 * @param changes element versions that they made
 * @param restoredTo the moment, as the restore command takes it
 * @param lost what was committed before the disaster and is not in the restored store
 * @param exposed what had not reached the repository yet when the disaster struck: what would be
 *     lost if the machine had burned down in that instant
 * @param restoreSeconds planning, writing and reading back
 * @param deleted elements that the careless query removed
 */
public record DemoReport(
    String graph,
    Content source,
    Content restored,
    long transactions,
    long changes,
    long deleted,
    String restoredTo,
    Gap lost,
    Gap exposed,
    double restoreSeconds,
    Path repository,
    Path config,
    int snapshots,
    long bytes,
    List<Event> timeline,
    double seconds) {

  public DemoReport {
    timeline = List.copyOf(timeline);
  }

  /** What lies between two moments. */
  public record Gap(long transactions, double seconds) {}

  /** Something that happened. */
  public record Event(Instant at, String what) {}

  /** Whether the restored store is what the source was. */
  public boolean equal() {
    return source.equals(restored);
  }

  /** For programs. */
  public Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("graph", graph);
    object.put("vertices", restored.vertices());
    object.put("edges", restored.edges());
    object.put("transactions", transactions);
    object.put("changes", changes);
    object.put("deletedElements", deleted);
    object.put("restoredTo", restoredTo);
    object.put("sourceFingerprint", text(source.fingerprint()));
    object.put("restoredFingerprint", text(restored.fingerprint()));
    object.put("equal", equal());
    object.put("rpoTransactions", lost.transactions());
    object.put("rpoSeconds", lost.seconds());
    object.put("exposedTransactions", exposed.transactions());
    object.put("exposedSeconds", exposed.seconds());
    object.put("restoreSeconds", restoreSeconds);
    object.put("repository", repository.toString());
    object.put("config", config.toString());
    object.put("snapshots", snapshots);
    object.put("bytes", bytes);
    object.put(
        "timeline",
        timeline.stream()
            .map(event -> Map.of("at", event.at().toString(), "what", event.what()))
            .toList());
    object.put("seconds", seconds);
    return object;
  }

  private static String text(Fingerprint fingerprint) {
    return fingerprint.toString();
  }
}
