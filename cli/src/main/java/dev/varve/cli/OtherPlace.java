package dev.varve.cli;

import dev.varve.archive.RepositoryConfig;
import dev.varve.archive.RepositoryLocation;
import dev.varve.archive.crypt.KeySource;
import dev.varve.cli.config.Config;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The second repository of a command that has to do with two. */
final class OtherPlace {

  private OtherPlace() {}

  /** One of the configuration's copies; empty if there is none of this name. */
  static Optional<RepositoryConfig> configured(Session session, String name) {
    return name.matches("[a-z0-9-]+")
        ? Optional.ofNullable(Config.copies(session.configFile(), session.environment()).get(name))
        : Optional.empty();
  }

  static VarveException notConfigured(String name) {
    return new VarveException(
        ExitCode.USAGE,
        "there is no copy '" + name + "' in the configuration",
        "name one of the section copies, such as copies." + name + ".root");
  }

  /**
   * The name of a configured copy, or a place.
   *
   * @param like whose object store settings a place is reached with
   * @param key for a place; a configured copy has its own
   */
  static RepositoryConfig of(
      Session session, RepositoryConfig like, String text, Optional<KeySource> key) {
    Optional<RepositoryConfig> named = configured(session, text);
    if (named.isPresent()) {
      if (key.isPresent()) {
        throw new VarveException(
            ExitCode.USAGE,
            "the key of the copy '" + text + "' is in the configuration, and another was given",
            "leave the other one out");
      }
      return named.get();
    }
    RepositoryLocation location = RepositoryLocation.parse(text, Path.of("").toAbsolutePath());
    return new RepositoryConfig(location, like.store(), like.bytesPerSecond(), key);
  }

  /**
   * The key that was given on the command line or in the environment.
   *
   * @param word as in {@code --to-key-file} and {@code VARVE_TO_KEY}
   */
  static Optional<KeySource> key(
      Session session, String word, Optional<Path> file, Optional<String> command) {
    String variable = "VARVE_" + word.toUpperCase(Locale.ROOT) + "_KEY";
    List<KeySource> given = new ArrayList<>();
    file.map(KeySource.KeyFile::new).ifPresent(given::add);
    command.map(KeySource.Command::shell).ifPresent(given::add);
    Optional.ofNullable(session.environment().get(variable))
        .ifPresent(text -> given.add(new KeySource.Text("$" + variable, text)));
    if (given.size() > 1) {
      throw new VarveException(
          ExitCode.USAGE,
          "more than one key was given for the other repository",
          "leave all but one of --%s-key-file, --%s-key-command and $%s out"
              .formatted(word, word, variable));
    }
    return given.stream().findFirst();
  }
}
