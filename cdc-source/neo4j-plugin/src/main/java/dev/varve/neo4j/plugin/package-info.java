// SPDX-License-Identifier: GPL-3.0-only
/**
 * The plugin that runs inside a Neo4j server: it switches on transaction-log enrichment and reads
 * it. Licensed under the GPLv3, as it links Neo4j.
 */
@NullMarked
package dev.varve.neo4j.plugin;

import org.jspecify.annotations.NullMarked;
