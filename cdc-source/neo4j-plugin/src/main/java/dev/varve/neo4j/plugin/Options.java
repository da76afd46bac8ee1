// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.neo4j.plugin.CdcException.Code;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The options map of a procedure, checked when it is read. */
final class Options {

  static final int DEFAULT_ROW_BYTES = 1 << 20;
  static final int LARGEST_ROW_BYTES = 1 << 26;

  private final Map<String, Object> given;

  Options(Map<String, Object> given, Set<String> known) {
    this.given = given;
    for (String name : given.keySet()) {
      if (!known.contains(name)) {
        throw refused("There is no option '" + name + "'; there are " + new TreeSet<>(known) + ".");
      }
    }
  }

  /** Who writes this store. */
  Site site() {
    return parsed("site", "neo4j@1", Site::parse);
  }

  /** What the site had seen of other sites. */
  VersionVector seen() {
    return parsed("seen", "", VersionVector::parse);
  }

  /** How large a row is to be, about. */
  int maxBytes() {
    return (int) number("maxBytes", (long) DEFAULT_ROW_BYTES, 1, LARGEST_ROW_BYTES);
  }

  /** After how many rows to stop. */
  long maxRows() {
    return number("maxRows", Long.MAX_VALUE, 1, Long.MAX_VALUE);
  }

  /** A whole number; without a fallback it has to be given. */
  long number(String name, @Nullable Long fallback, long least, long most) {
    Object value = given.getOrDefault(name, fallback);
    if (!(value instanceof Long number) || number < least || number > most) {
      throw refused(
          "Option '"
              + name
              + "' must be a whole number from "
              + least
              + " to "
              + most
              + ", got "
              + value
              + ".");
    }
    return number;
  }

  private <T> T parsed(String name, String fallback, Function<String, T> parser) {
    Object value = given.getOrDefault(name, fallback);
    if (value instanceof String text) {
      try {
        return parser.apply(text);
      } catch (IllegalArgumentException e) {
        throw refused("Option '" + name + "': " + e.getMessage() + ".");
      }
    }
    throw refused("Option '" + name + "' must be a string, got " + value + ".");
  }

  private static CdcException refused(String message) {
    return new CdcException(
        Code.BAD_OPTION, message, "The plugin's README lists the options of each procedure.");
  }
}
