package dev.varve.cli.drill;

import java.util.Locale;
import java.util.Set;

/** What of a pair can break by itself. */
enum Part {
  CAPTURE(Kind.STAGE),
  FOLD(Kind.STAGE),
  COMPACT(Kind.STAGE),
  REPLAY(Kind.STAGE),
  BROKER_1(Kind.BROKER),
  BROKER_2(Kind.BROKER),
  BROKER_3(Kind.BROKER),
  PRIMARY(Kind.SERVER),
  STANDBY(Kind.SERVER),
  DOOR_OF_THE_PRIMARY(Kind.DOOR),
  OBJECT_STORE(Kind.SERVER),
  DOOR_OF_THE_OBJECT_STORE(Kind.DOOR);

  /** How it breaks. */
  enum Kind {
    /** A process that is started again a second after it ended. */
    STAGE(Set.of(Way.KILLED, Way.FROZEN)),
    /** A process of which at most one may be away at a time. */
    BROKER(Set.of(Way.KILLED, Way.FROZEN)),
    /** A process that is started again when the fault is over. */
    SERVER(Set.of(Way.KILLED, Way.FROZEN)),
    DOOR(Set.of(Way.SILENT, Way.SHUT, Way.SLOW));

    private final Set<Way> ways;

    Kind(Set<Way> ways) {
      this.ways = ways;
    }

    boolean breaksBy(Way way) {
      return ways.contains(way);
    }
  }

  /** What is done to it. */
  enum Way {
    KILLED,
    /** It stands still, its connections stay. */
    FROZEN,
    /** What is sent through it goes nowhere, and nobody is told. */
    SILENT,
    /** Connections through it are broken. */
    SHUT,
    SLOW;

    String words() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Kind kind;

  Part(Kind kind) {
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }

  /** Whether only a pair with an object store has it. */
  boolean isOfObjectStore() {
    return this == OBJECT_STORE || this == DOOR_OF_THE_OBJECT_STORE;
  }

  /** Whether the one may not be broken while the other is, or was a moment ago. */
  boolean excludes(Part other) {
    return this == other || (kind == Kind.BROKER && other.kind == Kind.BROKER);
  }

  /** Which stage, or the how-manyeth broker from 1 on, as it is called in a pair. */
  String words() {
    return name().toLowerCase(Locale.ROOT).replace('_', kind == Kind.BROKER ? '-' : ' ');
  }
}
