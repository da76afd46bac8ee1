/**
 * Follows a graph with a standby: what was captured since is applied, a whole number of
 * transactions at a time, from the topology tables or, where they do not hold it, from the chain.
 */
@NullMarked
package dev.varve.replay;

import org.jspecify.annotations.NullMarked;
