/** Capture, fold and compact as parts of one process: started, watched, started again, stopped. */
@NullMarked
package dev.varve.cli.pipeline;

import org.jspecify.annotations.NullMarked;
