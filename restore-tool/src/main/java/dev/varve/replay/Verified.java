package dev.varve.replay;

import dev.varve.change.VersionVector;
import dev.varve.restore.ReadBack;
import dev.varve.topology.Fingerprint;

/**
 * A standby that was read back and found equal to what was captured.
 *
 * @param vector its cut
 * @param expected the fingerprint of what was captured
 * @param actual what it holds
 */
public record Verified(VersionVector vector, Fingerprint expected, ReadBack actual) {}
