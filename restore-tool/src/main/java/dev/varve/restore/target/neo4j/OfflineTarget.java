package dev.varve.restore.target.neo4j;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.TargetUri;

/** A Neo4j store that no server has open, by whatever implements {@link OfflineStore}. */
public final class OfflineTarget implements GraphTarget {

  private final TargetUri.Neo4jStore uri;
  private final OfflineStore store;
  private final OfflineStore.Place place;
  private final OfflineStore.Resources resources;
  private boolean replace;

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
    return Standing.FRESH;
  }

  @Override
  public void write(LiveGraph graph, Progress progress) {
    store.load(place, graph, replace, resources, progress);
  }

  @Override
  public ReadBack readBack(Progress progress) {
    return store.readBack(place, resources, progress);
  }

  @Override
  public void finish(boolean good, Progress progress) {
    if (good) {
      store.finish(place);
    }
  }

  @Override
  public void close() {
    // the store holds nothing open between calls
  }
}
