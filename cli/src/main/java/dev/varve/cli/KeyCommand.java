package dev.varve.cli;

import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.RepositoryConfig;
import dev.varve.archive.crypt.KeySource;
import dev.varve.archive.crypt.Keyring;
import dev.varve.archive.crypt.Keyrings;
import dev.varve.archive.crypt.MasterKey;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The keys of encrypted repositories. */
@Command(name = "key", description = "Make, list and change the keys of encrypted repositories.")
final class KeyCommand implements Runnable {

  static final String NEW_KEY = "VARVE_REPOSITORY_NEW_KEY";

  @Spec private CommandSpec spec = CommandSpec.create();

  /** With its own commands. */
  static CommandLine of(Session session) {
    return new CommandLine(new KeyCommand())
        .addSubcommand("generate", new Generate(session))
        .addSubcommand("list", new Listing(session))
        .addSubcommand("rotate", new Rotate(session));
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which command: generate, list or rotate?");
  }

  /** Which repository: that of the configuration, one of its copies, or another place. */
  static final class Choice {
    @Mixin private final ChainOptions chain = new ChainOptions();

    @Option(names = "--copy", paramLabel = "NAME", description = "that of copies.NAME instead")
    private Optional<String> copy = Optional.empty();

    RepositoryConfig of(Session session) {
      return copy.isPresent()
          ? OtherPlace.configured(session, copy.get())
              .orElseThrow(() -> OtherPlace.notConfigured(copy.get()))
          : chain.place(session).repository();
    }
  }

  /** Makes a master key. */
  @Command(
      name = "generate",
      description = {
        "Make a new key: into a file that only you can read, or to standard output.",
        "Keep it elsewhere too: without it nothing can be restored."
      })
  static final class Generate implements Callable<Integer> {
    private static final Set<java.nio.file.attribute.PosixFilePermission> OWN =
        PosixFilePermissions.fromString("rw-------");

    private final Session session;

    @Parameters(arity = "0..1", paramLabel = "FILE", description = "must not exist")
    private Optional<Path> file = Optional.empty();

    Generate(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws IOException {
      String text = MasterKey.generate(new SecureRandom());
      String id = MasterKey.parse(text, "this program").id();
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("masterKeyId", id);
      if (file.isPresent()) {
        write(file.get(), text);
        object.put("file", file.get().toString());
        session.console().line("Wrote the key %s to %s", id, file.get());
        session
            .console()
            .line("Keep a copy where this machine's loss does not reach it: without the key");
        session.console().line("nothing can be restored.");
      } else {
        object.put("key", text.strip());
        session.console().line("%s", text.strip());
      }
      session.console().object(object);
      return ExitCode.DONE.number();
    }

    private static void write(Path file, String text) throws IOException {
      FileAttribute<?>[] attributes =
          file.getFileSystem().supportedFileAttributeViews().contains("posix")
              ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWN)}
              : new FileAttribute<?>[0];
      try (var channel =
          Files.newByteChannel(
              file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes)) {
        channel.write(java.nio.ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
      } catch (FileAlreadyExistsException e) {
        throw new VarveException(
            ExitCode.FAILED,
            file + " exists; it may be the only copy of a key",
            "name a file that does not exist",
            e);
      }
    }
  }

  /** Shows the keyrings. */
  @Command(name = "list", description = "Show which keys a repository has; needs no key.")
  static final class Listing implements Callable<Integer> {
    private final Session session;

    @Mixin private final Choice choice = new Choice();

    Listing(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws IOException {
      RepositoryConfig config = choice.of(session);
      List<Keyrings.Found> found;
      String location;
      try (Repository raw = Repositories.openRaw(config)) {
        location = raw.location();
        found = new Keyrings(raw, new SecureRandom(), Clock.systemUTC()).list();
      }
      Optional<String> given = config.key().map(source -> source.load().id());
      Console console = session.console();
      console.line(
          found.isEmpty()
              ? "%s has no keys: it is not encrypted, or nothing was written to it yet"
              : "Keys of %s",
          location);
      found.forEach(each -> say(console, each, given));
      given.ifPresent(id -> console.line("The key given is %s", id));
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("repository", location);
      object.put("keyrings", found.stream().map(Listing::object).toList());
      object.put("givenMasterKeyId", given.orElse(null));
      console.object(object);
      boolean damaged = found.stream().anyMatch(each -> each.damage().isPresent());
      return (damaged ? ExitCode.DAMAGE_FOUND : ExitCode.DONE).number();
    }

    private static void say(Console console, Keyrings.Found found, Optional<String> given) {
      console.line("");
      if (found.ring().isEmpty()) {
        console.line("DAMAGE %s", found.damage().orElse(found.key()));
        return;
      }
      Keyring ring = found.ring().get();
      console.line(
          "%s, made %s, opens with master key %s%s",
          found.key(),
          ring.createdAt(),
          ring.masterKeyId(),
          given.equals(Optional.of(ring.masterKeyId())) ? " (the one given)" : "");
      for (Keyring.Wrapped key : ring.keys()) {
        console.line("  repository key %s, made %s", key.id(), key.createdAt());
      }
    }

    private static Map<String, Object> object(Keyrings.Found found) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("key", found.key());
      object.put("masterKeyId", found.ring().map(Keyring::masterKeyId).orElse(null));
      object.put("createdAt", found.ring().map(ring -> ring.createdAt().toString()).orElse(null));
      object.put(
          "repositoryKeys",
          found
              .ring()
              .map(ring -> ring.keys().stream().map(key -> key.id()).toList())
              .orElse(null));
      object.put("damage", found.damage().orElse(null));
      return object;
    }
  }

