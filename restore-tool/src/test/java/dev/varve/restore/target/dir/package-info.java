@NullMarked
package dev.varve.restore.target.dir;

import org.jspecify.annotations.NullMarked;
