package dev.varve.streams;

import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.VersionVector;
import dev.varve.change.Watermark;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.RecordKind;
import dev.varve.wire.SweepCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Records of the changes topic, made by hand. Not thread-safe. */
final class ChangesLog {

  /** A record before it has a partition. */
  record Entry(byte[] key, byte[] value) {}

  private final Wire wire;
  private final ChangeCodec changes = new ChangeCodec();
  private final SweepCodec sweeps = new SweepCodec();
  private final WatermarkCodec watermarks = new WatermarkCodec();
  private final ElementHasher hasher = new ElementHasher();
  private final AvroOutput out = new AvroOutput();

  ChangesLog(Wire wire) {
    this.wire = wire;
  }

  /** An element's state with one number in it. */
  static Element state(ElementId id, long number) {
    Map<String, Value> properties = Map.of("number", new Value.Int(number, Value.IntWidth.INT64));
    return id.kind() == ElementKind.VERTEX
        ? Vertex.of(Set.of("Thing"), properties)
        : Edge.of("KNOWS", "1", "2", properties);
  }

  Entry put(ElementId id, Site site, long seq, long index, VersionVector seen) {
    return change(id, new Dot(site, seq, index), seen, Optional.of(state(id, seq)));
  }

  Entry put(ElementId id, Site site, long seq) {
    return put(id, site, seq, 0, VersionVector.EMPTY);
  }

  Entry remove(ElementId id, Site site, long seq) {
    return change(id, new Dot(site, seq, 0), VersionVector.EMPTY, Optional.empty());
  }

  Entry change(ElementId id, Dot dot, VersionVector seen, Optional<Element> state) {
    ChangeHeader header =
        new ChangeHeader(
            dot,
            dot.seq() * 1_000_000,
            seen,
            state.map(element -> hasher.hash(id, element)),
            List.of(),
            List.of());
    changes.write(new Change(id, header, state), out.clear());
    return new Entry(key(id.toString()), wire.frame(RecordKind.CHANGE, out));
  }

  Entry sweep(Site site, long seq, int index, ElementId first, ElementId last) {
    sweeps.write(new Sweep(site, seq, index, seq * 1_000_000, first, last), out.clear());
    return new Entry(key("s" + site), wire.frame(RecordKind.SWEEP, out));
  }

  Entry watermark(Site site, long seq) {
    return watermark(site, seq, Optional.empty());
  }

  Entry watermark(Site site, long seq, Optional<Site> replaces) {
    watermarks.write(
        new Watermark(site, seq, seq * 1_000_000, 0, "neo4j:test", replaces), out.clear());
    return new Entry(key("w" + site), wire.frame(RecordKind.WATERMARK, out));
  }

  static byte[] key(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
