package dev.varve.archive;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Brings the branches that a copy lacks to it, each after its files. A branch that was dropped here
 * stays there: to drop is said of one repository.
 */
final class BranchCopy {

  private final Repository source;
  private final Repository destination;
  private final String graph;
  private final Transfer transfer;

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
    Branches there =
        Transfer.insist(
            "list the branches in " + source.location(), () -> Branches.load(source, graph));
    if (there.all().isEmpty() && there.damage().isEmpty()) {
      return new Outcome(0, 0, List.of());
    }
    Set<String> here =
        new HashSet<>(
            Transfer.insist(
                "list " + destination.location(), () -> destination.list(Keys.branches(graph))));
    List<Damage> damage = new ArrayList<>(there.damage());
    long objects = 0;
    long bytes = 0;
    for (Branch branch : there.all()) {
      if (here.contains(branch.key())) {
        continue;
      }
      boolean whole = true;
      for (Manifest.StoredObject object : branch.objects()) {
        if (here.contains(object.key())) {
          continue;
        }
        List<Damage> wrong =
            Transfer.insist("copy " + object.key(), () -> transfer.run(object)).stream().toList();
        damage.addAll(wrong);
        whole &= wrong.isEmpty();
        objects += wrong.isEmpty() ? 1 : 0;
        bytes += wrong.isEmpty() ? object.bytes() : 0;
      }
      if (whole) {
        publish(branch);
      }
    }
    return new Outcome(objects, bytes, damage);
  }

  private void publish(Branch branch) throws IOException {
    byte[] content =
        Transfer.insist("read " + branch.key(), () -> Transfer.bytesOf(source, branch.key()));
    // one that is there by now is another's copy of the same
    Transfer.insist(
        "write " + branch.key() + " to " + destination.location(),
        () -> destination.create(branch.key(), content));
  }
}
