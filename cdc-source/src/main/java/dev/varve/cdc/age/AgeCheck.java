package dev.varve.cdc.age;

import dev.varve.cdc.age.AgeFinding.Level;
import dev.varve.fault.VarveException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Sees whether a graph can be captured without losing anything. */
public final class AgeCheck {

  static final String SETUP = "run what 'varve source setup' prints, as a superuser";

  /** Publications of whole schemas are known since then. */
  private static final int OLDEST = 150_000;

  private AgeCheck() {}

  /** Everything that was looked at, in the order of its doing. */
  public static List<AgeFinding> of(Connection connection, AgeSettings settings)
      throws SQLException {
    return of(connection, settings, Optional.empty());
  }

  /**
   * The same, with a limit of our own to the log that is held back.
   *
   * @param ownLimitBytes absent if only the server's counts
   */
  public static List<AgeFinding> of(
      Connection connection, AgeSettings settings, Optional<Long> ownLimitBytes)
      throws SQLException {
    return of(AgeFacts.of(connection, settings), settings, ownLimitBytes);
  }

  /**
   * Refuses what cannot be captured.
   *
   * @throws VarveException that says the first thing that is in the way
   */
  public static void require(Connection connection, AgeSettings settings) throws SQLException {
    Optional<AgeFinding> worst =
        of(connection, settings).stream()
            .filter(finding -> finding.level() == Level.BLOCKING)
            .findFirst();
    if (worst.isPresent()) {
      throw worst.get().failure();
    }
  }

  static List<AgeFinding> of(AgeFacts facts, AgeSettings settings, Optional<Long> ownLimitBytes) {
    List<AgeFinding> findings = new ArrayList<>();
    findings.add(server(facts));
    findings.add(log(facts));
    findings.add(graph(facts, settings));
    findings.add(role(facts));
    findings.add(reading(facts));
    findings.add(identities(facts));
    findings.add(newLabels(facts));
    findings.add(publication(facts, settings));
    findings.add(slot(facts, settings, ownLimitBytes));
    findings.add(limit(facts));
    return findings;
  }

  private static AgeFinding server(AgeFacts facts) {
    String text = "PostgreSQL " + facts.version();
    if (facts.versionNumber() < OLDEST) {
      return AgeFinding.blocking(
          "server",
          text + " cannot publish the tables of a schema that are still to come",
          "version 15 is the oldest that can be captured");
    }
    return facts.standby()
        ? AgeFinding.blocking("server", text + ", a standby", "let source.uri name the primary")
        : AgeFinding.ok("server", text);
  }

  private static AgeFinding log(AgeFacts facts) {
    return facts.walLevel().equals("logical")
        ? AgeFinding.ok("log", "wal_level is logical")
        : AgeFinding.blocking(
            "log", "wal_level is " + facts.walLevel() + ", needed is logical", SETUP);
  }

  private static AgeFinding graph(AgeFacts facts, AgeSettings settings) {
    if (facts.extension().isEmpty()) {
      return AgeFinding.blocking(
          "graph",
          "the database " + settings.database() + " does not have the extension age",
          "correct the database in source.uri");
    }
    if (facts.graphs().contains(settings.graph())) {
      return AgeFinding.ok("graph", settings.graph() + ", AGE " + facts.extension().get());
    }
    return facts.graphs().isEmpty() && !facts.role().sees()
        ? AgeFinding.blocking("graph", "AGE's catalogue is hidden from the role", SETUP)
        : AgeFinding.blocking(
            "graph",
            "there is no graph " + settings.graph() + " in " + settings.database(),
            "correct source.graph; there are: " + String.join(", ", facts.graphs()));
  }

  private static AgeFinding role(AgeFacts facts) {
    AgeFacts.Role role = facts.role();
    if (!role.exists()) {
      return AgeFinding.blocking("role", "there is no role " + role.name(), SETUP);
    }
    if (!role.replication()) {
      return AgeFinding.blocking("role", role.name() + " may not read the log", SETUP);
    }
    if (!role.messages()) {
      return AgeFinding.blocking("role", role.name() + " may not write markers to the log", SETUP);
    }
    return role.superuser()
        ? AgeFinding.warning(
            "role",
            role.name() + " is a superuser, far more than capture needs",
            "name a role of its own in source.user; 'varve source setup' prints how to make it")
        : AgeFinding.ok("role", role.name() + " may read the log");
  }

  private static AgeFinding reading(AgeFacts facts) {
    List<String> unread = names(facts, table -> !table.readable() && !seenTo(facts, table));
    if (!unread.isEmpty() || !facts.role().sees()) {
      return AgeFinding.blocking(
          "reading", "the role may not read " + some(unread, "the graph's schema"), SETUP);
    }
    List<String> hidden = names(facts, AgeFacts.Table::policies);
    if (facts.role().rowSecurity() && !hidden.isEmpty()) {
      return AgeFinding.blocking(
          "reading", "row security may hide elements of " + some(hidden, ""), SETUP);
    }
    List<String> unlogged = names(facts, AgeFacts.Table::unlogged);
    if (!unlogged.isEmpty()) {
      return AgeFinding.blocking(
          "reading", "unlogged, so not in the log: " + some(unlogged, ""), SETUP);
    }
    List<String> notYet = names(facts, table -> !table.readable() && table.complete());
    return notYet.isEmpty()
        ? AgeFinding.ok(
            "reading", String.format(Locale.ROOT, "all of %d tables", facts.tables().size()))
        : AgeFinding.warning(
            "reading",
            "the role may not read yet " + some(notYet, ""),
            "capture lets itself before it scans; or " + SETUP);
  }

