/** The configuration: one YAML file and the environment, read into records. */
@NullMarked
package dev.varve.cli.config;

import org.jspecify.annotations.NullMarked;
