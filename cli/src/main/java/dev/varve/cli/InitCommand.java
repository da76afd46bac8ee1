package dev.varve.cli;

import dev.varve.cli.config.Key;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes a commented configuration for a store. */
@Command(name = "init", description = "Write a commented varve.yaml for a store.")
final class InitCommand implements Callable<Integer> {

  /** The names of copies are free, so they are no keys. */
  private static final String COPIES =
      """

      # copies kept in step in other places, each with the keys of repository
      # copies:
      #   far:
      #     root: s3://bucket/prefix
      """;

  private final Session session;

  @Option(
      names = "--graph",
      defaultValue = "graph",
      description = "the graph's name: ${DEFAULT-VALUE}")
  private String graph = "";

  @Option(
      names = "--source",
      paramLabel = "URI",
      defaultValue = "bolt://localhost:7687",
      description = "where the store is: ${DEFAULT-VALUE}")
  private String source = "";

  @Option(
      names = "--repository",
      paramLabel = "DIR|s3://BUCKET/PREFIX",
      defaultValue = "varve-data/chains",
      description = "where the chain is kept: ${DEFAULT-VALUE}")
  private String repository = "";

  @Option(
      names = "--kafka",
      paramLabel = "HOST:PORT",
      defaultValue = "embedded",
      description = "Kafka: ${DEFAULT-VALUE}, or host:port,host:port")
  private String kafka = "";

  InitCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Path file = session.configFile();
    Map<Key, String> given = new LinkedHashMap<>();
    given.put(Key.GRAPH, graph);
    given.put(Key.SOURCE_URI, source);
    given.put(Key.REPOSITORY_ROOT, repository);
    given.put(Key.KAFKA_BOOTSTRAP, kafka);
    try {
      Files.writeString(file, yaml(given), StandardOpenOption.CREATE_NEW);
    } catch (FileAlreadyExistsException e) {
      throw new VarveException(
          ExitCode.FAILED, file + " exists", "remove it, or name another with -c <file>", e);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot write " + file + ": " + e,
          "name a file in a directory that you may write to with -c <file>",
          e);
    }
    Console console = session.console();
    console.line(
        "Wrote %s. Put the password of the store's user into a file and name it there as", file);
    console.line("source.passwordFile, or set VARVE_SOURCE_PASSWORD.");
    console.line(
        source.startsWith("bolt") || source.startsWith("neo4j")
            ? "Next: varve doctor -c %s"
            : "Next: varve source setup --as postgres -c %s",
        file);
    console.object(Map.of("config", file.toString()));
    return ExitCode.DONE.number();
  }

  /** Every key with what it is: those given plain, the others commented out with their defaults. */
  static String yaml(Map<Key, String> given) {
    StringBuilder yaml = new StringBuilder("# Varve: streaming backup of one graph.\n");
    yaml.append("# Each key can be set in the environment instead, for example\n");
    yaml.append("# VARVE_SOURCE_URI; secrets only there or in files of their own.\n");
    String section = "";
    for (Key key : Key.values()) {
      int dot = key.path().indexOf('.');
      String keySection = dot < 0 ? "" : key.path().substring(0, dot);
      if (!keySection.equals(section)) {
        section = keySection;
        yaml.append('\n').append(section).append(":\n");
      }
      if (key.inFile()) {
        append(yaml, key, key.path().substring(dot + 1), Optional.ofNullable(given.get(key)));
      }
    }
    return yaml.append(COPIES).toString();
  }

  private static void append(StringBuilder yaml, Key key, String name, Optional<String> value) {
    String indent = key.path().equals(name) ? "" : "  ";
    yaml.append(indent).append("# ").append(key.description()).append('\n');
    if (value.isPresent()) {
      yaml.append(indent).append(name).append(": ").append(quoted(value.get())).append('\n');
    } else {
      yaml.append(indent).append("# ").append(name).append(':');
      yaml.append(key.defaultText().map(text -> " " + text).orElse("")).append('\n');
    }
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
