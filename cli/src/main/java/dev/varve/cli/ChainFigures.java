package dev.varve.cli;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What a chain costs: computed from its manifests alone.
 *
 * @param kinds what there is of each kind of snapshot
 * @param total all of them together
 * @param newestRestore what a restore of the newest cut reads; absent if it cannot be restored
 */
record ChainFigures(
    Map<Manifest.Kind, Size> kinds, Size total, Optional<NewestRestore> newestRestore) {

  /**
   * How much there is.
   *
   * @param objects segments, transactions files and manifests
   * @param bytes of segments and transactions files
   */
  record Size(int snapshots, long objects, long bytes) {
    static final Size NONE = new Size(0, 0, 0);

    Size plus(Manifest manifest) {
      long more = 1L + manifest.segments().size() + manifest.transactions().stream().count();
      return new Size(snapshots + 1, objects + more, bytes + manifest.totalBytes());
    }
  }

  /**
   * What a restore of the newest cut reads.
   *
   * @param steps deltas after the newest base
   */
  record NewestRestore(int steps, long objects, long bytes) {}

  static ChainFigures of(Chain chain, Set<String> damaged) {
    Map<Manifest.Kind, Size> kinds = new EnumMap<>(Manifest.Kind.class);
    Size total = Size.NONE;
    for (Chain.Link link : chain.links()) {
      Manifest manifest = link.manifest();
      kinds.put(manifest.kind(), kinds.getOrDefault(manifest.kind(), Size.NONE).plus(manifest));
      total = total.plus(manifest);
    }
    Optional<NewestRestore> newest =
        chain
            .head()
            .flatMap(head -> chain.wayTowards(head.manifest().to(), damaged))
            .map(ChainFigures::newestRestore);
    return new ChainFigures(kinds, total, newest);
  }

  private static NewestRestore newestRestore(Chain.Stretch way) {
    Manifest base = way.base().manifest();
    long objects = base.segments().size();
    long bytes = base.segments().stream().mapToLong(s -> s.object().bytes()).sum();
    List<Manifest> deltas = way.deltas().stream().map(Chain.Link::manifest).toList();
    for (Manifest delta : deltas) {
      objects += delta.segments().size();
      bytes += delta.segments().stream().mapToLong(s -> s.object().bytes()).sum();
    }
    return new NewestRestore(deltas.size(), objects, bytes);
  }

  /**
   * Bytes of all snapshots that have not expired, for each byte of those that were made from Kafka:
   * what merges and checkpoints wrote on top. Absent if there are none of those.
   */
  OptionalDouble writeAmplification() {
    long heads = bytes(Manifest.Kind.BASE) + bytes(Manifest.Kind.DELTA);
    return heads == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) total.bytes() / heads);
  }

  private long bytes(Manifest.Kind kind) {
    return kinds.getOrDefault(kind, Size.NONE).bytes();
  }

  static String word(Manifest.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    Map<String, Object> sizes = new LinkedHashMap<>();
    kinds.forEach((kind, size) -> sizes.put(word(kind), object(size)));
    object.put("kinds", sizes);
    object.put("total", object(total));
    object.put(
        "writeAmplification",
        writeAmplification().isPresent() ? (Object) writeAmplification().getAsDouble() : null);
    object.put("chainLength", newestRestore.map(NewestRestore::steps).orElse(null));
    object.put("newestRestoreObjects", newestRestore.map(NewestRestore::objects).orElse(null));
    object.put("newestRestoreBytes", newestRestore.map(NewestRestore::bytes).orElse(null));
    return object;
  }

  private static Map<String, Object> object(Size size) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("snapshots", size.snapshots());
    object.put("objects", size.objects());
    object.put("bytes", size.bytes());
    return object;
  }
}
