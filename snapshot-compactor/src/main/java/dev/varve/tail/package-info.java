/**
 * Follows the topology tables: a tail that reads committed records only, the tracker of cuts and
 * holes, and the sorter in which versions wait for a cut that covers them. What both the compactor
 * and a replay into a standby stand on.
 */
@NullMarked
package dev.varve.tail;

import org.jspecify.annotations.NullMarked;
