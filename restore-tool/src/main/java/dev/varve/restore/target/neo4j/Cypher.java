package dev.varve.restore.target.neo4j;

import java.util.Collection;

/** Names inside statements. */
final class Cypher {

  private Cypher() {}

  /**
   * A name in back-ticks. Back-ticks in it are doubled; back-slashes are written as code points,
   * because Neo4j reads {@code \}{@code uXXXX} anywhere in a statement as a character.
   */
  static String name(String name) {
    return "`" + name.replace("\\", "\\u005C").replace("`", "``") + "`";
  }

  /** Labels one after the other, each with its colon. */
  static String labels(Collection<String> labels) {
    StringBuilder text = new StringBuilder();
    labels.forEach(label -> text.append(':').append(name(label)));
    return text.toString();
  }
}
