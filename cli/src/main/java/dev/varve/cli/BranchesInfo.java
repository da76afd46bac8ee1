package dev.varve.cli;

import dev.varve.archive.Branch;
import dev.varve.archive.Branches;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The branches of a graph, for people and for programs. */
final class BranchesInfo {

  private BranchesInfo() {}

  static void say(Console console, Branches branches) {
    if (!branches.all().isEmpty()) {
      console.line("");
      console.line("Branches: what nobody captured of a primary that was replaced");
    }
    for (Branch branch : branches.all()) {
      say(console, branch);
      if (branches.merged().contains(branch.name())) {
        console.line("    merged into the new primary");
      }
    }
    branches.damage().forEach(damage -> console.line("DAMAGE %s", damage.text()));
  }

  static void say(Console console, Branch branch) {
    console.line(
        "  %s  %,d transactions, %,d changes, committed %s to %s",
        branch.name(),
        branch.counts().transactions(),
        branch.counts().changes(),
        instant(branch.committed().firstMicros()),
        instant(branch.committed().lastMicros()));
    console.line(
        "    of %s, vv:%s to vv:%s; replaced by %s",
        branch.store(), branch.from(), branch.to(), branch.successor().address());
  }

  static List<Map<String, Object>> objects(Branches branches) {
    List<Map<String, Object>> objects = objects(branches.all());
    objects.forEach(
        object ->
            object.put("merged", branches.merged().contains(String.valueOf(object.get("name")))));
    return objects;
  }

  static List<Map<String, Object>> objects(List<Branch> branches) {
    return branches.stream().map(BranchesInfo::object).toList();
  }

  static Map<String, Object> object(Branch branch) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", branch.name());
    object.put("site", branch.site().toString());
    object.put("store", branch.store());
    object.put("follows", branch.follows().orElse(null));
    object.put("fromVector", branch.from().toString());
    object.put("toVector", branch.to().toString());
    object.put("first", branch.span().first());
    object.put("last", branch.span().last());
    object.put("transactions", branch.counts().transactions());
    object.put("changes", branch.counts().changes());
    object.put("removals", branch.counts().removals());
    object.put("from", instant(branch.committed().firstMicros()).toString());
    object.put("to", instant(branch.committed().lastMicros()).toString());
    object.put("replacedBy", branch.successor().address());
    object.put("promotedAt", branch.successor().promotedAt().toString());
    object.put("bytes", branch.totalBytes());
    object.put("createdAt", branch.createdAt().toString());
    return object;
  }

  static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }
}