  /** Whether it is a label, made since or by a replay, that capture lets itself read. */
  private static boolean seenTo(AgeFacts facts, AgeFacts.Table table) {
    return facts.helper() && !table.schema().equals(AgeFacts.CATALOG);
  }

  /** A label may lack it that capture has not come to yet; it prepares what it may alter. */
  private static AgeFinding identities(AgeFacts facts) {
    List<String> incomplete = names(facts, table -> !table.complete());
    if (incomplete.isEmpty()) {
      return AgeFinding.ok("identity", "removals are in the log in full");
    }
    String text = "removals are not in the log: " + some(incomplete, "");
    boolean helps =
        facts.tables().stream()
            .filter(table -> !table.complete())
            .allMatch(
                table ->
                    !table.schema().equals(AgeFacts.CATALOG)
                        && (table.alterable() || facts.helper()));
    return helps
        ? AgeFinding.warning(
            "identity", text, "capture prepares them and reads them again when it is running")
        : AgeFinding.blocking("identity", text, SETUP);
  }

  private static AgeFinding newLabels(AgeFacts facts) {
    boolean owner =
        facts.tables().stream()
            .filter(table -> !table.schema().equals(AgeFacts.CATALOG))
            .allMatch(AgeFacts.Table::alterable);
    return owner || facts.helper() || facts.role().superuser()
        ? AgeFinding.ok("new labels", "the role may prepare them")
        : AgeFinding.blocking(
            "new labels", "the role may not prepare labels that are created later", SETUP);
  }

  private static AgeFinding publication(AgeFacts facts, AgeSettings settings) {
    String name = settings.publication();
    if (facts.publication().isEmpty()) {
      return AgeFinding.blocking("publication", "there is no " + name, SETUP);
    }
    return facts.publication().get().complete()
        ? AgeFinding.ok("publication", name)
        : AgeFinding.blocking(
            "publication", name + " leaves out some tables, rows or kinds of changes", SETUP);
  }

  private static AgeFinding slot(
      AgeFacts facts, AgeSettings settings, Optional<Long> ownLimitBytes) {
    String name = settings.slot();
    if (facts.slot().isEmpty()) {
      return facts.slotsFree() > 0
          ? AgeFinding.ok("slot", name + " is made when capture begins")
          : AgeFinding.blocking(
              "slot",
              "the server has no replication slot left",
              "drop what nobody needs (pg_replication_slots), or raise max_replication_slots and"
                  + " restart the server");
    }
    SlotStatus slot = facts.slot().get().within(ownLimitBytes);
    if (!slot.plugin().equals("pgoutput") || !slot.database().equals(settings.database())) {
      return AgeFinding.blocking(
          "slot",
          "%s is somebody else's: plugin %s, database %s"
              .formatted(name, slot.plugin(), slot.database()),
          "name another in source.slot");
    }
    if (slot.lost()) {
      return AgeFinding.blocking(
          "slot",
          name + " is lost: the server has removed the log that comes next",
          "run 'varve source release --yes', then start capture with --new-incarnation: it scans"
              + " the graph afresh, and what was captured before stays restorable");
    }
    String held =
        "%s holds back %s (%s, %s)"
            .formatted(
                name,
                slot.heldBack(),
                slot.walStatus(),
                slot.active() ? "read from now" : "not read from now");
    return slot.nearLimit()
        ? AgeFinding.warning(
            "slot", held, "let capture catch up before the server gives the slot up")
        : AgeFinding.ok("slot", held);
  }

  private static AgeFinding limit(AgeFacts facts) {
    return facts
        .slotLimitBytes()
        .map(
            limit ->
                AgeFinding.ok(
                    "held back",
                    String.format(Locale.ROOT, "%,d MiB of the log at most", limit >> 20)))
        .orElseGet(
            () ->
                AgeFinding.warning(
                    "held back",
                    "a capture that is down holds back the log without limit, until the disk is"
                        + " full",
                    "set max_slot_wal_keep_size; 'varve source setup' prints how"));
  }

  private interface Condition {
    boolean holds(AgeFacts.Table table);
  }

  private static List<String> names(AgeFacts facts, Condition condition) {
    return facts.tables().stream()
        .filter(condition::holds)
        .map(table -> table.schema() + "." + table.name())
        .toList();
  }

  private static String some(List<String> names, String none) {
    int shown = 5;
    return names.isEmpty()
        ? none
        : String.join(", ", names.subList(0, Math.min(shown, names.size())))
            + (names.size() > shown ? " and " + (names.size() - shown) + " more" : "");
  }
}
