package dev.varve.cdc;

import java.util.Optional;

/**
 * Some elements of a scan.
 *
 * @param next where the next page begins; absent if there are no more elements of this kind
 * @param batch the elements as changes: see {@link dev.varve.wire.LogBatch}
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record ScanPage(Optional<String> next, byte[] batch) {}