  /** Puts a repository under another master key. */
  @Command(
      name = "rotate",
      description = {
        "Put a repository under another key. Nothing but a small keyring is written anew;",
        "the old key opens it too until --retire."
      })
  static final class Rotate implements Callable<Integer> {
    private final Session session;

    @Mixin private final Choice choice = new Choice();

    @Option(
        names = "--new-key-file",
        paramLabel = "FILE",
        description = "the new key; or set $VARVE_REPOSITORY_NEW_KEY")
    private Optional<Path> newKeyFile = Optional.empty();

    @Option(
        names = "--new-key-command",
        paramLabel = "LINE",
        description = "a command line that prints the new key")
    private Optional<String> newKeyCommand = Optional.empty();

    @Option(
        names = "--new-repository-key",
        description = "encrypt new objects with a new key inside the repository, too")
    private boolean newRepositoryKey;

    @Option(
        names = "--retire",
        description = "when the new key was tried: remove what the old key opens")
    private boolean retire;

    Rotate(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws IOException {
      RepositoryConfig config = choice.of(session);
      MasterKey old =
          config
              .key()
              .orElseThrow(
                  () ->
                      new VarveException(
                          ExitCode.WRONG_KEY,
                          "no key was given for " + config.location(),
                          "set repository.keyFile, repository.keyCommand or VARVE_REPOSITORY_KEY"
                              + " to the key that opens it now"))
              .load();
      Optional<KeySource> given = newKey();
      if (given.isEmpty() && !newRepositoryKey && !retire) {
        throw new VarveException(
            ExitCode.USAGE,
            "no new key was given",
            "'varve key generate FILE' makes one; name it with --new-key-file");
      }
      MasterKey next = given.map(KeySource::load).orElse(old);
      Keyrings.Rotated rotated;
      try (Repository raw = Repositories.openRaw(config)) {
        rotated =
            new Keyrings(raw, new SecureRandom(), Clock.systemUTC())
                .rotate(old, next, newRepositoryKey, retire);
      }
      say(rotated);
      return ExitCode.DONE.number();
    }

    private Optional<KeySource> newKey() {
      String text = session.environment().get(NEW_KEY);
      int given =
          (newKeyFile.isPresent() ? 1 : 0)
              + (newKeyCommand.isPresent() ? 1 : 0)
              + (text != null ? 1 : 0);
      if (given > 1) {
        throw new VarveException(
            ExitCode.USAGE,
            "more than one new key was given",
            "leave all but one of --new-key-file, --new-key-command and $" + NEW_KEY + " out");
      }
      if (text != null) {
        return Optional.of(new KeySource.Text("$" + NEW_KEY, text));
      }
      return newKeyCommand.isPresent()
          ? newKeyCommand.map(KeySource.Command::shell)
          : newKeyFile.map(KeySource.KeyFile::new);
    }

    private void say(Keyrings.Rotated rotated) {
      Console console = session.console();
      console.line(
          rotated.created()
              ? "Wrote %s; master key %s opens the repository"
              : "%s was there; master key %s opens the repository",
          rotated.ring().key(),
          rotated.ring().masterKeyId());
      rotated.removed().forEach(key -> console.line("Removed %s", key));
      rotated
          .left()
          .forEach(key -> console.line("%s is still there for older keys; see --retire", key));
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("keyring", rotated.ring().key());
      object.put("created", rotated.created());
      object.put("masterKeyId", rotated.ring().masterKeyId());
      object.put("removed", rotated.removed());
      object.put("left", rotated.left());
      console.object(object);
    }
  }
}
