package dev.varve.wire;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementId;
import java.util.List;
import java.util.Optional;

/**
 * Changes as {@code dev.varve.wire.Change}; the element id is the record's key. Not thread-safe.
 */
public final class ChangeCodec {

  private final HeaderCodec headers = new HeaderCodec();
  private final ElementCodec elements = new ElementCodec();

  public void write(Change change, AvroOutput out) {
    ChangeHeader header = change.header();
    HeaderCodec.writeDot(header.dot(), out);
    out.writeLong(header.committedAtMicros());
    HeaderCodec.writeVector(header.seen(), out);
    HeaderCodec.writeHash(header.hash(), out);
    ElementCodec.writeStrings(header.alteredLabels(), out);
    ElementCodec.writeStrings(header.alteredProperties(), out);
    elements.writeState(change.state(), out);
  }

  /**
   * Reads all but the state, at which the cursor then stands.
   *
   * @throws MalformedRecordException if the bytes are not a change
   */
  public ChangeHeader readHeader(AvroInput in) {
    Dot dot = headers.readDot(in);
    long committedAtMicros = in.readLong();
    VersionVector seen = headers.readVector(in);
    Optional<ElementHash> hash = HeaderCodec.readHash(in);
    List<String> alteredLabels = HeaderCodec.readStrings(in);
    List<String> alteredProperties = HeaderCodec.readStrings(in);
    return new ChangeHeader(dot, committedAtMicros, seen, hash, alteredLabels, alteredProperties);
  }

  /**
   * Reads a whole change.
   *
   * @throws MalformedRecordException if the bytes are not a change of this element
   */
  public Change read(ElementId id, AvroInput in) {
    ChangeHeader header = readHeader(in);
    Optional<Element> state = elements.readState(in);
    in.expectEnd();
    try {
      return new Change(id, header, state);
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
  }
}
