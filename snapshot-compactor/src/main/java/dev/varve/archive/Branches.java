package dev.varve.archive;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.archive.Repository.Creation;
import dev.varve.change.Site;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * All branches of a graph, and what is wrong with those that cannot be read.
 *
 * <p>Nothing but {@link #drop} removes one: they are no part of the chain, and do not expire with
 * it.
 *
 * @param all by site and first transaction
 * @param merged the names of those that were merged
 */
public record Branches(List<Branch> all, Set<String> merged, List<Damage> damage) {

  private static final SealedJson.Format MERGED = new SealedJson.Format("varve-merged", 1, 0);

  public Branches {
    all =
        all.stream()
            .sorted(
                Comparator.comparing(Branch::site)
                    .thenComparingLong(branch -> branch.span().first()))
            .toList();
    merged = Set.copyOf(merged);
    damage = List.copyOf(damage);
  }

  /**
   * Loads the manifests of all branches. Damage is reported, not thrown.
   *
   * @throws IOException if the repository cannot be read
   */
  public static Branches load(Repository repository, String graph) throws IOException {
    List<Branch> all = new ArrayList<>();
    List<Damage> damage = new ArrayList<>();
    List<String> keys = repository.list(Keys.branches(graph));
    for (String key : keys) {
      Optional<String> name = Keys.branchName(key);
      if (name.isEmpty()) {
        continue;
      }
      try {
        Branch branch = read(repository, key);
        if (!branch.graph().equals(graph) || !branch.name().equals(name.get())) {
          throw new DamagedException(
              key, "it says that it is " + branch.name() + " of " + branch.graph(), null);
        }
        all.add(branch);
      } catch (NoSuchFileException e) {
        // it was dropped after it was listed
      } catch (DamagedException e) {
        damage.add(new Damage.Unreadable(key, String.valueOf(e.getMessage())));
      } catch (NewerFormatException e) {
        damage.add(new Damage.TooNew(key, String.valueOf(e.getMessage())));
      }
    }
    Set<String> merged =
        all.stream()
            .map(Branch::name)
            .filter(name -> keys.contains(Keys.branchMerged(graph, name)))
            .collect(Collectors.toSet());
    return new Branches(all, merged, damage);
  }

  private static Branch read(Repository repository, String key) throws IOException {
    return BranchJson.read(
        key, Transfer.insist("read " + key, () -> Transfer.bytesOf(repository, key)));
  }

  /**
   * The branch of a name.
   *
   * @throws VarveException with {@link ExitCode#USAGE} if there is none
   * @throws DamagedException if its manifest cannot be read
   */
  public Branch named(String name) {
    return all.stream()
        .filter(branch -> branch.name().equals(name))
        .findFirst()
        .orElseThrow(() -> notThere(name));
  }

  private VarveException notThere(String name) {
    for (Damage wrong : damage) {
      if (Keys.branchName(wrong.key()).equals(Optional.of(name))) {
        return new DamagedException(wrong.key(), wrong.text(), null);
      }
    }
    List<String> names = all.stream().map(Branch::name).toList();
    return new VarveException(
        ExitCode.USAGE,
        "there is no branch '" + name + "'",
        names.isEmpty() ? "there are no branches" : "there are " + String.join(", ", names));
  }

  /** The branches of one store, each of which goes on from the one before. */
  public List<Branch> of(Site site, String store) {
    return all.stream()
        .filter(branch -> branch.site().equals(site) && branch.store().equals(store))
        .toList();
  }

  /** The last of {@link #of}. */
  public Optional<Branch> newestOf(Site site, String store) {
    List<Branch> those = of(site, store);
    return those.isEmpty() ? Optional.empty() : Optional.of(those.get(those.size() - 1));
  }

  /**
   * Makes a branch exist whose files are there. If the same one is there already, that is returned.
   *
   * @throws VarveException if another one has the name
   */
  static Branch publish(Repository repository, Branch branch) throws IOException {
    String key = branch.key();
    byte[] bytes = BranchJson.write(branch);
    Branch written = BranchJson.read(key, bytes); // what cannot be read back must not be written
    Creation creation =
        Transfer.insist(
            "publish " + key + " in " + repository.location(), () -> repository.create(key, bytes));
    if (creation == Creation.CREATED) {
      return written;
    }
    Branch there = read(repository, key);
    if (!there.objects().equals(branch.objects()) || !there.store().equals(branch.store())) {
      throw new VarveException(
          ExitCode.FAILED,
          "there is a branch " + branch.name() + " already, and it holds other transactions",
          "look at both; varve branch drop removes the one in the repository");
    }
    return there;
  }

  /** Whether a branch was merged, as the repository says now. */
  public static boolean merged(Repository repository, Branch branch) throws IOException {
    String key = Keys.branchMerged(branch.graph(), branch.name());
    return repository.sizeBytes(key).isPresent();
  }

  /** Says for good that a branch was merged; the first to say it counts. */
  public static void markMerged(Repository repository, Branch branch, String address, Instant at)
      throws IOException {
    String key = Keys.branchMerged(branch.graph(), branch.name());
    ObjectNode json = SealedJson.begin(MERGED);
    json.put("branch", branch.name());
    json.put("address", address);
    json.put("at", at.toString());
    byte[] bytes = SealedJson.seal(SealedJson.open(json));
    Transfer.insist("write " + key, () -> repository.create(key, bytes));
  }

  /**
   * What is wrong with the objects of the branches.
   *
   * @param everyByte whether to read them; else their presence and length are looked at
   * @throws IOException if the repository cannot be read
   */
  public List<Damage> check(Repository repository, boolean everyByte) throws IOException {
    List<Damage> found = new ArrayList<>(damage);
    for (Branch branch : all) {
      for (Manifest.StoredObject object : branch.objects()) {
        (everyByte ? Chain.check(repository, object) : presence(repository, object))
            .ifPresent(found::add);
      }
    }
    return found;
  }

  private static Optional<Damage> presence(Repository repository, Manifest.StoredObject object)
      throws IOException {
    OptionalLong size = repository.sizeBytes(object.key());
    if (size.isEmpty()) {
      return Optional.of(new Damage.Missing(object.key()));
    }
    return size.getAsLong() == object.bytes()
        ? Optional.empty()
        : Optional.of(new Damage.WrongLength(object.key(), object.bytes(), size.getAsLong()));
  }

  /**
   * Removes a branch for good, its manifest first: a branch that is seen is whole.
   *
   * @throws VarveException if another one goes on from it
   */
  public void drop(Repository repository, Branch branch) throws IOException {
    for (Branch other : all) {
      if (other.follows().equals(Optional.of(branch.name()))) {
        throw new VarveException(
            ExitCode.FAILED,
            "branch " + other.name() + " goes on from " + branch.name() + "; nothing was removed",
            "drop " + other.name() + " first");
      }
    }
    repository.delete(branch.key());
    for (String key : repository.list(Keys.branchParts(branch.graph(), branch.name()))) {
      repository.delete(key);
    }
  }
}
