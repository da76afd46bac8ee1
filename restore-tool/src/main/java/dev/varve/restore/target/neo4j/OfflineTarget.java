package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A Neo4j store that no server has open, by whatever implements {@link OfflineStore}. */
public final class OfflineTarget implements GraphTarget {

  private final TargetUri.Neo4jStore uri;
  private final OfflineStore store;
  private final OfflineStore.Place place;
  private final OfflineStore.Resources resources;
  private boolean replace;

  /** Only for the graph of another engine: Neo4j's own vertices keep their ids. */
  private Optional<IdMap> ids = Optional.empty();

  public OfflineTarget(
      TargetUri.Neo4jStore uri, OfflineStore store, OfflineStore.Resources resources) {
    this.uri = uri;
    this.store = store;
    this.resources = resources;
    place = new OfflineStore.Place(uri.directory(), uri.database());
  }

  @Override
  public String name() {
    return uri.toString();
  }

  /** A load that was interrupted begins anew: it takes less time than finding out what is there. */
  @Override
  public Standing open(RestoreIdentity restore, boolean overwrite, Progress progress) {
    switch (store.inspect(place)) {
      case EMPTY -> replace = false;
      case UNFINISHED -> replace = true;
      case OCCUPIED -> {
        if (!overwrite) {
          throw new VarveException(
              ExitCode.FAILED,
              "the target "
                  + name()
                  + " is not empty: it has a database '"
                  + place.database()
                  + "'",
              "name an empty directory, or say --overwrite to remove that database");
        }
        replace = true;
      }
      case IN_USE ->
          throw new VarveException(
              ExitCode.FAILED,
              "the target " + name() + " is in use by a server",
              "stop the server, or restore into it with bolt://host:port");
    }
    if (Engine.ofStores(List.of(restore.stores().split(","))) != Engine.NEO4J) {
      ids = Optional.of(new IdMap(Path.of(System.getProperty("java.io.tmpdir"))));
    }
    return Standing.FRESH;
  }

  @Override
  public void write(LiveGraph graph, Progress progress) {
    LiveGraph numbered = ids.isEmpty() ? graph : Renumbered.of(graph, ids.get(), progress);
    store.load(place, numbered, replace, resources, progress);
  }

  @Override
  public ReadBack readBack(Progress progress) {
    return store.readBack(place, this::original, resources, progress);
  }

  private String original(long vertex) {
    return Long.toString(ids.isEmpty() ? vertex : ids.get().original(vertex).orElseThrow());
  }

  @Override
  public void finish(boolean good, Progress progress) {
    if (good) {
      store.finish(place);
    }
  }

  @Override
  public void close() {
    ids.ifPresent(IdMap::close);
  }
}
