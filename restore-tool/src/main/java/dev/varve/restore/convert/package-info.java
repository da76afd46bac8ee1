/** From one engine's graph to what another engine can hold: by one table for each target. */
@NullMarked
package dev.varve.restore.convert;

import org.jspecify.annotations.NullMarked;
