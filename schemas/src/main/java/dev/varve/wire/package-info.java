/** Avro bytes to and from the graph's types, Kafka topic names, and the schema registry. */
@NullMarked
package dev.varve.wire;

import org.jspecify.annotations.NullMarked;
