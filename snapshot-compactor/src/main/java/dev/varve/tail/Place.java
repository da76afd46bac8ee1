package dev.varve.tail;

/** One partition that the compactor reads. */
public record Place(String topic, int partition) {
  @Override
  public String toString() {
    return topic + " partition " + partition;
  }
}
