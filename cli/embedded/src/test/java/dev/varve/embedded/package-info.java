@NullMarked
package dev.varve.embedded;

import org.jspecify.annotations.NullMarked;
