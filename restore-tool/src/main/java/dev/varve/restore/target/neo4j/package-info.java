/** Neo4j as a target of a restore: a running one over Bolt, and the seam for an offline store. */
@NullMarked
package dev.varve.restore.target.neo4j;

import org.jspecify.annotations.NullMarked;
