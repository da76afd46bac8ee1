/**
 * A Neo4j store written by Neo4j's own bulk importer, straight from the chain. GPLv3: it links
 * Neo4j.
 */
@NullMarked
package dev.varve.restore.target.neo4jstore;

import org.jspecify.annotations.NullMarked;
