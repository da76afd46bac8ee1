/** Making the standby the primary, and what has to be told of it. */
@NullMarked
package dev.varve.cli.failover;

import org.jspecify.annotations.NullMarked;
