package dev.varve.cli;

import dev.varve.cli.config.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Looks at the places that are written to. */
final class PlaceCheck {

  private static final long FREE_WANTED = 1L << 30;

  private PlaceCheck() {}

  static List<Finding> of(Config config) {
    List<Finding> findings = new ArrayList<>(RepositoryCheck.of("repository", config.repository()));
    config
        .copies()
        .forEach((name, copy) -> findings.addAll(RepositoryCheck.of("copies." + name, copy)));
    findings.add(place("data", config.data(), "data"));
    return findings;
  }

  static Finding place(String what, Path directory, String key) {
    Path existing = directory.toAbsolutePath();
    while (existing.getParent() != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    try {
      Path probe = Files.createTempFile(existing, ".varve-doctor", "");
      Files.delete(probe);
      long free = Files.getFileStore(existing).getUsableSpace();
      String text =
          String.format(Locale.ROOT, "%s is writable, %,d MiB free", directory, free >> 20);
      return free >= FREE_WANTED
          ? Finding.ok(what, text)
          : Finding.problem(what, text, "make room: less than 1 GiB will not last long");
    } catch (IOException e) {
      return Finding.problem(
          what,
          "cannot write to " + existing + ": " + e,
          "give the user who runs varve the right to, or correct " + key);
    }
  }
}
