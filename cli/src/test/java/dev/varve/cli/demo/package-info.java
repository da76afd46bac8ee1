@NullMarked
package dev.varve.cli.demo;

import org.jspecify.annotations.NullMarked;
