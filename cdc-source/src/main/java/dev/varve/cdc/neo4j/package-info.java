/** Neo4j over Bolt, through Varve's plugin or Neo4j's own change data capture. */
@NullMarked
package dev.varve.cdc.neo4j;

import org.jspecify.annotations.NullMarked;
