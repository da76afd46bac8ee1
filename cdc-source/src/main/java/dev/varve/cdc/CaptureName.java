package dev.varve.cdc;

import java.util.Map;

/**
 * What the capture of a graph's site is called in Kafka, whatever store it reads.
 *
 * @param site without its incarnation
 */
record CaptureName(String graph, String site) {

  /** The name of the connector: the keys in the offsets topic begin with it. */
  String connector() {
    return "varve." + graph + "." + site;
  }

  /** Whoever starts a producer with this id fences the one before. */
  String transactionalId() {
    return connector() + ".capture";
  }

  /** The key of where it stands. */
  byte[] positionKey(OffsetCodec codec) {
    return codec.key(connector(), Map.of("graph", graph, "site", site));
  }

  /** The key of which process it is. */
  byte[] ownerKey(OffsetCodec codec) {
    return codec.key(connector(), Map.of("owner", "capture"));
  }

  /** The key of the site's {@link Promotion}. */
  byte[] promotionKey(OffsetCodec codec) {
    return codec.key(connector(), Map.of("promotion", "site"));
  }
}
