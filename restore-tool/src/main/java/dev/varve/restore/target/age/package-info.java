/** A graph of Apache AGE in a running PostgreSQL: restored into, and read back. */
@NullMarked
package dev.varve.restore.target.age;

import org.jspecify.annotations.NullMarked;
