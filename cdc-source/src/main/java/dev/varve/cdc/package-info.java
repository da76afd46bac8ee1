/**
 * Capture: a store's changes into Kafka, exactly once. Here are the seam that a store implements,
 * where capture stands, and how records, offsets and topics are written.
 */
@NullMarked
package dev.varve.cdc;

import org.jspecify.annotations.NullMarked;
