/**
 * What a store committed: sites, dots, version vectors, changes, watermarks, transactions. JDK
 * only.
 */
@NullMarked
package dev.varve.change;

import org.jspecify.annotations.NullMarked;
