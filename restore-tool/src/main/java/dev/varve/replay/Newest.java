package dev.varve.replay;

import dev.varve.change.VersionVector;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import dev.varve.tail.SortEntry;
import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds, of each element that has versions between two cuts, the one that it has at the second.
 *
 * <p>A version that did not lose when it was folded is newer than everything before it in its
 * partition, and so than what the standby has, unless something that came after it was applied
 * already; that is kept and seen here too. One that lost did so against what the standby has, and
 * is passed over; unless it may have lost against a version that is not in the cut: then nobody can
 * tell from here, and the element is undecided until a later cut.
 */
final class Newest {

  private final VersionVector from;
  private final VersionVector to;
  private final boolean inLine;
  private final Receiver receiver;
  private final VersionCodec codec = new VersionCodec();

  // the element at which it stands
  private final List<Seen> group = new ArrayList<>();
  private byte[] first = new byte[512];
  private byte[] newestState = new byte[0];
  private @Nullable Seen newest;

  /** Takes what is found. */
  interface Receiver {
    boolean wants(byte kind);

    void element(Element element);
  }

  /** A version, without its state. */
  record Seen(VersionHeader header, Origin origin) {}

  /**
   * An element.
   *
   * @param versions all that are here, oldest first
   * @param changed what it is at the second cut, if that is another than at the first
   * @param undecided whether that cannot be told
   */
  record Element(
      ElementId id, List<Seen> versions, Optional<Advance.Changed> changed, boolean undecided) {}

  /**
   * @param inLine whether each version here took the place of the one before: none is missing, and
   *     none was concurrent with another
   */
  Newest(VersionVector from, VersionVector to, boolean inLine, Receiver receiver) {
    this.from = from;
    this.to = to;
    this.inLine = inLine;
    this.receiver = receiver;
  }

  void run(VersionSorter.Merge merge) throws IOException {
    while (merge.next()) {
      byte[] bytes = merge.bytes();
      int at = merge.at();
      if (!receiver.wants(SortEntry.kind(bytes, at))) {
        continue;
      }
      if (!group.isEmpty() && !SortEntry.sameElement(first, 0, bytes, at)) {
        finish();
      }
      if (group.isEmpty()) {
        remember(bytes, at);
      }
      AvroInput body = SortEntry.body(bytes, at);
      Seen seen = new Seen(codec.readHeader(body), SortEntry.origin(bytes, at));
      if (!group.isEmpty()
          && group.get(group.size() - 1).header().dot().equals(seen.header().dot())) {
        continue; // the same once more
      }
      group.add(seen);
      if (to.covers(seen.header().dot())) {
        newest = seen;
        newestState =
            seen.header().removed()
                ? new byte[0]
                : Arrays.copyOfRange(
                    body.array(), body.position(), body.position() + body.remaining());
      }
    }
    finish();
  }

  private void remember(byte[] bytes, int at) {
    int length = SortEntry.totalLength(bytes, at);
    if (first.length < length) {
      first = new byte[length * 2];
    }
    System.arraycopy(bytes, at, first, 0, length);
  }

  private void finish() {
    if (group.isEmpty()) {
      return;
    }
    ElementKind kind =
        SortEntry.kind(first, 0) == SortEntry.VERTEX ? ElementKind.VERTEX : ElementKind.EDGE;
    ElementId id = new ElementId(kind, SortEntry.id(first, 0));
    Seen found = newest;
    Optional<Advance.Changed> changed = Optional.empty();
    boolean undecided = false;
    if (found != null && !from.covers(found.header().dot())) {
      if (found.header().lost()) {
        undecided = mayHaveLostOutside(found);
      } else {
        changed = Optional.of(new Advance.Changed(id, newestState, same()));
      }
    }
    receiver.element(new Element(id, List.copyOf(group), changed, undecided));
    group.clear();
    newest = null;
    newestState = new byte[0];
  }

  /** What is greater and was folded before it, but is not in the cut. */
  private boolean mayHaveLostOutside(Seen found) {
    boolean greater = false;
    for (Seen seen : group) {
      if (seen.header().dot().equals(found.header().dot())) {
        greater = true;
      } else if (greater
          && !seen.header().lost()
          && seen.origin().offset() < found.origin().offset()) {
        return true;
      }
    }
    return false;
  }

  /** A store may use an id again for an element of another type, but not without removing one. */
  private boolean same() {
    return inLine
        && group.stream()
            .map(Seen::header)
            .filter(
                header -> to.covers(header.dot()) && !from.covers(header.dot()) && !header.lost())
            .allMatch(
                header ->
                    header.replaced().isPresent()
                        && !header.removed()
                        && from.seqs().containsKey(header.dot().site()));
  }
}
