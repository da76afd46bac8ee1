package dev.varve.streams;

import dev.varve.change.Watermark;
import dev.varve.graph.ElementId;
import dev.varve.topology.ElementVersion;
import dev.varve.wire.RecordKind;
import dev.varve.wire.VersionCodec;
import dev.varve.wire.WatermarkCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Records of a topology table, read as the compactor reads them. */
final class TableReader {

  /** What stands in a table. */
  sealed interface Row {}

  record VersionRow(String key, ElementVersion version) implements Row {}

  record WatermarkRow(String key, Watermark watermark) implements Row {}

  private final Wire wire;
  private final VersionCodec versions = new VersionCodec();
  private final WatermarkCodec watermarks = new WatermarkCodec();

  TableReader(Wire wire) {
    this.wire = wire;
  }

  Row read(byte[] key, byte[] value) {
    String text = new String(key, StandardCharsets.UTF_8);
    Wire.Body body = wire.open(value);
    if (body.kind() == RecordKind.WATERMARK) {
      return new WatermarkRow(text, watermarks.read(body.input()));
    }
    int bang = text.indexOf('!');
    ElementId id = ElementId.parse(bang < 0 ? text : text.substring(0, bang));
    return new VersionRow(text, versions.read(id, body.input()));
  }

  static List<VersionRow> versions(List<Row> rows) {
    List<VersionRow> versions = new ArrayList<>();
    for (Row row : rows) {
      if (row instanceof VersionRow version) {
        versions.add(version);
      }
    }
    return versions;
  }

  static List<Watermark> watermarks(List<Row> rows) {
    List<Watermark> watermarks = new ArrayList<>();
    for (Row row : rows) {
      if (row instanceof WatermarkRow watermark) {
        watermarks.add(watermark.watermark());
      }
    }
    return watermarks;
  }

  /** Each row in a few letters: {@code v1@5}, {@code v1-@6} (removed), {@code w5:1}. */
  static List<String> brief(List<Row> rows) {
    List<String> brief = new ArrayList<>();
    for (Row row : rows) {
      if (row instanceof VersionRow version) {
        brief.add(
            version.key()
                + (version.version().header().removed() ? "-" : "")
                + "@"
                + version.version().header().dot().seq());
      } else if (row instanceof WatermarkRow watermark) {
        brief.add("w" + watermark.watermark().seq() + ":" + watermark.watermark().versions());
      }
    }
    return brief;
  }
}
