@NullMarked
package dev.varve.embedded.kafka;

import org.jspecify.annotations.NullMarked;
