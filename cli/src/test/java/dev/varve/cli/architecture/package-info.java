@NullMarked
package dev.varve.cli.architecture;

import org.jspecify.annotations.NullMarked;
