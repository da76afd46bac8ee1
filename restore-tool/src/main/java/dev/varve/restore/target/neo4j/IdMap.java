package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.target.LongFile;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Which id the target gave to which vertex, both ways. Lives in mapped files: a graph of a hundred
 * million vertices takes 2.4 GB of disk and whatever memory is free.
 *
 * <p>Originals are added in rising order by one thread; ids of the target may be put to any
 * position by any thread; look-ups begin when all are put.
 */
final class IdMap implements AutoCloseable {

  private final LongFile originals;
  private final LongFile targets;

  /** Indexed by the target's id: the original plus one, so that zero stands for none. */
  private final LongFile back;

  private long size;

  IdMap(Path directory) {
    originals = LongFile.create(directory, "originals");
    targets = LongFile.create(directory, "targets");
    back = LongFile.create(directory, "back");
  }

  /** Adds the next vertex and returns its position. */
  long add(String id) {
    long original = parse(id);
    if (size > 0 && originals.get(size - 1) >= original) {
      throw new IllegalStateException("vertices must come in order, got " + id);
    }
    originals.set(size, original);
    return size++;
  }

  void put(long position, long target) {
    targets.set(position, target);
    back.set(target, originals.get(position) + 1);
  }

  long size() {
    return size;
  }

  /** The target's id of a vertex; absent if there is no such vertex. */
  OptionalLong target(String id) {
    long original = parse(id);
    long low = 0;
    long high = size - 1;
    while (low <= high) {
      long middle = (low + high) >>> 1;
      long found = originals.get(middle);
      if (found == original) {
        return OptionalLong.of(targets.get(middle));
      }
      if (found < original) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return OptionalLong.empty();
  }

  /** The original id behind a target's id; absent if the restore did not write it. */
  OptionalLong original(long target) {
    long found = back.get(target);
    return found == 0 ? OptionalLong.empty() : OptionalLong.of(found - 1);
  }

  private static long parse(String id) {
    try {
      long number = Long.parseLong(id);
      if (number >= 0 && Long.toString(number).equals(id)) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new VarveException(
        ExitCode.FAILED,
        "vertex id '" + id + "' is not a decimal number from 0 to 2^63 - 1",
        "restore into the kind of store that the chain comes from, or into dir:<path>");
  }

  @Override
  public void close() {
    originals.close();
    targets.close();
    back.close();
  }
}
