/** What an operator is told when something is wrong, and the exit code that goes with it. */
@NullMarked
package dev.varve.fault;

import org.jspecify.annotations.NullMarked;
