package dev.varve.cli.config;

import dev.varve.archive.RepositoryConfig;
import dev.varve.archive.RepositoryLocation;
import dev.varve.archive.crypt.KeySource;
import dev.varve.archive.s3.S3Options;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Reads what the settings say of a repository. */
final class RepositorySettings {

  private RepositorySettings() {}

  static RepositoryConfig of(Settings settings) {
    String root = settings.text(Key.REPOSITORY_ROOT);
    RepositoryLocation location;
    try {
      location = RepositoryLocation.parse(root, settings.directory());
    } catch (VarveException e) {
      throw settings.invalid(Key.REPOSITORY_ROOT, "a directory, or s3://bucket/prefix");
    }
    return at(settings, location);
  }

  /** The further repositories, by name. */
  static Map<String, RepositoryConfig> copies(Settings settings) {
    Map<String, RepositoryConfig> copies = new TreeMap<>();
    settings.copies().forEach((name, copy) -> copies.put(name, of(copy)));
    return copies;
  }

  /** The settings for another place. */
  static RepositoryConfig at(Settings settings, RepositoryLocation location) {
    long partBytes = settings.bytes(Key.REPOSITORY_PART_SIZE);
    if (partBytes < S3Options.Transfer.LEAST_PART_BYTES) {
      throw settings.invalid(Key.REPOSITORY_PART_SIZE, "5MiB or more");
    }
    return new RepositoryConfig(
        location,
        new RepositoryConfig.Store(
            endpoint(settings),
            settings.optional(Key.REPOSITORY_REGION),
            settings.truth(Key.REPOSITORY_PATH_STYLE),
            credentials(settings),
            settings.path(Key.REPOSITORY_CA_FILE),
            partBytes),
        settings.optional(Key.REPOSITORY_BANDWIDTH).isPresent()
            ? OptionalLong.of(settings.bytes(Key.REPOSITORY_BANDWIDTH))
            : OptionalLong.empty(),
        key(settings));
  }

  private static Optional<URI> endpoint(Settings settings) {
    Optional<String> endpoint = settings.optional(Key.REPOSITORY_ENDPOINT);
    if (endpoint.isPresent() && !endpoint.get().matches("https?://[^/@\\s]+/?")) {
      throw settings.invalid(Key.REPOSITORY_ENDPOINT, "such as https://s3.example.com:9000");
    }
    return endpoint.map(URI::create);
  }

  private static Optional<S3Options.Credentials> credentials(Settings settings) {
    Optional<String> accessKey = settings.optional(Key.REPOSITORY_ACCESS_KEY);
    Optional<String> secretKey =
        settings.secret(Key.REPOSITORY_SECRET_KEY, Key.REPOSITORY_SECRET_KEY_FILE);
    if (accessKey.isPresent() != secretKey.isPresent()) {
      settings.text(accessKey.isPresent() ? Key.REPOSITORY_SECRET_KEY : Key.REPOSITORY_ACCESS_KEY);
    }
    return accessKey.map(key -> new S3Options.Credentials(key, secretKey.orElseThrow()));
  }

  private static KeySource command(String text) {
    return text.startsWith(Settings.WORD)
        ? KeySource.Command.of(List.of(text.substring(1).split(Settings.WORD, -1)))
        : KeySource.Command.shell(text);
  }

  private static Optional<KeySource> key(Settings settings) {
    Optional<String> text = settings.optional(Key.REPOSITORY_KEY);
    Optional<String> command = settings.optional(Key.REPOSITORY_KEY_COMMAND);
    Optional<KeySource> file = settings.path(Key.REPOSITORY_KEY_FILE).map(KeySource.KeyFile::new);
    if ((text.isPresent() ? 1 : 0) + (command.isPresent() ? 1 : 0) + (file.isPresent() ? 1 : 0)
        > 1) {
      throw new VarveException(
          ExitCode.USAGE,
          "a repository has one key, but more than one of its key, keyFile and keyCommand is set",
          "leave all but one of them out");
    }
    if (text.isPresent()) {
      return Optional.of(new KeySource.Text(settings.variable(Key.REPOSITORY_KEY), text.get()));
    }
    return command.isPresent() ? command.map(RepositorySettings::command) : file;
  }
}
