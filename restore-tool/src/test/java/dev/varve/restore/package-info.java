@NullMarked
package dev.varve.restore;

import org.jspecify.annotations.NullMarked;
