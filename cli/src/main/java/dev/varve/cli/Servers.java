package dev.varve.cli;

import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.IsolatedClassPath;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The servers that can be run in this process, each from a directory of jars of its own in the
 * installation.
 */
record Servers(Path home) {

  static Servers installedAt(@Nullable String home) {
    if (home == null || !Files.isDirectory(Path.of(home, "lib"))) {
      throw new VarveException(
          ExitCode.FAILED,
          "the installation was not found" + (home == null ? "" : " at " + home),
          "start varve by its launcher, or set -Dvarve.home to the directory that has lib in it");
    }
    return new Servers(Path.of(home));
  }

  EmbeddedServer kafka() {
    return IsolatedClassPath.of(home.resolve("lib/kafka")).load(EmbeddedServer.class);
  }

  EmbeddedServer neo4j() {
    return neo4jClassPath().load(EmbeddedServer.class);
  }

  /** Where services that need Neo4j's libraries are loaded from. */
  IsolatedClassPath neo4jClassPath() {
    return IsolatedClassPath.of(home.resolve("lib/neo4j"));
  }
}
