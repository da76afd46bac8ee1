package dev.varve.restore;

import dev.varve.topology.Fingerprint;

/**
 * What was found when a target was read from its first to its last element.
 *
 * @param fingerprint over the vertices' original ids, whatever ids the target gave them
 */
public record ReadBack(long vertices, long edges, Fingerprint fingerprint) {}
