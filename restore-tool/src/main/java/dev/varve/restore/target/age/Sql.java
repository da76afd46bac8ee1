package dev.varve.restore.target.age;

/** Names and texts as SQL writes them. */
final class Sql {

  private Sql() {}

  static String name(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  static String name(String schema, String name) {
    return name(schema) + "." + name(name);
  }

  /** With standard_conforming_strings, which a server has on unless somebody turned it off. */
  static String text(String text) {
    String quoted = "'" + text.replace("'", "''") + "'";
    return text.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
  }
}
