/**
 * A directory of open files as a target of a restore: CSV as Neo4j's importer takes it, and Avro.
 */
@NullMarked
package dev.varve.restore.target.dir;

import org.jspecify.annotations.NullMarked;
