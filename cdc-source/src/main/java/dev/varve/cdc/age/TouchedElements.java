package dev.varve.cdc.age;

import dev.varve.graph.ElementKind;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The elements that one transaction touched, each once, in the order of their graphids. What does
 * not fit on the heap goes into files, each sorted, which are merged when they are read.
 */
final class TouchedElements implements AutoCloseable {

  private final long bytesMax;
  private final TreeMap<Long, Touched> newest = new TreeMap<>();
  private final List<Run> runs = new ArrayList<>(); // oldest first
  private long bytes;

  /** A sorted file of what was touched for a while. */
  private record Run(FileChannel file, List<Range> dropped) {}

  private record Range(long first, long last) {
    boolean includes(long id) {
      return first <= id && id <= last;
    }
  }

  TouchedElements(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  void add(Touched touched) {
    Touched earlier = newest.get(touched.id());
    Touched whole = earlier == null ? touched : earlier.then(touched);
    newest.put(touched.id(), whole);
    bytes += whole.bytes() - (earlier == null ? 0 : earlier.bytes());
    if (bytes > bytesMax) {
      spill();
    }
  }

  /** Forgets what was done to the elements of a range: they were removed together. */
  void drop(long first, long last) {
    newest.subMap(first, true, last, true).clear();
    bytes = 0;
    newest.values().forEach(touched -> bytes += touched.bytes());
    runs.forEach(run -> run.dropped().add(new Range(first, last)));
  }

  boolean isEmpty() {
    return newest.isEmpty() && runs.isEmpty();
  }

  /** All of them; nothing may be added any more. */
  Iterator<Touched> iterator() {
    if (runs.isEmpty()) {
      return newest.values().iterator();
    }
    List<Source> sources = new ArrayList<>();
    runs.forEach(run -> sources.add(new Source(new RunReader(run))));
    sources.add(new Source(newest.values().iterator()));
    return new Merge(sources);
  }

  @Override
  public void close() {
    for (Run run : runs) {
      try {
        run.file().close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    runs.clear();
    newest.clear();
  }

  private void spill() {
    try {
      Path path = Files.createTempFile("varve-transaction", ".tmp");
      FileChannel file =
          FileChannel.open(
              path,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
      runs.add(new Run(file, new ArrayList<>()));
      DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(file), 1 << 16));
      for (Touched touched : newest.values()) {
        write(touched, out);
      }
      out.flush();
      newest.clear();
      bytes = 0;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot put a large transaction into a temporary file", e);
    }
  }

  private static void write(Touched touched, DataOutputStream out) throws IOException {
    out.writeLong(touched.id());
    out.writeByte(touched.kind().code());
    out.writeBoolean(touched.existed());
    write(touched.before(), out);
    write(touched.after(), out);
  }

  private static void write(Touched.@Nullable Image image, DataOutputStream out)
      throws IOException {
    out.writeBoolean(image != null);
    if (image != null) {
      writeText(image.properties(), out);
      out.writeBoolean(image.start() != null);
      if (image.start() != null && image.end() != null) {
        writeText(image.start(), out);
        writeText(image.end(), out);
      }
    }
  }

  private static void writeText(String text, DataOutputStream out) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  /** Reads a run from its beginning. */
  private static final class RunReader implements Iterator<Touched> {

    private final Run run;
    private final DataInputStream in;
    private final long length;
    private @Nullable Touched next;

    RunReader(Run run) {
      this.run = run;
      try {
        length = run.file().size();
        run.file().position(0);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      in =
          new DataInputStream(
              new BufferedInputStream(Channels.newInputStream(run.file()), 1 << 16));
      next = length == 0 ? null : read();
    }

    @Override
    public boolean hasNext() {
      return next != null;
    }

    @Override
    public Touched next() {
      Touched result = next;
      if (result == null) {
        throw new NoSuchElementException();
      }
      next = read();
      return result;
    }

    /** The next one that was not dropped later; null at the end. */
    private @Nullable Touched read() {
      try {
        while (true) {
          in.mark(1);
          if (in.read() < 0) {
            return null;
          }
          in.reset();
          Touched touched = one();
          if (run.dropped().stream().noneMatch(range -> range.includes(touched.id()))) {
            return touched;
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read a large transaction back", e);
      }
    }

    private Touched one() throws IOException {
      long id = in.readLong();
      ElementKind kind = ElementKind.ofCode((char) in.readByte());
      boolean existed = in.readBoolean();
      Touched.Image before = image();
      return new Touched(id, kind, existed, before, image());
    }

    private Touched.@Nullable Image image() throws IOException {
      if (!in.readBoolean()) {
        return null;
      }
      String properties = text();
      if (!in.readBoolean()) {
        return new Touched.Image(properties, null, null);
      }
      String start = text();
      return new Touched.Image(properties, start, text());
    }

    private String text() throws IOException {
      return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }
  }

  /** A sorted sequence whose head can be looked at. */
  private static final class Source {

    private final Iterator<Touched> rest;
    private @Nullable Touched head;

    Source(Iterator<Touched> rest) {
      this.rest = rest;
      advance();
    }

    void advance() {
      head = rest.hasNext() ? rest.next() : null;
    }
  }

  /** Merges sources, the oldest first; there are few of them. */
  private static final class Merge implements Iterator<Touched> {

    private final List<Source> sources;

    Merge(List<Source> sources) {
      this.sources = sources;
    }

    @Override
    public boolean hasNext() {
      return sources.stream().anyMatch(source -> source.head != null);
    }

    @Override
    public Touched next() {
      long lowest = Long.MAX_VALUE;
      boolean any = false;
      for (Source source : sources) {
        if (source.head != null) {
          lowest = Math.min(lowest, source.head.id());
          any = true;
        }
      }
      if (!any) {
        throw new NoSuchElementException();
      }
      Touched merged = null;
      for (Source source : sources) {
        Touched head = source.head;
        if (head != null && head.id() == lowest) {
          merged = merged == null ? head : merged.then(head);
          source.advance();
        }
      }
      if (merged == null) {
        throw new IllegalStateException("no source has " + lowest);
      }
      return merged;
    }
  }
}
