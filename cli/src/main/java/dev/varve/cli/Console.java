package dev.varve.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.varve.fault.ExitCode;
import dev.varve.restore.Progress;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What people and programs read: results on standard output, as text or as one JSON object;
 * progress on standard error, if that is a terminal.
 */
final class Console {

  private static final long REDRAW_MS = 200;
  private static final int WIDTH = 100;

  private final boolean json;
  private final PrintStream out;
  private final PrintStream err;
  private final boolean terminal = Boolean.getBoolean("varve.terminal");

  Console(boolean json, PrintStream out, PrintStream err) {
    this.json = json;
    this.out = out;
    this.err = err;
  }

  boolean json() {
    return json;
  }

  /** Whether standard error is a terminal. */
  boolean terminal() {
    return terminal;
  }

  /** A line for people; left out if the output is JSON. */
  void line(String format, Object... arguments) {
    if (!json) {
      clear();
      out.println(arguments.length == 0 ? format : String.format(Locale.ROOT, format, arguments));
    }
  }

  /** The result for programs; left out if the output is text. */
  void object(Map<String, ?> result) {
    if (json) {
      out.println(text(result));
      out.flush();
    }
  }

  /** Redraws the line of what is going on; only on a terminal. */
  void status(String text) {
    if (terminal) {
      String shown = text.length() > WIDTH ? text.substring(0, WIDTH) : text;
      err.print("\r" + shown + " ".repeat(WIDTH - shown.length()));
      err.flush();
    }
  }

  /** Takes the line of what is going on away. */
  void clear() {
    if (terminal) {
      err.print("\r" + " ".repeat(WIDTH) + "\r");
      err.flush();
    }
  }

  /** Says what went wrong and gives back the exit code. */
  int failure(Failure failure) {
    clear();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("error", failure.message());
      object.put("hint", failure.hint());
      object.put("exitCode", failure.exitCode().number());
      object(object);
    } else {
      err.println("ERROR: " + failure.message());
      err.println("HINT: " + failure.hint());
    }
    return failure.exitCode().number();
  }

  /** Draws how far a restore has come. */
  Progress progress() {
    return terminal ? new Drawn() : Progress.NONE;
  }

  private static String text(Map<String, ?> result) {
    try {
      return new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(result);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write " + result, e);
    }
  }

  private final class Drawn implements Progress {

    private String name = "";
    private long expected;
    private long done;
    private long drawnAt;

    @Override
    public synchronized void phase(String phase, long elements) {
      name = phase;
      expected = elements;
      done = 0;
      draw();
    }

    @Override
    public synchronized void advance(long more) {
      done += more;
      if (System.currentTimeMillis() - drawnAt >= REDRAW_MS) {
        draw();
      }
    }

    private void draw() {
      drawnAt = System.currentTimeMillis();
      status(
          expected <= 0
              ? name + " …"
              : String.format(
                  Locale.ROOT,
                  "%s %,d of about %,d (%d%%)",
                  name,
                  done,
                  expected,
                  Math.min(100, 100 * done / expected)));
    }
  }

  /** The number for the shell. */
  static int exit(ExitCode code) {
    return code.number();
  }
}
