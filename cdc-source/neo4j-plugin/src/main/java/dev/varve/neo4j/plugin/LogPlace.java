// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.neo4j.plugin.CdcException.Code;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a store's transaction log, from which reading goes on.
 *
 * <p>As text {@code <store>:<appendIndex>:<txId>:<nextIndex>[:<checksum>]}, opaque to clients.
 *
 * @param store the store's identity
 * @param appendIndex the log's own number of the transaction
 * @param txId the transaction's id
 * @param nextIndex 0 if the transaction is done; else the first of its changes that is not
 * @param checksum of the transaction in the log, by which one history of a store is told from
 *     another after the store was put back to an older copy; absent if it is not known
 */
record LogPlace(String store, long appendIndex, long txId, int nextIndex, OptionalInt checksum) {

  private static final Pattern FORM =
      Pattern.compile("([0-9a-f-]{36}):(\\d{1,18}):(\\d{1,18}):(\\d{1,9})(?::([0-9a-f]{8}))?");

  boolean isInsideTransaction() {
    return nextIndex > 0;
  }

  /** The append index of the first transaction that is not wholly before this place. */
  long firstAppendIndex() {
    return isInsideTransaction() ? appendIndex : appendIndex + 1;
  }

  /**
   * Reads the text form.
   *
   * @throws CdcException if the text is not of this form
   */
  static LogPlace parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new CdcException(
          Code.BAD_POSITION,
          "'" + text + "' is not a position in a transaction log.",
          "Give a position as an earlier call returned it, or take one from varve.cdc.current().");
    }
    String checksum = matcher.group(5);
    return new LogPlace(
        matcher.group(1),
        Long.parseLong(matcher.group(2)),
        Long.parseLong(matcher.group(3)),
        Integer.parseInt(matcher.group(4)),
        checksum == null
            ? OptionalInt.empty()
            : OptionalInt.of(Integer.parseUnsignedInt(checksum, 16)));
  }

  @Override
  public String toString() {
    String place = store + ":" + appendIndex + ":" + txId + ":" + nextIndex;
    return checksum.isPresent() ? place + String.format(":%08x", checksum.getAsInt()) : place;
  }
}
