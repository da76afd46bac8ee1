/** PostgreSQL with Apache AGE as a source: its write-ahead log, read by Debezium's connector. */
@NullMarked
package dev.varve.cdc.age;

import org.jspecify.annotations.NullMarked;
