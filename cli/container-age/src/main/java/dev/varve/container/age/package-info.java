/** A real PostgreSQL with Apache AGE for tests and benchmarks. */
@NullMarked
package dev.varve.container.age;

import org.jspecify.annotations.NullMarked;
