package dev.varve.cli;

import java.util.Map;

/**
 * One thing that was looked at.
 *
 * @param hint what to do about a problem; empty if there is none
 */
record Finding(String what, boolean ok, String text, String hint) {

  static Finding ok(String what, String text) {
    return new Finding(what, true, text, "");
  }

  static Finding problem(String what, String text, String hint) {
    return new Finding(what, false, text, hint);
  }

  Map<String, Object> object() {
    return Map.of("what", what, "ok", ok, "text", text, "hint", hint);
  }
}
