@NullMarked
package dev.varve.cdc;

import org.jspecify.annotations.NullMarked;
