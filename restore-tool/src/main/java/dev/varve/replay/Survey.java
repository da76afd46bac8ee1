package dev.varve.replay;

import dev.varve.archive.Reached;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import dev.varve.tail.SortEntry;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.topology.Fingerprint;
import dev.varve.wire.VersionCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What an advance comes to; if it is small enough, all of its elements too. */
final class Survey implements Newest.Receiver {

  private final Reached from;
  private final VersionVector to;
  private final boolean concurrent;
  private final long heldBytesMax;
  private final Optional<Origin>[] firstUncovered;
  private final Set<ElementId> contested = new HashSet<>();
  private final VersionCodec codec = new VersionCodec();
  private Fingerprint fingerprint;
  private @Nullable List<Advance.Changed> held = new ArrayList<>();
  private long heldBytes;
  private long elements;
  private long waiting;
  private boolean undecided;

  /**
   * @param concurrent whether versions that were applied have to be kept beside those that wait
   */
  @SuppressWarnings({"unchecked", "rawtypes"}) // an array of Optional
  Survey(Reached from, VersionVector to, boolean concurrent, int places, long heldBytesMax) {
    this.from = from;
    this.to = to;
    this.concurrent = concurrent;
    this.heldBytesMax = heldBytesMax;
    this.fingerprint = from.fingerprint();
    this.firstUncovered = new Optional[places];
    Arrays.fill(firstUncovered, Optional.empty());
  }

  @Override
  public boolean wants(byte kind) {
    return true;
  }

  @Override
  public void element(Newest.Element element) {
    undecided |= element.undecided();
    boolean waits = false;
    for (Newest.Seen seen : element.versions()) {
      if (!to.covers(seen.header().dot())) {
        waits = true;
        waiting++;
        uncovered(seen.origin());
      } else if (!from.vector().covers(seen.header().dot())) {
        fingerprint = fingerprint.after(seen.header());
      }
    }
    if (waits && concurrent) {
      contested.add(element.id());
    }
    element.changed().ifPresent(this::hold);
  }

  private void hold(Advance.Changed changed) {
    elements++;
    heldBytes += changed.encoded().length;
    if (heldBytes > heldBytesMax) {
      held = null;
    }
    if (held != null) {
      held.add(changed);
    }
  }

  /** Something of a place is beyond the cut. */
  void uncovered(Origin origin) {
    Optional<Origin> known = firstUncovered[origin.place()];
    if (known.isEmpty() || origin.offset() < known.get().offset()) {
      firstUncovered[origin.place()] = Optional.of(origin);
    }
  }

  /** Whether an entry of the sorter is still needed after the cut. */
  boolean stays(byte[] bytes, int at, VersionVector cut) {
    if (!cut.covers(codec.readHeader(SortEntry.body(bytes, at)).dot())) {
      return true;
    }
    ElementKind kind =
        SortEntry.kind(bytes, at) == SortEntry.VERTEX ? ElementKind.VERTEX : ElementKind.EDGE;
    return !contested.isEmpty() && contested.contains(new ElementId(kind, SortEntry.id(bytes, at)));
  }

  Optional<Origin>[] firstUncovered() {
    return firstUncovered;
  }

  Fingerprint fingerprint() {
    return fingerprint;
  }

  /** All changed elements, vertices first; absent if they are too large. */
  Optional<List<Advance.Changed>> held() {
    return Optional.ofNullable(held);
  }

  long elements() {
    return elements;
  }

  /** How many versions are beyond the cut. */
  long waiting() {
    return waiting;
  }

  boolean undecided() {
    return undecided;
  }
}
