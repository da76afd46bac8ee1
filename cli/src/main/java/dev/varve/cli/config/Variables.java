package dev.varve.cli.config;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which environment variables there are: those that override a key, and some that mean something
 * else. Any other whose name begins like theirs is a mistake that would go unnoticed.
 */
public final class Variables {

  /** Read by the launcher, by docker-compose.yml, by single commands, or by the build. */
  private static final Set<String> OTHERS =
      Set.of(
          "VARVE_CONFIG",
          "VARVE_HEAP",
          "VARVE_IMAGE",
          "VARVE_JAVA_OPTS",
          "VARVE_MVN_OPTS",
          "VARVE_TARGET_PASSWORD",
          "VARVE_SETUP_PASSWORD",
          "VARVE_TO_KEY",
          "VARVE_FROM_KEY",
          "VARVE_REPOSITORY_NEW_KEY");

  private static final String OF_TESTS = "VARVE_TEST_";

  /** What a hook is told; it may run varve itself. */
  public static final String OF_HOOKS = "VARVE_HOOK_";

  /** What Kubernetes and container links set for a service whose name begins with varve. */
  private static final Pattern OF_SERVICES =
      Pattern.compile(
          "VARVE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?"
              + "|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)");

  private Variables() {}

  /** A variable that overrides nothing, and the one that was probably meant. */
  record Unknown(String name, String nearest) {}

  /**
   * The first, by name, that nobody knows.
   *
   * @param ofKeys those that override a key
   */
  static Optional<Unknown> unknown(Map<String, String> environment, Set<String> ofKeys) {
    Set<String> known = new HashSet<>(ofKeys);
    known.addAll(OTHERS);
    List<String> unknown =
        new TreeSet<>(environment.keySet())
            .stream()
                .filter(name -> name.startsWith(Key.ENVIRONMENT_PREFIX))
                .filter(name -> !known.contains(name))
                .filter(name -> !name.startsWith(OF_TESTS))
                .filter(name -> !name.startsWith(OF_HOOKS))
                .filter(name -> !OF_SERVICES.matcher(name).matches())
                .toList();
    return unknown.stream().findFirst().map(name -> new Unknown(name, nearest(name, known)));
  }

  private static String nearest(String name, Set<String> known) {
    return new TreeSet<>(known)
        .stream()
            .min(Comparator.comparingInt((String other) -> Key.distance(other, name)))
            .orElseThrow();
  }
}
