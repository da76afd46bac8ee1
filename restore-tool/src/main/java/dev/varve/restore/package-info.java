/** From a moment to a plan, from a plan to a graph: plan, merge, write, read back, compare. */
@NullMarked
package dev.varve.restore;

import org.jspecify.annotations.NullMarked;
