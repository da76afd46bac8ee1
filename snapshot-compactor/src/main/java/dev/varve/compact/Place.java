package dev.varve.compact;

/** One partition that the compactor reads. */
record Place(String topic, int partition) {
  @Override
  public String toString() {
    return topic + " partition " + partition;
  }
}
