// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.neo4j.plugin.CdcException.Code;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.neo4j.common.DependencyResolver;
import org.neo4j.internal.id.IdGeneratorFactory;
import org.neo4j.internal.kernel.api.EntityCursor;
import org.neo4j.internal.kernel.api.NodeCursor;
import org.neo4j.internal.kernel.api.PropertyCursor;
import org.neo4j.internal.kernel.api.RelationshipScanCursor;
import org.neo4j.internal.kernel.api.TokenSet;
import org.neo4j.internal.recordstorage.RecordIdType;
import org.neo4j.kernel.api.KernelTransaction;
import org.neo4j.procedure.TerminationGuard;
import org.neo4j.storageengine.api.PropertySelection;

/**
 * Reads all elements of a kind in the order of their ids while others write.
 *
 * <p>What it finds of an element is of some moment since the scan began, perhaps of two: the log
 * from before the scan has every element that changed meanwhile as it is after, and is read next.
 */
final class ScanRows implements RowSource<ScanRow> {

  /** How often an element is read anew that is changed while it is read. */
  private static final int READ_ATTEMPTS = 100;

  /** The pause before the second attempt; each further one is longer by as much. */
  private static final long PAUSE_NANOS = 100_000;

  /** After how many ids, used or not, it is asked whether the client still wants them. */
  private static final int IDS_BETWEEN_CHECKS = 1 << 14;

  private final KernelTransaction transaction;
  private final Tokens tokens;
  private final TerminationGuard guard;
  private final ElementKind kind;
  private final Site site;
  private final long seq;
  private final long committedAtMicros;
  private final int maxBytes;
  private final Batch batch;
  private final NodeCursor node;
  private final RelationshipScanCursor relationship;
  private final PropertyCursor properties;
  private final long endId;

  private long nextId;
  private long rowsLeft;
  private boolean done;

  ScanRows(
      DependencyResolver database,
      KernelTransaction transaction,
      Tokens tokens,
      ElementKind kind,
      long fromId,
      Options options,
      TerminationGuard guard) {
    this.transaction = transaction;
    this.tokens = tokens;
    this.guard = guard;
    this.kind = kind;
    this.site = options.site();
    this.seq = options.number("seq", null, 0, Long.MAX_VALUE);
    this.committedAtMicros = options.number("committedAt", null, Long.MIN_VALUE, Long.MAX_VALUE);
    this.maxBytes = options.maxBytes();
    this.rowsLeft = options.maxRows();
    this.batch = new Batch(options.seen());
    this.nextId = fromId;
    this.endId =
        database
            .resolveDependency(IdGeneratorFactory.class)
            .get(kind == ElementKind.VERTEX ? RecordIdType.NODE : RecordIdType.RELATIONSHIP)
            .getHighId();
    var cursors = transaction.cursors();
    var context = transaction.cursorContext();
    var memory = transaction.memoryTracker();
    this.node = cursors.allocateFullAccessNodeCursor(context, memory);
    this.relationship = cursors.allocateFullAccessRelationshipScanCursor(context, memory);
    this.properties = cursors.allocateFullAccessPropertyCursor(context, memory);
  }

  @Override
  public @Nullable ScanRow next() {
    if (done || rowsLeft-- <= 0) {
      return null;
    }
    long elements = 0;
    while (nextId < endId && batch.lengthBytes() < maxBytes) {
      long id = nextId++;
      if (id % IDS_BETWEEN_CHECKS == 0) {
        guard.check();
      }
      Optional<Element> element = read(id);
      if (element.isPresent()) {
        add(id, element.get());
        elements++;
      }
    }
    done = nextId >= endId;
    return new ScanRow(done ? null : Long.valueOf(nextId), batch.take(), elements);
  }

  private void add(long id, Element element) {
    batch.change(
        new ElementId(kind, Long.toString(id)),
        new Dot(site, seq, id * 2 + (kind == ElementKind.EDGE ? 1 : 0)),
        committedAtMicros,
        Optional.of(element),
        List.of(),
        List.of());
  }

  /**
   * Reads an element, anew if it cannot be made sense of: a writer may be half-way through it, and
   * what is then found of its records may be anything.
   */
  private Optional<Element> read(long id) {
    for (int attempt = 1; ; attempt++) {
      try {
        return kind == ElementKind.VERTEX ? vertex(id) : edge(id);
      } catch (RuntimeException e) {
        guard.check();
        if (attempt == READ_ATTEMPTS) {
          throw new CdcException(
              Code.STORE_BROKEN,
              "The element " + kind.code() + id + " cannot be read: " + e.getMessage(),
              "Check the store's consistency with neo4j-admin database check.",
              e);
        }
        LockSupport.parkNanos(attempt * PAUSE_NANOS);
      }
    }
  }

  private Optional<Element> vertex(long id) {
    transaction.dataRead().singleNode(id, node);
    if (!node.next()) {
      return Optional.empty();
    }
    SortedSet<String> labels = new TreeSet<>();
    TokenSet tokenSet = node.labels();
    for (int i = 0; i < tokenSet.numberOfTokens(); i++) {
      labels.add(tokens.label(tokenSet.token(i)));
    }
    return Optional.of(new Vertex(labels, properties(node)));
  }

  private Optional<Element> edge(long id) {
    transaction.dataRead().singleRelationship(id, relationship);
    if (!relationship.next()) {
      return Optional.empty();
    }
    return Optional.of(
        new Edge(
            tokens.type(relationship.type()),
            Long.toString(relationship.sourceNodeReference()),
            Long.toString(relationship.targetNodeReference()),
            properties(relationship)));
  }

  private SortedMap<String, Value> properties(EntityCursor entity) {
    SortedMap<String, Value> result = new TreeMap<>();
    entity.properties(properties, PropertySelection.ALL_PROPERTIES);
    while (properties.next()) {
      result.put(tokens.key(properties.propertyKey()), StoredValues.of(properties.propertyValue()));
    }
    return result;
  }

  @Override
  public void close() {
    properties.close();
    relationship.close();
    node.close();
  }
}
