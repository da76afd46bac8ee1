/** Neo4j Community in process, with Bolt and with Varve's plugin active. GPLv3: it links Neo4j. */
@NullMarked
package dev.varve.embedded.neo4j;

import org.jspecify.annotations.NullMarked;
