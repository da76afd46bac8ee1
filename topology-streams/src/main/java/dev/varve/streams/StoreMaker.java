package dev.varve.streams;

import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.StoreBuilder;

/** Makes one of the fold's stores; whether it is logged is fixed, and none has a cache. */
record StoreMaker<T extends StateStore>(String name, boolean loggingEnabled, Supplier<T> maker)
    implements StoreBuilder<T> {

  @Override
  public T build() {
    return maker.get();
  }

  /** Empty: the tables are created before Streams would. */
  @Override
  public Map<String, String> logConfig() {
    return Map.of();
  }

  @Override
  public StoreBuilder<T> withCachingEnabled() {
    throw new UnsupportedOperationException("every version has to reach the table");
  }

  @Override
  public StoreBuilder<T> withCachingDisabled() {
    return this;
  }

  @Override
  public StoreBuilder<T> withLoggingEnabled(Map<String, String> config) {
    throw new UnsupportedOperationException("logging is fixed");
  }

  @Override
  public StoreBuilder<T> withLoggingDisabled() {
    throw new UnsupportedOperationException("logging is fixed");
  }
}
