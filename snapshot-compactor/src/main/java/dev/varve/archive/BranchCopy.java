package dev.varve.archive;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Brings the branches that a copy lacks to it, each after its files, and what a merge of them needs
 * to know. A branch that was dropped here stays there: to drop is said of one repository.
 */
final class BranchCopy {

  private final Repository source;
  private final Repository destination;
  private final String graph;
  private final Transfer transfer;
  private final List<Damage> damage = new ArrayList<>();
  private long objects;
  private long bytes;

  BranchCopy(Repository source, Repository destination, String graph, Transfer transfer) {
    this.source = source;
    this.destination = destination;
    this.graph = graph;
    this.transfer = transfer;
  }

  /**
   * What was done.
   *
   * @param objects copied, manifests not counted
   * @param damage of what could not be copied
   */
  record Outcome(long objects, long bytes, List<Damage> damage) {}

  Outcome run() throws IOException {
    List<String> ofBranches = list(source, Keys.branches(graph));
    List<String> ofIdentities = list(source, Keys.identities(graph));
    if (!ofBranches.isEmpty() || !ofIdentities.isEmpty()) {
      Set<String> here = new HashSet<>(list(destination, Keys.branches(graph)));
      here.addAll(list(destination, Keys.identities(graph)));
      branches(here);
      merges(ofBranches, here);
      identities(ofIdentities, here);
    }
    return new Outcome(objects, bytes, damage);
  }

  private static List<String> list(Repository repository, String prefix) throws IOException {
    return Transfer.insist("list " + repository.location(), () -> repository.list(prefix));
  }

  private void branches(Set<String> here) throws IOException {
    Branches there =
        Transfer.insist(
            "list the branches in " + source.location(), () -> Branches.load(source, graph));
    damage.addAll(there.damage());
    for (Branch branch : there.all()) {
      if (!here.contains(branch.key()) && files(branch.objects(), here)) {
        publish(branch.key(), content(branch.key()));
      }
    }
  }

  /** That a branch was merged has to be known wherever it is. */
  private void merges(List<String> there, Set<String> here) throws IOException {
    for (String key : there) {
      if (Keys.isBranchMerged(key) && !here.contains(key)) {
        publish(key, content(key));
      }
    }
  }

  /** Without them nobody could merge a branch any more who has only the copy. */
  private void identities(List<String> there, Set<String> here) throws IOException {
    for (String key : there) {
      if (key.endsWith(".json") && !here.contains(key)) {
        byte[] content = content(key);
        try {
          if (files(List.of(Identities.parse(graph, key, content).file()), here)) {
            publish(key, content);
          }
        } catch (DamagedException e) {
          damage.add(new Damage.Unreadable(key, String.valueOf(e.getMessage())));
        }
      }
    }
  }

  /** Whether all of them are in the copy now. */
  private boolean files(List<Manifest.StoredObject> files, Set<String> here) throws IOException {
    boolean whole = true;
    for (Manifest.StoredObject file : files) {
      if (here.contains(file.key())) {
        continue;
      }
      List<Damage> wrong =
          Transfer.insist("copy " + file.key(), () -> transfer.run(file)).stream().toList();
      damage.addAll(wrong);
      whole &= wrong.isEmpty();
      objects += wrong.isEmpty() ? 1 : 0;
      bytes += wrong.isEmpty() ? file.bytes() : 0;
    }
    return whole;
  }

  private byte[] content(String key) throws IOException {
    return Transfer.insist("read " + key, () -> Transfer.bytesOf(source, key));
  }

  private void publish(String key, byte[] content) throws IOException {
    // one that is there by now is another's copy of the same
    Transfer.insist(
        "write " + key + " to " + destination.location(), () -> destination.create(key, content));
  }
}
