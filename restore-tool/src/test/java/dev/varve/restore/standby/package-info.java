@NullMarked
package dev.varve.restore.standby;

import org.jspecify.annotations.NullMarked;
