package dev.varve.replay;

import dev.varve.change.VersionVector;
import dev.varve.restore.ReadBack;
import dev.varve.topology.Fingerprint;

/**
 * A standby that was read back and found equal to what was captured.
 *
 * @param vector its cut
 * @param expected the fingerprint of what was captured, in the form of the standby's engine
 * @param actual what it holds
 * @param converted whether that is another form
 */
public record Verified(
    VersionVector vector, Fingerprint expected, ReadBack actual, boolean converted) {}
