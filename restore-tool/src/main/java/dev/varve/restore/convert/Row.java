package dev.varve.restore.convert;

import dev.varve.graph.Value;
import dev.varve.restore.convert.Rule.Treatment;
import java.util.Optional;

/**
 * What a rule says.
 *
 * @param subject what it is about
 * @param form the form that it gets, from which a restore into the first kind of store makes again
 *     what was there before; empty if there is nothing to say
 * @param type of the values that it is about, if it is about values of one type
 */
record Row(
    String subject, Treatment treatment, String form, Optional<Class<? extends Value>> type) {

  Row {
    form = form.startsWith("{") ? "`" + form + "`" : form;
  }

  static Row exact(String subject, Class<? extends Value> type) {
    return exact(subject, "", type);
  }

  static Row exact(String subject, String form) {
    return new Row(subject, Treatment.EXACT, form, Optional.empty());
  }

  static Row exact(String subject, String form, Class<? extends Value> type) {
    return new Row(subject, Treatment.EXACT, form, Optional.of(type));
  }

  static Row converted(String subject, String form) {
    return new Row(subject, Treatment.CONVERT, form, Optional.empty());
  }

  static Row converted(String subject, String form, Class<? extends Value> type) {
    return new Row(subject, Treatment.CONVERT, form, Optional.of(type));
  }

  static Row refused(String subject) {
    return new Row(subject, Treatment.REFUSE, "", Optional.empty());
  }

  static Row leftOut(String subject, String form) {
    return new Row(subject, Treatment.LEAVE_OUT, form, Optional.empty());
  }
}
