package dev.varve.archive;

import java.time.Instant;
import java.util.Optional;

/**
 * One object of a graph's numbered sequence: a snapshot's manifest, or the ledger. Each names the
 * one before it by its hash, and each is created only if its number is free.
 */
public sealed interface Entry permits Manifest, Ledger {

  String graph();

  /** Counts from 1; each entry has the next. */
  long number();

  /** The entry before this one; absent only for number 1. */
  Optional<Manifest.Parent> parent();

  Manifest.Writer writer();

  /** By the writer's clock; for people. */
  Instant createdAt();

  /** The same after another entry, with the number that follows it. */
  Entry behind(Manifest.Parent other);

  /** Whether it was made from Kafka, and moves the place where reading goes on there. */
  boolean head();

  /** The key of this entry. */
  default String key() {
    return Keys.manifest(graph(), number());
  }
}
