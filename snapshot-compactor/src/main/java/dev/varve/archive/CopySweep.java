package dev.varve.archive;

import dev.varve.archive.Repository.Listed;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes from a copy what is no longer part of the chain. */
final class CopySweep {

  private static final Logger LOG = LoggerFactory.getLogger(CopySweep.class);

  private final Repository source;
  private final Repository destination;
  private final String graph;
  private long removed;

  CopySweep(Repository source, Repository destination, String graph) {
    this.source = source;
    this.destination = destination;
    this.graph = graph;
  }

  /**
   * Removes what has expired, objects before the entry that names them, and what a copy that was
   * cut off left. What cannot be removed, because a lock holds it, stays until another time.
   *
   * @param ledger is in the destination
   * @return how many objects
   */
  long run(Ledger ledger) throws IOException {
    try {
      for (Listed listed :
          Transfer.insist(
              "list " + destination.location(),
              () -> destination.list(Keys.manifests(graph), ""))) {
        OptionalLong number = Keys.manifestNumber(listed.key());
        if (number.isPresent() && ledger.isExpired(number.getAsLong())) {
          removeEntry(listed.key());
        }
      }
      removeOrphans();
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) { // such as an object lock; the copy is complete all the same
      LOG.warn("{}: what has expired stays until the next ledger: {}", graph, e.toString());
    }
    return removed;
  }

  private void removeEntry(String key) throws IOException {
    try {
      byte[] bytes = Transfer.insist("read " + key, () -> Transfer.bytesOf(destination, key));
      if (Chain.Tip.of(key, bytes).entry() instanceof Manifest manifest) {
        for (Manifest.StoredObject object : Transfer.objectsOf(manifest)) {
          remove(object.key());
        }
      }
    } catch (NoSuchFileException e) {
      return; // another was faster
    } catch (DamagedException | NewerFormatException e) {
      return; // its objects cannot be known; it is ignored, as what has expired is
    }
    remove(key);
  }

  /**
   * Removes objects of entries that expired before they were copied. Whoever copies an object has
   * seen an entry that names it in the source, where it is until it has expired; so the source is
   * looked at after the destination.
   */
  private void removeOrphans() throws IOException {
    List<Listed> listed =
        Transfer.insist("list " + destination.location(), () -> destination.list(graph + "/", ""));
    Set<String> inSource =
        Transfer.insist("list " + source.location(), () -> source.list(Keys.segments(graph), ""))
            .stream()
            .map(Listed::key)
            .collect(Collectors.toSet());
    List<Listed> candidates = Orphans.of(listed, inSource);
    if (candidates.isEmpty()) {
      return;
    }
    Set<String> named = new HashSet<>();
    for (Repository each : List.of(destination, source)) {
      Chain chain = Chain.load(each, graph);
      if (!chain.damage().isEmpty()) {
        return; // an entry that cannot be read may name some
      }
      named.addAll(chain.objectKeys());
    }
    for (Listed orphan : candidates) {
      if (!named.contains(orphan.key())) {
        remove(orphan.key());
      }
    }
  }

  private void remove(String key) throws IOException {
    destination.delete(key);
    removed++;
  }
}
