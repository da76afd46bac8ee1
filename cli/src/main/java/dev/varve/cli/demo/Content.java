package dev.varve.cli.demo;

import dev.varve.topology.Fingerprint;

/** What a store holds, as somebody has counted who has read all of it. */
public record Content(long vertices, long edges, Fingerprint fingerprint) {}
