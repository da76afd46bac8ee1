package dev.varve.cdc;

import dev.varve.change.Watermark;
import java.util.List;
import java.util.Optional;

/**
 * What is published of one row of the log or one page of the scan: whole transactions, then a
 * watermark, then the beginning of a transaction that goes on in the next row.
 *
 * @param watermark where the records before it end; absent if nothing is complete
 * @param state where capture stands after it
 * @param changes how many of the records are changes
 * @param headSeq the number of the last transaction that the store had then
 */
public record Piece(
    List<Outgoing> closed,
    Optional<Watermark> watermark,
    List<Outgoing> open,
    CaptureState state,
    int changes,
    long headSeq,
    long lengthBytes) {

  /** Whether there is nothing to publish, so that the state need not be kept either. */
  public boolean isEmpty() {
    return closed.isEmpty() && watermark.isEmpty() && open.isEmpty();
  }
}
