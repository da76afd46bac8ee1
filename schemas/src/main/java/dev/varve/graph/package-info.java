/** The graph itself: element ids, vertices, edges and the property values they hold. JDK only. */
@NullMarked
package dev.varve.graph;

import org.jspecify.annotations.NullMarked;
