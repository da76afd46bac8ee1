/** Drills: what a disaster would cost, tried and measured. */
@NullMarked
package dev.varve.cli.drill;

import org.jspecify.annotations.NullMarked;
