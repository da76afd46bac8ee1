package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.target.neo4j.OfflineStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.neo4j.io.fs.DefaultFileSystemAbstraction;
import org.neo4j.io.fs.FileSystemAbstraction;
import org.neo4j.io.layout.Neo4jLayout;
import org.neo4j.io.locker.FileLockException;
import org.neo4j.io.locker.Locker;
import org.neo4j.kernel.internal.locker.GlobalLocker;

/**
 * Makes a Neo4j database with Neo4j's bulk importer, in a staging home inside the directory, and
 * puts it in place when it has been read back and found good. A database that is replaced stays
 * whole until then.
 *
 * <p>The directory is Neo4j's home: a server started with it serves the database. For a server that
 * keeps its data elsewhere, move {@code data/databases/<name>} and {@code data/transactions/<name>}
 * there while it is stopped; the files must belong to the server's user.
 */
public final class BulkStore implements OfflineStore {

  /** What Neo4j allows, less what has a meaning of its own. */
  private static final Pattern DATABASE = Pattern.compile("(?!system)[a-z][a-z0-9.-]{2,62}");

  @Override
  public Condition inspect(Place place) {
    return run(place, () -> new Staging(checked(place)).condition());
  }

  @Override
  public void load(
      Place place, LiveGraph graph, boolean replace, Resources resources, Progress progress) {
    Staging staging = new Staging(checked(place));
    locked(
        place,
        () -> {
          if (!replace && staging.occupied()) {
            throw occupied(place);
          }
          staging.clear();
          BulkImport.run(staging.home(), checked(place).database(), graph, resources, progress);
          progress.phase("schema", graph.schema().rules().size());
          createRules(graph.schema(), staging.home(), checked(place).database(), resources);
          progress.advance(graph.schema().rules().size());
          staging.noteLoaded();
          return true;
        });
  }

  @Override
  public ReadBack readBack(
      Place place, LongFunction<String> originals, Resources resources, Progress progress) {
    Staging staging = new Staging(checked(place));
    return locked(
        place,
        () -> {
          staging.requireLoaded();
          return ClosedStore.readBack(
              staging.home(), checked(place).database(), originals, resources, progress);
        });
  }

  @Override
  public void finish(Place place) {
    Staging staging = new Staging(checked(place));
    locked(
        place,
        () -> {
          staging.requireLoaded();
          staging.putInPlace();
          return true;
        });
  }

  /** Starting a server takes seconds: not for rules that the importer has made. */
  private static void createRules(
      StoreSchema schema, Path home, String database, Resources resources) {
    List<StoreSchema.Rule> rules =
        schema.rules().stream().filter(rule -> !TokenLookUps.isOne(rule)).toList();
    if (!rules.isEmpty()) {
      try (StagedServer server = StagedServer.open(home, database, resources)) {
        server.create(rules);
      }
    }
  }

  private static Place checked(Place place) {
    if (!DATABASE.matcher(place.database().toLowerCase(Locale.ROOT)).matches()) {
      throw new VarveException(
          ExitCode.USAGE,
          "'" + place.database() + "' cannot be the name of a Neo4j database",
          "give a name of 3 to 63 letters, digits, dots and dashes that begins with a letter");
    }
    return new Place(place.directory().toAbsolutePath(), place.database().toLowerCase(Locale.ROOT));
  }

  /** Does the work while no server, and no other restore, can open the directory. */
  private static <T> T locked(Place place, Callable<T> work) {
    return run(
        place,
        () -> {
          Path home = place.directory().toAbsolutePath();
          Files.createDirectories(Neo4jLayout.of(home).databasesDirectory());
          try (FileSystemAbstraction files = new DefaultFileSystemAbstraction();
              Locker lock = new GlobalLocker(files, Neo4jLayout.of(home))) {
            lock.checkLock();
            return work.call();
          }
        });
  }

  /** Everything that goes wrong becomes an error that an operator can act on. */
  private static <T> T run(Place place, Callable<T> work) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(BulkStore.class.getClassLoader());
    try {
      return work.call();
    } catch (Exception e) {
      throw explained(place, e);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static VarveException explained(Place place, Exception failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof VarveException known) {
        return known;
      } else if (cause instanceof FileLockException) {
        return new VarveException(
            ExitCode.FENCED,
            "a Neo4j server or another restore has " + place.directory() + " open",
            "stop the server first, or restore over bolt:// into a running one",
            failure);
      } else if (cause instanceof IOException || cause instanceof UncheckedIOException) {
        return new VarveException(
            ExitCode.FAILED,
            "cannot write a store in "
                + place.directory()
                + ": "
                + cause
                + ". What was there before is untouched",
            "see that there is room and that the directory may be written to, and run the same"
                + " restore again",
            failure);
      }
    }
    return new VarveException(
        ExitCode.FAILED,
        "Neo4j could not make a store in " + place.directory() + ": " + rootOf(failure),
        "what was there before is untouched; run the same restore again",
        failure);
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private static VarveException occupied(Place place) {
    return new VarveException(
        ExitCode.FAILED,
        "there is a database '" + place.database() + "' in " + place.directory() + " already",
        "restore into another directory, or say --overwrite to replace it once the restored one"
            + " has been found good");
  }
}
