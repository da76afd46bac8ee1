package dev.varve.wire;

import dev.varve.change.Dot;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementId;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import java.util.Optional;

/**
 * Element versions as {@code dev.varve.wire.ElementVersion}; the element id is the record's key.
 * Not thread-safe.
 */
public final class VersionCodec {

  private final HeaderCodec headers = new HeaderCodec();
  private final ElementCodec elements = new ElementCodec();

  /** Writes all but the state, which has to be appended as {@link ElementCodec} writes it. */
  public void writeHeader(VersionHeader header, AvroOutput out) {
    HeaderCodec.writeDot(header.dot(), out);
    out.writeLong(header.committedAtMicros()).writeLong(header.weight());
    HeaderCodec.writeVector(header.vector(), out);
    HeaderCodec.writeHash(header.hash(), out);
    HeaderCodec.writeHash(header.replaced(), out);
    out.writeBoolean(header.lost());
    ElementCodec.writeStrings(header.alteredLabels(), out);
    ElementCodec.writeStrings(header.alteredProperties(), out);
  }

  public void write(ElementVersion version, AvroOutput out) {
    writeHeader(version.header(), out);
    elements.writeState(version.state(), out);
  }

  /**
   * Reads all but the state, at which the cursor then stands.
   *
   * @throws MalformedRecordException if the bytes are not an element version
   */
  public VersionHeader readHeader(AvroInput in) {
    Dot dot = headers.readDot(in);
    long committedAtMicros = in.readLong();
    long weight = in.readLong();
    VersionVector vector = headers.readVector(in);
    Optional<ElementHash> hash = HeaderCodec.readHash(in);
    Optional<ElementHash> replaced = HeaderCodec.readHash(in);
    boolean lost = in.readBoolean();
    return new VersionHeader(
        dot,
        committedAtMicros,
        weight,
        vector,
        hash,
        replaced,
        lost,
        HeaderCodec.readStrings(in),
        HeaderCodec.readStrings(in));
  }

  /**
   * Reads a whole version.
   *
   * @throws MalformedRecordException if the bytes are not a version of this element
   */
  public ElementVersion read(ElementId id, AvroInput in) {
    VersionHeader header = readHeader(in);
    Optional<Element> state = elements.readState(in);
    in.expectEnd();
    try {
      return new ElementVersion(id, header, state);
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
  }
}
