/** Benchmarks: each prints ratios of what ran side by side in one run. */
@NullMarked
package dev.varve.bench;

import org.jspecify.annotations.NullMarked;
