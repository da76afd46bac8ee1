package dev.varve.cli;

import dev.varve.cdc.age.SlotStatus;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a PostgreSQL holds back of its log for capture.
 *
 * @param slot absent if there is none, or if it cannot be known
 * @param trouble why it cannot be known
 */
record HeldBackInfo(String slotName, Optional<SlotStatus> slot, Optional<String> trouble) {

  /** Asks the server; one that does not answer is no failure. */
  static HeldBackInfo of(Config.Age source) {
    String name = source.settings().slot();
    try (Connection connection = source.settings().connect()) {
      Optional<SlotStatus> slot =
          SlotStatus.of(connection, name).map(found -> found.within(source.heldBackLimitBytes()));
      return new HeldBackInfo(name, slot, Optional.empty());
    } catch (SQLException e) {
      String why = String.valueOf(source.settings().refused(e).getMessage());
      return new HeldBackInfo(name, Optional.empty(), Optional.of(why));
    }
  }

  /** {@link ExitCode#DONE_WITH_PROBLEMS} if it is too much, or is not known. */
  ExitCode exitCode() {
    boolean good = slot.isPresent() && !slot.get().nearLimit();
    return good ? ExitCode.DONE : ExitCode.DONE_WITH_PROBLEMS;
  }

  /** For people. */
  String text() {
    if (trouble.isPresent()) {
      return "What PostgreSQL holds back of its log for capture is not known: " + trouble.get();
    }
    if (slot.isEmpty()) {
      return "PostgreSQL has no replication slot "
          + slotName
          + ": it holds back no log, and capture cannot go on where it was. HINT: if that was not"
          + " meant, docs/age.md has the steps under 'The slot is lost, or was dropped'";
    }
    SlotStatus found = slot.get();
    String state =
        "PostgreSQL holds back %s, for the slot %s (%s, %s)"
            .formatted(
                found.heldBack(),
                found.name(),
                found.walStatus(),
                found.active() ? "capture reads from it" : "no capture reads from it");
    if (found.lost()) {
      return state
          + ". HINT: the log that capture needs is gone; docs/age.md has the steps under 'The slot is"
          + " lost, or was dropped'";
    }
    return found.nearLimit()
        ? state
            + ". HINT: see that 'varve up' runs and catches up before the server gives the slot up"
            + " or its disk is full"
        : state;
  }

  Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("slot", slotName);
    object.put("exists", trouble.isPresent() ? null : slot.isPresent());
    object.put("bytes", slot.map(SlotStatus::heldBackBytes).orElse(null));
    object.put("limitBytes", slot.flatMap(SlotStatus::limitBytes).orElse(null));
    object.put("nearLimit", slot.map(SlotStatus::nearLimit).orElse(null));
    object.put("walStatus", slot.map(SlotStatus::walStatus).orElse(null));
    object.put("active", slot.map(SlotStatus::active).orElse(null));
    object.put("trouble", trouble.orElse(null));
    return object;
  }
}
