/** The demonstration: a real graph, writes going on, a disaster, and the way back. */
@NullMarked
package dev.varve.cli.demo;

import org.jspecify.annotations.NullMarked;
