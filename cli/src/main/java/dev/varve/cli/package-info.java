/** The command: one class a command, its configuration, and what it prints. */
@NullMarked
package dev.varve.cli;

import org.jspecify.annotations.NullMarked;
