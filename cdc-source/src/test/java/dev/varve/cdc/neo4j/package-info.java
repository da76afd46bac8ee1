@NullMarked
package dev.varve.cdc.neo4j;

import org.jspecify.annotations.NullMarked;
