package dev.varve.cli.drill;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A door on loopback that a server is reached through, and that can be made to fail as a network
 * does.
 *
 * <p>Invariants: while it is {@link Way#SILENT} no byte passes and no connection breaks; what was
 * sent meanwhile passes when it is open again, as what is sent again after a partition does. Once
 * it is {@link Way#SHUT} every connection is broken, and new ones are broken as soon as they are
 * made.
 */
final class Proxy implements Closeable {

  /** What becomes of what is sent. */
  enum Way {
    /** It passes. */
    OPEN,
    /** It passes late and little by little. */
    SLOW,
    /** It goes nowhere, and nobody is told. */
    SILENT,
    /** Connections are broken. */
    SHUT
  }

  /**
   * How slow {@link Way#SLOW} is.
   *
   * @param delayMs of each piece
   * @param pieceBytes how much one piece is at most
   */
  record Slowness(long delayMs, int pieceBytes) {}

  private static final int PIECE_BYTES = 64 * 1024;
  private static final int CONNECT_WITHIN_MS = 5_000;

  private final InetSocketAddress target;
  private final Slowness slowness;
  private final ServerSocket listening;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Object changed = new Object();
  private Way way = Way.OPEN; // guarded by changed

  private Proxy(InetSocketAddress target, Slowness slowness, ServerSocket listening) {
    this.target = target;
    this.slowness = slowness;
    this.listening = listening;
  }

  /**
   * Opens the door.
   *
   * @param target where the server listens
   */
  static Proxy to(InetSocketAddress target, Slowness slowness) throws IOException {
    Proxy proxy =
        new Proxy(target, slowness, new ServerSocket(0, 0, InetAddress.getLoopbackAddress()));
    daemon("proxy-accept", proxy::accept);
    return proxy;
  }

  /** Such as {@code 127.0.0.1:41234}. */
  String address() {
    return "127.0.0.1:" + listening.getLocalPort();
  }

  Way way() {
    synchronized (changed) {
      return way;
    }
  }

  /** Changes what becomes of what is sent from now on. */
  void set(Way next) {
    synchronized (changed) {
      way = next;
      changed.notifyAll();
    }
    if (next == Way.SHUT) {
      open.forEach(Proxy::quietly);
    }
  }

  @Override
  public void close() {
    set(Way.SHUT);
    quietly(listening);
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        open.add(client);
        daemon("proxy-connect", () -> connect(client));
      } catch (IOException e) {
        // closed, or one client that was gone at once
      }
    }
  }

  private void connect(Socket client) {
    Socket server = new Socket();
    try {
      if (!passes()) {
        forget(client);
        return;
      }
      server.connect(target, CONNECT_WITHIN_MS);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      open.add(server);
      daemon("proxy-out", () -> pump(client, server));
      pump(server, client);
    } catch (IOException e) {
      forget(client);
      forget(server);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Until one side ends or breaks; then both are closed. */
  private void pump(Socket from, Socket to) {
    byte[] piece = new byte[PIECE_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int length = in.read(piece);
      while (length >= 0 && passes()) {
        pass(out, piece, length);
        length = in.read(piece);
      }
    } catch (IOException e) {
      // broken: so is the other side then
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      forget(from);
      forget(to);
    }
  }

  private void pass(OutputStream out, byte[] bytes, int length)
      throws IOException, InterruptedException {
    int from = 0;
    while (from < length) {
      int now = length - from;
      if (way() == Way.SLOW) {
        TimeUnit.MILLISECONDS.sleep(slowness.delayMs());
        now = Math.min(now, slowness.pieceBytes());
      }
      out.write(bytes, from, now);
      from += now;
    }
    out.flush();
  }

  /** Waits while it is silent; whether it is open then. */
  private boolean passes() throws InterruptedException {
    synchronized (changed) {
      while (way == Way.SILENT) {
        changed.wait();
      }
      return way != Way.SHUT;
    }
  }

  private void forget(Socket socket) {
    quietly(socket);
    open.remove(socket);
  }

  private static void quietly(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // it is gone in any case
    }
  }

  private static void daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }
}
