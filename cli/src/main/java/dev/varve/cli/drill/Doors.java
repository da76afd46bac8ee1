package dev.varve.cli.drill;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * Through which a store is reached: clients by one of them, stages and observers by the other.
 *
 * @param clients can be shut alone, as before a planned switch
 */
record Doors(Proxy clients, Proxy stages) implements Closeable {

  static Doors to(InetSocketAddress target, Proxy.Slowness slowness) throws IOException {
    return new Doors(Proxy.to(target, slowness), Proxy.to(target, slowness));
  }

  /** Changes what becomes of what is sent through either. */
  void set(Proxy.Way next) {
    clients.set(next);
    stages.set(next);
  }

  @Override
  public void close() {
    clients.close();
    stages.close();
  }
}
