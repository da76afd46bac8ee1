@NullMarked
package dev.varve.cli.drill;

import org.jspecify.annotations.NullMarked;
