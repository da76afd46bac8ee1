/** The seam to a store that is kept a few moments behind a graph. */
@NullMarked
package dev.varve.restore.standby;

import org.jspecify.annotations.NullMarked;
