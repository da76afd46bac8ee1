package dev.varve.restore.convert;

import dev.varve.graph.Value;
import java.util.Locale;
import java.util.Optional;

/** One of the table of conversions: what becomes of one thing in one kind of target. */
public sealed interface Rule permits AgeRule, Neo4jRule {

  /** What is done. */
  enum Treatment {
    /** The target holds it: the same content, the same fingerprint. */
    EXACT,
    /** Written in another form, if the operator agrees. */
    CONVERT,
    /** Not written: the restore does not begin. */
    REFUSE,
    /** Left out: not part of the graph's content. */
    LEAVE_OUT
  }

  Row row();

  /** By which it is known, in JSON and in the page: the name of the constant. */
  String name();

  default String subject() {
    return row().subject();
  }

  default Treatment treatment() {
    return row().treatment();
  }

  /** The type of values that the rule is about, if it is about values of one type. */
  default Optional<Class<? extends Value>> type() {
    return row().type();
  }

  /** As it stands in {@code docs/conversions.md}. */
  default String line() {
    String treatment = treatment().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return "| `%s` | %s | %s | %s |".formatted(name(), subject(), treatment, row().form());
  }
}
