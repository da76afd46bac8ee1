@NullMarked
package dev.varve.restore.target.neo4j;

import org.jspecify.annotations.NullMarked;
