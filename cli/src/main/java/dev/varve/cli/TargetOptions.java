package dev.varve.cli;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which store is written to, and how to get into it. */
final class TargetOptions {

  @Option(
      names = "--target",
      paramLabel = "URI",
      description =
          "bolt://[user@]host:port, neo4j-store:<directory>,"
              + " age:postgresql://[user@]host:port/database/graph or dir:<path>")
  private Optional<String> target = Optional.empty();

  @Option(
      names = "--target-password-file",
      paramLabel = "FILE",
      description = "holds the password of the user of a bolt:// or age: target")
  private Optional<Path> passwordFile = Optional.empty();

  Optional<TargetUri> uri() {
    return target.map(TargetUri::parse);
  }

  Optional<String> password(Session session) {
    String given = session.environment().get("VARVE_TARGET_PASSWORD");
    if (given != null || passwordFile.isEmpty()) {
      return Optional.ofNullable(given);
    }
    try {
      return Optional.of(Files.readString(passwordFile.get()).strip());
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.USAGE,
          "cannot read the password in " + passwordFile.get(),
          "name a file that holds the password of the target's user",
          e);
    }
  }
}
