@NullMarked
package dev.varve.cli.pipeline;

import org.jspecify.annotations.NullMarked;
