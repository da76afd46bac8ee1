package dev.varve.streams;

import dev.varve.change.VersionVector;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;

/** What the processors of one instance have done; written by them, read by anyone. */
final class FoldProgress {

  final LongAdder folded = new LongAdder();
  final LongAdder dropped = new LongAdder();
  final LongAdder conflicts = new LongAdder();
  final LongAdder swept = new LongAdder();

  /** The processor is a part of the key: a partition may open again before its old one closes. */
  private final ConcurrentMap<Object, FoldStatus.Partition> partitions = new ConcurrentHashMap<>();

  void at(Object processor, int partition, VersionVector watermarks, long vertices, long edges) {
    partitions.put(processor, new FoldStatus.Partition(partition, watermarks, vertices, edges));
  }

  void left(Object processor) {
    partitions.remove(processor);
  }

  List<FoldStatus.Partition> partitions() {
    return partitions.values().stream()
        .sorted(Comparator.comparingInt(FoldStatus.Partition::number))
        .toList();
  }
}
