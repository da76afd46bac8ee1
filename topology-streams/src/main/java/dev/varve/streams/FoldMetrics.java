package dev.varve.streams;

import java.util.Map;

/** What JMX shows of a fold, as {@code dev.varve:type=Fold,graph=…,instance=…}. */
public interface FoldMetrics {

  String getState();

  long getFolded();

  long getDropped();

  long getConflicts();

  long getSwept();

  /** Changes that are waiting, as of the last fetch. */
  long getBehind();

  /** The newest watermarks by partition: {@code site=seq,…}. */
  Map<String, String> getWatermarks();
}
