/**
 * The compactor: tails the topology tables, finds cuts that every partition has reached, and lays
 * down base, deltas and checkpoints.
 */
@NullMarked
package dev.varve.compact;

import org.jspecify.annotations.NullMarked;
