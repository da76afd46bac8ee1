/**
 * The fold as a Kafka Streams application: changes in, topology tables out, exactly once.
 *
 * <p>{@link dev.varve.streams.FoldApp} runs it; {@code FoldProcessor} folds one record after the
 * other; {@code TopologyTable} is a table's writer and what it remembers of it.
 */
@NullMarked
package dev.varve.streams;

import org.jspecify.annotations.NullMarked;
