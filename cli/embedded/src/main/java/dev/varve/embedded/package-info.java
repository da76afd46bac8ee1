/** Servers that run in this process: the seam, and the class path of their own that each has. */
@NullMarked
package dev.varve.embedded;

import org.jspecify.annotations.NullMarked;
