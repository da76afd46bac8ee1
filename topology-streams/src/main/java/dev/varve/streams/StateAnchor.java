package dev.varve.streams;

import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.Position;

/**
 * A store that holds nothing and says that it is on disk.
 *
 * <p>Streams keeps a process's id, and with it the id of its transactions, only if a store is on
 * disk. Without that a killed instance comes back under another id, and its open transaction holds
 * up every reader until it times out.
 */
final class StateAnchor implements StateStore {

  static final String NAME = "anchor";

  private boolean open;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {
    open = true;
    context.register(root, (key, value) -> {});
  }

  @Override
  public void close() {
    open = false;
  }

  @Override
  public boolean persistent() {
    return true;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public Position getPosition() {
    return Position.emptyPosition();
  }
}
