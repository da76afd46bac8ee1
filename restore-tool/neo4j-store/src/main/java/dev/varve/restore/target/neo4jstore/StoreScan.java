package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.topology.Fingerprint;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.neo4j.exceptions.KernelException;
import org.neo4j.internal.kernel.api.Cursor;
import org.neo4j.internal.kernel.api.EntityCursor;
import org.neo4j.internal.kernel.api.NodeCursor;
import org.neo4j.internal.kernel.api.PartitionedScan;
import org.neo4j.internal.kernel.api.PropertyCursor;
import org.neo4j.internal.kernel.api.RelationshipScanCursor;
import org.neo4j.internal.kernel.api.TokenRead;
import org.neo4j.internal.kernel.api.security.LoginContext;
import org.neo4j.kernel.api.ExecutionContext;
import org.neo4j.kernel.api.KernelTransaction;
import org.neo4j.kernel.api.Statement;
import org.neo4j.kernel.impl.coreapi.InternalTransaction;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/** Reads every node and relationship through the kernel, in parallel, and hashes them. */
final class StoreScan {

  private static final int PARTITIONS_A_THREAD = 8;
  private static final int PROGRESS_STEP = 10_000;

  private final GraphDatabaseAPI database;
  private final int threads;
  private final Progress progress;

  StoreScan(GraphDatabaseAPI database, int threads, Progress progress) {
    this.database = database;
    this.threads = threads;
    this.progress = progress;
  }

  ReadBack run() {
    ExecutorService pool = Executors.newFixedThreadPool(threads, r -> new Thread(r, "read-back"));
    try (InternalTransaction tx =
        database.beginTransaction(KernelTransaction.Type.EXPLICIT, LoginContext.AUTH_DISABLED)) {
      KernelTransaction kernel = tx.kernelTransaction();
      return inStatement(pool, kernel);
    } finally {
      pool.shutdownNow();
    }
  }

  private ReadBack inStatement(ExecutorService pool, KernelTransaction kernel) {
    try (Statement statement = kernel.acquireStatement()) {
      int partitions = threads * PARTITIONS_A_THREAD;
      PartitionedScan<NodeCursor> nodes =
          kernel.dataRead().allNodesScan(partitions, kernel.cursorContext());
      PartitionedScan<RelationshipScanCursor> relationships =
          kernel.dataRead().allRelationshipsScan(partitions, kernel.cursorContext());
      Sum vertices = inParallel(pool, kernel, context -> sumNodes(nodes, context));
      Sum edges = inParallel(pool, kernel, context -> sumRelationships(relationships, context));
      return new ReadBack(
          vertices.count, edges.count, vertices.fingerprint.plus(edges.fingerprint));
    }
  }

  private interface Part {
    Sum sum(ExecutionContext context) throws KernelException;
  }

  private Sum inParallel(ExecutorService pool, KernelTransaction kernel, Part part) {
    List<Future<Sum>> parts = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      ExecutionContext context = kernel.createExecutionContext();
      parts.add(pool.submit(within(context, part)));
    }
    Sum total = Sum.NONE;
    for (Future<Sum> each : parts) {
      total = total.plus(result(each));
    }
    return total;
  }

  private static Callable<Sum> within(ExecutionContext context, Part part) {
    return () -> {
      try (context) {
        Sum sum = part.sum(context);
        context.complete();
        return sum;
      }
    };
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

  private Sum sumNodes(PartitionedScan<NodeCursor> scan, ExecutionContext context)
      throws KernelException {
    try (NodeCursor node =
            context.cursors().allocateNodeCursor(context.cursorContext(), context.memoryTracker());
        PropertyCursor property =
            context
                .cursors()
                .allocatePropertyCursor(context.cursorContext(), context.memoryTracker())) {
      TokenRead tokens = context.tokenRead();
      return sum(
          scan,
          node,
          context,
          hasher -> {
            TreeSet<String> labels = new TreeSet<>();
            for (int label : node.labels().all()) {
              labels.add(tokens.nodeLabelName(label));
            }
            return hasher.hash(
                ElementId.vertex(Long.toString(node.nodeReference())),
                new Vertex(labels, properties(node, property, tokens)));
          });
    }
  }

  private Sum sumRelationships(
      PartitionedScan<RelationshipScanCursor> scan, ExecutionContext context)
      throws KernelException {
    try (RelationshipScanCursor relationship =
            context
                .cursors()
                .allocateRelationshipScanCursor(context.cursorContext(), context.memoryTracker());
        PropertyCursor property =
            context
                .cursors()
                .allocatePropertyCursor(context.cursorContext(), context.memoryTracker())) {
      TokenRead tokens = context.tokenRead();
      return sum(
          scan,
          relationship,
          context,
          hasher ->
              hasher.hash(
                  ElementId.edge(Long.toString(relationship.relationshipReference())),
                  new Edge(
                      tokens.relationshipTypeName(relationship.type()),
                      Long.toString(relationship.sourceNodeReference()),
                      Long.toString(relationship.targetNodeReference()),
                      properties(relationship, property, tokens))));
    }
  }

  private interface Hash {
    ElementHash of(ElementHasher hasher) throws KernelException;
  }

  private <C extends Cursor> Sum sum(
      PartitionedScan<C> scan, C cursor, ExecutionContext context, Hash hash)
      throws KernelException {
    ElementHasher hasher = new ElementHasher();
    long count = 0;
    Fingerprint fingerprint = Fingerprint.EMPTY;
    while (scan.reservePartition(cursor, context)) {
      while (cursor.next()) {
        fingerprint = fingerprint.plus(hash.of(hasher));
        if (++count % PROGRESS_STEP == 0) {
          progress.advance(PROGRESS_STEP);
        }
      }
    }
    progress.advance(count % PROGRESS_STEP);
    return new Sum(count, fingerprint);
  }

  private static TreeMap<String, Value> properties(
      EntityCursor entity, PropertyCursor property, TokenRead tokens) throws KernelException {
    TreeMap<String, Value> properties = new TreeMap<>();
    entity.properties(property);
    while (property.next()) {
      properties.put(
          tokens.propertyKeyName(property.propertyKey()),
          StoredValues.carried(property.propertyValue()));
    }
    return properties;
  }

  private record Sum(long count, Fingerprint fingerprint) {
    static final Sum NONE = new Sum(0, Fingerprint.EMPTY);

    Sum plus(Sum other) {
      return new Sum(count + other.count, fingerprint.plus(other.fingerprint));
    }
  }
}
