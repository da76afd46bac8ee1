package dev.varve.archive.s3;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLContext;

/**
 * Stands before an HTTP server and passes requests on, except for those that it was told to do harm
 * to. Each request has a connection of its own.
 */
final class FaultyProxy implements AutoCloseable {

  /** What happens to one request. */
  sealed interface Fault {}

  /** It never arrives. */
  record Lost() implements Fault {}

  /** It has its effect, but nobody hears of it. */
  record AnswerLost() implements Fault {}

  /** So much of the answer's body comes, then the connection ends. */
  record AnswerCut(int bodyBytes) implements Fault {}

  /** Answered by an error instead of passed on. */
  record Refused(int status, String code, String header) implements Fault {}

  /** It has its effect, but the answer is an error. */
  record RefusedAfter(int status, String code) implements Fault {}

  /** A bit of its body is turned over. */
  record BitFlipped() implements Fault {}

  /** Passed on after a while. */
  record Delayed(long ms) implements Fault {}

  /** Said to be done even if a condition was not met, as by a server that knows no conditions. */
  record ConditionIgnored() implements Fault {}

  /** Passed on while a test looks. */
  record Meanwhile(Runnable action) implements Fault {}

  private record Rule(Pattern requests, Deque<Fault> faults) {}

  private static final Pattern LENGTH = Pattern.compile("(?im)^content-length: *(\\d+)");

  private final String scheme;
  private final ServerSocket listening;
  private final URI server;
  private final List<String> requests = new ArrayList<>();
  private final List<Rule> rules = new ArrayList<>();

  private FaultyProxy(String scheme, ServerSocket listening, URI server) {
    this.scheme = scheme;
    this.listening = listening;
    this.server = server;
  }

  static FaultyProxy start(URI server) throws IOException {
    return start("http", ServerSocketFactory.getDefault(), server);
  }

  /** Speaks TLS with its clients. */
  static FaultyProxy startTls(SSLContext tls, URI server) throws IOException {
    return start("https", tls.getServerSocketFactory(), server);
  }

  private static FaultyProxy start(String scheme, ServerSocketFactory sockets, URI server)
      throws IOException {
    ServerSocket listening = sockets.createServerSocket(0, 100, InetAddress.getLoopbackAddress());
    FaultyProxy proxy = new FaultyProxy(scheme, listening, server);
    proxy.daemon("proxy", proxy::accept);
    return proxy;
  }

  URI address() {
    return URI.create(scheme + "://127.0.0.1:" + listening.getLocalPort());
  }

  /** Does this to the next requests whose method, blank and target match. */
  synchronized void next(String request, Fault... faults) {
    rules.add(new Rule(Pattern.compile(request), new ArrayDeque<>(Arrays.asList(faults))));
  }

  /** Does this to all of them. */
  void every(String request, Fault fault) {
    Fault[] many = new Fault[1000];
    Arrays.fill(many, fault);
    next(request, many);
  }

  /** No more harm; what was counted is forgotten. */
  synchronized void calm() {
    rules.clear();
    requests.clear();
  }

  /** How many requests there were whose method, blank and target match. */
  synchronized long count(String request) {
    Pattern pattern = Pattern.compile(request);
    return requests.stream().filter(r -> pattern.matcher(r).matches()).count();
  }

  private synchronized Fault fault(String request) {
    requests.add(request);
    for (Rule rule : rules) {
      if (rule.requests().matcher(request).matches() && !rule.faults().isEmpty()) {
        return rule.faults().removeFirst();
      }
    }
    return new Delayed(0);
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        daemon("proxy-request", () -> serve(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      String head = head(in);
      if (head.isEmpty()) {
        return;
      }
      Matcher length = LENGTH.matcher(head);
      byte[] body = in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
      String request = head.substring(0, head.indexOf(" HTTP/"));
      answer(fault(request), head, body, client.getOutputStream());
    } catch (IOException | InterruptedException e) {
      // the client went away
    }
  }

  private void answer(Fault fault, String head, byte[] body, OutputStream out)
      throws IOException, InterruptedException {
    if (fault instanceof Refused refused) {
      out.write(error(refused.status(), refused.code(), refused.header(), head));
    } else if (fault instanceof RefusedAfter refused) {
      forward(head, body);
      out.write(error(refused.status(), refused.code(), "X-Nothing: 0", head));
    } else if (fault instanceof AnswerLost) {
      forward(head, body);
    } else if (fault instanceof AnswerCut cut) {
      byte[] response = forward(head, body);
      int bodyAt = indexOfBody(response);
      out.write(response, 0, Math.min(response.length, bodyAt + cut.bodyBytes()));
    } else if (fault instanceof BitFlipped) {
      body[body.length / 2] ^= 1;
      out.write(forward(head, body));
    } else if (fault instanceof ConditionIgnored) {
      byte[] response = forward(head, body);
      out.write(status(response) == 412 ? done(body) : response);
    } else if (fault instanceof Meanwhile meanwhile) {
      meanwhile.action().run();
      out.write(forward(head, body));
    } else if (fault instanceof Delayed delayed) {
      Thread.sleep(delayed.ms());
      out.write(forward(head, body));
    }
    out.flush();
  }

  private byte[] forward(String head, byte[] body) throws IOException {
    String alone = head.replaceAll("(?im)^connection:.*\r\n", "");
    alone = alone.substring(0, alone.length() - 2) + "Connection: close\r\n\r\n";
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      OutputStream out = socket.getOutputStream();
      out.write(alone.getBytes(StandardCharsets.ISO_8859_1));
      out.write(body);
      out.flush();
      return socket.getInputStream().readAllBytes();
    }
  }

  private static int status(byte[] response) {
    String line = new String(response, 0, 12, StandardCharsets.ISO_8859_1);
    return Integer.parseInt(line.substring(9, 12));
  }

  private static byte[] done(byte[] body) {
    return "HTTP/1.1 200 OK\r\nETag: \"%s\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        .formatted(Slice.Md5.of(body).hex())
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] error(int status, String code, String header, String head) {
    String xml =
        head.startsWith("HEAD ")
            ? ""
            : "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>as the test"
                    .formatted(code)
                + " wants it</Message></Error>";
    return ("HTTP/1.1 %d %s\r\nContent-Type: application/xml\r\n%s\r\nContent-Length: %d\r\n"
            + "Connection: close\r\n\r\n%s")
        .formatted(status, code, header, xml.length(), xml)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int matched = 0;
    while (matched < 4) {
      int b = in.read();
      if (b < 0) {
        return "";
      }
      head.write(b);
      matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  private static int indexOfBody(byte[] response) {
    return new String(response, StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n") + 4;
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
