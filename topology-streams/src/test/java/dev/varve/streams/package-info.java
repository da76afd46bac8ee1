@NullMarked
package dev.varve.streams;

import org.jspecify.annotations.NullMarked;
