/**
 * Whether a store is up, as several observers see it: each looks for itself, they tell each other
 * through Kafka, and a majority decides. There is no other coordination.
 */
@NullMarked
package dev.varve.observe;

import org.jspecify.annotations.NullMarked;
