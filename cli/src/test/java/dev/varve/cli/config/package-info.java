@NullMarked
package dev.varve.cli.config;

import org.jspecify.annotations.NullMarked;
