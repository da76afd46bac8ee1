@NullMarked
package dev.varve.cli.failover;

import org.jspecify.annotations.NullMarked;
