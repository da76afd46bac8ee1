@NullMarked
package dev.varve.replay;

import org.jspecify.annotations.NullMarked;
