package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.CanonicalForm;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.topology.Fingerprint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongFunction;
import org.neo4j.batchimport.api.InputIterator;
import org.neo4j.batchimport.api.input.Collector;
import org.neo4j.batchimport.api.input.Group;
import org.neo4j.batchimport.api.input.Input;
import org.neo4j.batchimport.api.input.InputChunk;
import org.neo4j.batchimport.api.input.InputEntityVisitor;
import org.neo4j.internal.id.IdSequence;

/**
 * Reads every node and relationship of a store in parallel and hashes them, by the reader that
 * Neo4j copies and migrates stores with: it checks every chain of records that it follows.
 */
final class StoreScan {

  private static final int PROGRESS_STEP = 10_000;

  private final Input store;
  private final LongFunction<String> originals;
  private final int threads;
  private final Progress progress;

  /**
   * A scan.
   *
   * @param originals the ids under which vertices are hashed, by those that they have in the store
   */
  StoreScan(Input store, LongFunction<String> originals, int threads, Progress progress) {
    this.store = store;
    this.originals = originals;
    this.threads = threads;
    this.progress = progress;
  }

  ReadBack run() throws IOException {
    ExecutorService pool = Executors.newFixedThreadPool(threads, r -> new Thread(r, "read-back"));
    try (InputIterator nodes = store.nodes(Collector.STRICT).iterator();
        InputIterator relationships = store.relationships(Collector.STRICT).iterator()) {
      Sum vertices = inParallel(pool, ElementKind.VERTEX, nodes);
      Sum edges = inParallel(pool, ElementKind.EDGE, relationships);
      return new ReadBack(
          vertices.count, edges.count, vertices.fingerprint.plus(edges.fingerprint));
    } finally {
      pool.shutdownNow();
    }
  }

  private Sum inParallel(ExecutorService pool, ElementKind kind, InputIterator chunks) {
    List<Future<Sum>> parts = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      parts.add(pool.submit(() -> sum(kind, chunks)));
    }
    Sum total = Sum.NONE;
    for (Future<Sum> part : parts) {
      total = total.plus(result(part));
    }
    return total;
  }

  private Sum sum(ElementKind kind, InputIterator chunks) throws IOException {
    try (InputChunk chunk = chunks.newChunk();
        Hashing hashing = new Hashing(kind)) {
      while (chunks.next(chunk)) {
        while (chunk.next(hashing)) {
          // the visitor does the work
        }
      }
      return hashing.sum();
    }
  }

  private static Sum result(Future<Sum> part) {
    try {
      return part.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreadable(e);
    } catch (ExecutionException e) {
      throw unreadable(e.getCause() == null ? e : e.getCause());
    }
  }

  private static VarveException unreadable(Throwable cause) {
    return new VarveException(
        ExitCode.FAILED,
        "the store that was written cannot be read back: " + cause,
        "run the same restore again; it starts from the beginning",
        cause);
  }

  private record Sum(long count, Fingerprint fingerprint) {
    static final Sum NONE = new Sum(0, Fingerprint.EMPTY);

    Sum plus(Sum other) {
      return new Sum(count + other.count, fingerprint.plus(other.fingerprint));
    }
  }

  /** Gathers one element after the other and adds up their hashes. Serves one thread. */
  private final class Hashing extends InputEntityVisitor.Adapter {

    private final ElementKind kind;
    private final ElementHasher hasher = new ElementHasher();
    private final CanonicalForm form = new CanonicalForm();
    private final TreeSet<String> labels = new TreeSet<>();
    private final TreeMap<String, Value> properties = new TreeMap<>();
    private String id = "";
    private String type = "";
    private String start = "";
    private String end = "";
    private long count;
    private Fingerprint fingerprint = Fingerprint.EMPTY;

    Hashing(ElementKind kind) {
      this.kind = kind;
    }

    Sum sum() {
      progress.advance(count % PROGRESS_STEP);
      return new Sum(count, fingerprint);
    }

    @Override
    public boolean id(Object nodeId, Group group, IdSequence idSequence) {
      id = original(nodeId);
      return true;
    }

    private String original(Object nodeId) {
      return originals.apply(((Number) nodeId).longValue());
    }

    @Override
    public boolean labels(String[] names) {
      labels.addAll(Arrays.asList(names));
      return true;
    }

    @Override
    public boolean type(String name) {
      type = name;
      return true;
    }

    @Override
    public boolean startId(Object nodeId, Group group) {
      start = original(nodeId);
      return true;
    }

    @Override
    public boolean endId(Object nodeId, Group group) {
      end = original(nodeId);
      return true;
    }

    @Override
    public boolean property(String key, Object value) {
      properties.put(key, StoredValues.carried(value));
      return true;
    }

    @Override
    public void endOfEntity() {
      if (kind == ElementKind.VERTEX) {
        form.vertex().text(id).labels(labels).properties(properties);
      } else {
        form.edge().text(type).text(start).text(end).properties(properties);
      }
      fingerprint = fingerprint.plus(hasher.hash(form));
      labels.clear();
      properties.clear();
      if (++count % PROGRESS_STEP == 0) {
        progress.advance(PROGRESS_STEP);
      }
    }
  }
}
