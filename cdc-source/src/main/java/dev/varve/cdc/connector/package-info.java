/**
 * A connector on Debezium's framework for any store that has a {@link dev.varve.cdc.StoreLog}. All
 * that is Debezium's stays in here.
 */
@NullMarked
package dev.varve.cdc.connector;

import org.jspecify.annotations.NullMarked;
