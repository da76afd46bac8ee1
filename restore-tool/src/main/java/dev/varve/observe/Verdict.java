package dev.varve.observe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * What the observers say together. The store, or its capture, is down if more than half of all
 * members say so, those that are silent counted among all: a minority that is cut off from the
 * others never decides.
 *
 * @param up members that see it up
 * @param down members that see it down, with what is wrong
 * @param silent members whose word is too old, or that never spoke
 * @param capture what they say of the capture of the store, in the same way
 */
public record Verdict(
    State state, List<String> up, Map<String, String> down, List<String> silent, State capture) {

  public Verdict {
    up = List.copyOf(up);
    down = Map.copyOf(down);
    silent = List.copyOf(silent);
  }

  /** What follows. */
  public enum State {
    UP,
    DOWN,
    /** Neither has a majority. */
    UNDECIDED;

    /** As it is said and written. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A sighting and when the broker took it.
   *
   * @param atMs by the broker's clock, the only one that is asked
   */
  record Heard(Sighting sighting, long atMs) {}

  /**
   * Decides. Pure.
   *
   * @param members names of all observers that have a vote
   * @param heard the newest word of each observer
   * @param nowMs the broker's time
   * @param counts how old a word may be
   */
  static Verdict of(
      SortedSet<String> members, Map<String, Heard> heard, long nowMs, Duration counts) {
    List<String> up = new ArrayList<>();
    Map<String, String> down = new TreeMap<>();
    List<String> silent = new ArrayList<>();
    int captureUp = 0;
    int captureDown = 0;
    for (String member : members) {
      Heard word = heard.get(member);
      if (word == null || word.atMs() < nowMs - counts.toMillis()) {
        silent.add(member);
        continue;
      }
      if (word.sighting().up()) {
        up.add(member);
      } else {
        down.put(member, word.sighting().trouble().orElse("no answer"));
      }
      captureUp += word.sighting().captureUp().orElse(false) ? 1 : 0;
      captureDown += word.sighting().captureUp().orElse(true) ? 0 : 1;
    }
    return new Verdict(
        majority(members.size(), up.size(), down.size()),
        up,
        down,
        silent,
        majority(members.size(), captureUp, captureDown));
  }

  private static State majority(int members, int up, int down) {
    int majority = members / 2 + 1;
    return down >= majority ? State.DOWN : up >= majority ? State.UP : State.UNDECIDED;
  }
}
