package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.target.neo4j.OfflineStore.Condition;
import dev.varve.restore.target.neo4j.OfflineStore.Place;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a store is made before it is put in its place: a home of its own inside the place's
 * directory, {@code .varve-restore-<database>}.
 *
 * <p>Until {@link #putInPlace} nothing outside of it is touched, so a store in the place is either
 * the old one or a finished one. A note in the home, {@code good}, tells that putting in place has
 * begun: from then on what stands in the place is ours, whole or not. The home goes last.
 */
final class Staging {

  private static final String GOOD = "good";
  private static final String LOADED = "loaded";

  private final Place place;
  private final Path home;

  Staging(Place place) {
    this.place = place;
    this.home = place.directory().resolve(".varve-restore-" + place.database());
  }

  /** Neo4j's home while the store is made. */
  Path home() {
    return home;
  }

  Condition condition() {
    if (lockHeld()) {
      return Condition.IN_USE;
    } else if (occupied()) {
      return Condition.OCCUPIED; // whatever is staged beside it
    }
    return Files.exists(home) ? Condition.UNFINISHED : Condition.EMPTY;
  }

  /**
   * Whether there are files of a database of this name, other than what a torn move of ours left.
   */
  boolean occupied() {
    return !Files.exists(home.resolve(GOOD))
        && Stream.of(databaseIn(place.directory()), transactionsIn(place.directory()))
            .anyMatch(Staging::holdsAnything);
  }

  /** Begins with an empty home. */
  void clear() throws IOException {
    if (Files.exists(home.resolve(GOOD))) {
      delete(databaseIn(place.directory()));
      delete(transactionsIn(place.directory()));
    }
    delete(home);
    Files.createDirectories(home);
  }

  void noteLoaded() throws IOException {
    Files.createFile(home.resolve(LOADED));
  }

  void requireLoaded() {
    if (!Files.exists(home.resolve(LOADED))) {
      throw new VarveException(
          ExitCode.FAILED,
          "there is no loaded store in " + home,
          "run the restore from its beginning");
    }
  }

  /** Moves the database from its home to the place, which replaces what is there. */
  void putInPlace() throws IOException {
    Path replaced = home.resolve("replaced");
    Files.createDirectories(replaced);
    if (!Files.exists(home.resolve(GOOD))) {
      moveAway(databaseIn(place.directory()), replaced.resolve("database"));
      moveAway(transactionsIn(place.directory()), replaced.resolve("transactions"));
      Files.createFile(home.resolve(GOOD));
    }
    move(transactionsIn(home), transactionsIn(place.directory()));
    move(databaseIn(home), databaseIn(place.directory()));
    sync(transactionsIn(place.directory()).getParent());
    sync(databaseIn(place.directory()).getParent());
    deleteLast();
  }

  private void moveAway(Path from, Path to) throws IOException {
    if (Files.exists(from)) {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static void move(Path from, @Nullable Path to) throws IOException {
    if (to == null || !Files.exists(from)) {
      return; // moved by an earlier run
    }
    Files.createDirectories(to.resolveSibling("."));
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw new VarveException(
          ExitCode.FAILED,
          to
              + " is on another file system than "
              + from
              + ". The restored store is whole in the"
              + " latter",
          "restore into a directory on one file system, then copy data/ to where it belongs",
          e);
    }
  }

  /** The note that the place is ours has to outlive everything else in the home. */
  private void deleteLast() throws IOException {
    try (Stream<Path> children = Files.list(home)) {
      for (Path child : children.toList()) {
        if (!child.endsWith(GOOD)) {
          delete(child);
        }
      }
    }
    delete(home);
  }

  private Path databaseIn(Path neo4jHome) {
    return neo4jHome.resolve("data").resolve("databases").resolve(place.database());
  }

  private Path transactionsIn(Path neo4jHome) {
    return neo4jHome.resolve("data").resolve("transactions").resolve(place.database());
  }

  private static boolean holdsAnything(Path path) {
    if (!Files.exists(path)) {
      return false;
    }
    if (!Files.isDirectory(path)) {
      return true;
    }
    try (Stream<Path> children = Files.list(path)) {
      return children.findAny().isPresent();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    List<Path> files;
    try (Stream<Path> tree = Files.walk(path)) {
      files = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }

  private static void sync(@Nullable Path directory) throws IOException {
    if (directory != null) {
      try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  /** A server that runs holds this lock in its data directory; looking for it leaves no trace. */
  private boolean lockHeld() {
    Path lockFile = storeLock();
    if (!Files.exists(lockFile)) {
      return false;
    }
    try (FileChannel channel =
            FileChannel.open(lockFile, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
        FileLock lock = channel.tryLock()) {
      return lock == null;
    } catch (OverlappingFileLockException e) {
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path storeLock() {
    return place.directory().resolve("data").resolve("databases").resolve("store_lock");
  }
}
