/**
 * What the topology tables hold: element versions, the fold that makes them, and fingerprints. JDK
 * only.
 */
@NullMarked
package dev.varve.topology;

import org.jspecify.annotations.NullMarked;
