package dev.varve.restore.target.age;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A statement that makes an index or a constraint on one table, taken apart so that it can be said
 * of the same table in another schema.
 *
 * @param head up to the table's name
 * @param schema where the table was
 * @param table its name
 * @param tail what follows
 */
record RuleStatement(String head, String schema, String table, String tail) {

  private static final String NAME = "(\"(?:[^\"]|\"\")+\"|[\\p{L}_][\\p{L}\\p{N}_$]*)";
  private static final int FLAGS = Pattern.CASE_INSENSITIVE | Pattern.DOTALL;

  private static final Pattern INDEX =
      Pattern.compile(
          "(CREATE\\s+(?:UNIQUE\\s+)?INDEX\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?(?:"
              + NAME
              + "\\s+)?ON\\s+(?:ONLY\\s+)?)"
              + NAME
              + "\\s*\\.\\s*"
              + NAME
              + "(\\s+USING\\s.*|\\s*\\(.*)",
          FLAGS);

  private static final Pattern NAMED = Pattern.compile("\\s+ADD\\s+CONSTRAINT\\s+" + NAME, FLAGS);

  private static final Pattern CONSTRAINT =
      Pattern.compile(
          "(ALTER\\s+TABLE\\s+(?:ONLY\\s+)?)"
              + NAME
              + "\\s*\\.\\s*"
              + NAME
              + "(\\s+ADD\\s+CONSTRAINT\\s+"
              + NAME
              + "\\s+(?:PRIMARY\\s+KEY|UNIQUE|CHECK|EXCLUDE)[\\s(].*)",
          FLAGS);

  /** Takes a statement apart; absent if it is not of a shape that is known to be harmless. */
  static Optional<RuleStatement> parse(String statement) {
    String text = statement.strip();
    if (text.endsWith(";")) {
      text = text.substring(0, text.length() - 1).stripTrailing();
    }
    if (hasAnother(text)) {
      return Optional.empty();
    }
    Matcher index = INDEX.matcher(text);
    if (index.matches()) {
      return Optional.of(
          new RuleStatement(
              index.group(1), unquoted(index.group(3)), unquoted(index.group(4)), index.group(5)));
    }
    Matcher constraint = CONSTRAINT.matcher(text);
    if (constraint.matches()) {
      return Optional.of(
          new RuleStatement(
              constraint.group(1),
              unquoted(constraint.group(2)),
              unquoted(constraint.group(3)),
              constraint.group(4)));
    }
    return Optional.empty();
  }

  /** The statement for the same table of another graph. */
  String on(String graph) {
    return head + Sql.name(graph, table) + tail;
  }

  /**
   * Whether the other does the same to the same table of its graph. The name of a constraint does
   * not count: there is one primary key at most, and a condition need not be checked twice.
   */
  boolean sameOnAnyGraph(RuleStatement other) {
    return table.equals(other.table)
        && head.equals(other.head)
        && withoutName(tail).equals(withoutName(other.tail));
  }

  private static String withoutName(String tail) {
    Matcher named = NAMED.matcher(tail);
    return named.lookingAt() ? tail.substring(named.end()) : tail;
  }

  private static String unquoted(String name) {
    return name.startsWith("\"")
        ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
        : name.toLowerCase(Locale.ROOT);
  }

  /**
   * Whether a second statement, a comment or a text that hides one may stand in it. Dollar quotes
   * and escape strings are not told from harmless text: PostgreSQL's own definitions have none.
   */
  private static boolean hasAnother(String text) {
    char quote = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        if (c == '\''
            && i > 0
            && Character.toUpperCase(text.charAt(i - 1)) == 'E'
            && (i == 1 || !Character.isLetterOrDigit(text.charAt(i - 2)))) {
          return true;
        }
        quote = c;
      } else if (c == ';'
          || text.startsWith("--", i)
          || text.startsWith("/*", i)
          || c == '$' && (i == 0 || !Character.isLetterOrDigit(text.charAt(i - 1)))) {
        return true;
      }
    }
    return quote != 0;
  }
}
