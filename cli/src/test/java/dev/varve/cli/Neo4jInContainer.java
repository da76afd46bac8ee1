package dev.varve.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.ImageFromDockerfile;
import org.testcontainers.neo4j.Neo4jContainer;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/**
 * Real Neo4j Community servers in containers, with the plugin dropped into {@code plugins/} as the
 * manual says.
 *
 * <p>Normally the public image. Where no registry can be reached, {@code VARVE_TEST_JRE_IMAGE}
 * names a local image with Java (see {@code deploy/images}), and the server is put on top of it
 * from the jars of the distribution.
 */
final class Neo4jInContainer {

  static final String PASSWORD = "correct-horse";
  private static final String PUBLIC_IMAGE = "neo4j:5.26.30-community";
  private static final Path START = Path.of("../deploy/images/neo4j-entry.sh");
  private static final int BOLT = 7687;
  private static final Duration START_AT_MOST = Duration.ofMinutes(3);

  private Neo4jInContainer() {}

  /** A server that is not started yet; with the plugin, and its permission, or without both. */
  static Neo4jContainer server(Path distribution, boolean plugin) throws IOException {
    Neo4jContainer server = bare(distribution);
    return plugin
        ? withPlugin(server, distribution)
            .withNeo4jConfig("dbms.security.procedures.unrestricted", "varve.*")
        : server;
  }

  /** A server in which somebody forgot a step: the jar is there, the permission is not. */
  static Neo4jContainer withoutPermission(Path distribution) throws IOException {
    return withPlugin(bare(distribution), distribution);
  }

  /** A server that permits the plugin, but only other procedures are on its list. */
  static Neo4jContainer notOnTheList(Path distribution) throws IOException {
    return server(distribution, true)
        .withNeo4jConfig("dbms.security.procedures.allowlist", "db.*,dbms.*");
  }

  private static Neo4jContainer withPlugin(Neo4jContainer server, Path distribution)
      throws IOException {
    return server.withPlugins(MountableFile.forHostPath(pluginJar(distribution)));
  }

  private static Neo4jContainer bare(Path distribution) throws IOException {
    Neo4jContainer server =
        new Neo4jContainer(image(distribution).asCompatibleSubstituteFor("neo4j"))
            .withAdminPassword(PASSWORD)
            .withNeo4jConfig("server.memory.heap.max_size", "512m")
            .withNeo4jConfig("server.memory.pagecache.size", "128m")
            .withNeo4jConfig("dbms.usage_report.enabled", "false");
    // Bolt alone: the jars of the local image bring no HTTP server.
    server.setWaitStrategy(
        Wait.forLogMessage(".*Bolt enabled on .*\\n", 1).withStartupTimeout(START_AT_MOST));
    server.setExposedPorts(List.of(BOLT));
    return server;
  }

  private static Path pluginJar(Path distribution) throws IOException {
    try (Stream<Path> jars = Files.list(distribution.resolve("plugins"))) {
      return jars.filter(jar -> jar.toString().endsWith(".jar")).findFirst().orElseThrow();
    }
  }

  private static DockerImageName image(Path distribution) throws IOException {
    String base = System.getenv("VARVE_TEST_JRE_IMAGE");
    return DockerImageName.parse(
        base == null || base.isBlank() ? PUBLIC_IMAGE : onTopOf(base, distribution));
  }

  /** An image that takes its settings from the environment as the public one does. */
  private static String onTopOf(String base, Path distribution) throws IOException {
    ImageFromDockerfile image =
        new ImageFromDockerfile("varve-test/neo4j-community:5.26.30", false)
            .withFileFromPath("start.sh", START)
            .withDockerfileFromBuilder(
                dockerfile ->
                    dockerfile
                        .from(base)
                        .copy("lib", "/var/lib/neo4j/lib")
                        .copy("start.sh", "/start.sh")
                        .expose(BOLT)
                        .entryPoint("sh", "/start.sh")
                        .build());
    try (Stream<Path> neo4j = Files.list(distribution.resolve("lib/neo4j"));
        Stream<Path> core = Files.list(distribution.resolve("lib/core"))) {
      // The logging API is the one thing that the distribution's Neo4j takes from outside.
      Stream.concat(
              neo4j.filter(jar -> !jar.getFileName().toString().startsWith("varve-")),
              core.filter(jar -> jar.getFileName().toString().startsWith("slf4j-api-")))
          .forEach(jar -> image.withFileFromPath("lib/" + jar.getFileName(), jar));
    }
    return image.get();
  }
}
