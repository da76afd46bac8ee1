@NullMarked
package dev.varve.restore.convert;

import org.jspecify.annotations.NullMarked;
