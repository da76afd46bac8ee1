package dev.varve.archive;

import dev.varve.wire.AvroInput;

/** Passes over encoded parts of versions. */
final class AvroSkips {

  private AvroSkips() {}

  static void string(AvroInput in) {
    in.skip(in.readInt());
  }

  static void strings(AvroInput in) {
    for (int count = in.readBlockCount(); count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        string(in);
      }
    }
  }

  /** A version vector: an array of sites and numbers. */
  static void vector(AvroInput in) {
    for (int count = in.readBlockCount(); count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        string(in);
        in.readLong();
      }
    }
  }
}
