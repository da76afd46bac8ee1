@NullMarked
package dev.varve.restore.branch;

import org.jspecify.annotations.NullMarked;
