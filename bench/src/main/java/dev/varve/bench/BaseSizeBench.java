package dev.varve.bench;

import static dev.varve.bench.Report.figure;

import dev.varve.archive.DirectoryRepository;
import dev.varve.bench.ServerProcess.Distribution;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.TargetUri;
import dev.varve.restore.target.dir.DirTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How large a base is, against what {@code neo4j-admin database dump} makes of a store with the
 * same graph in it.
 *
 * <p>{@code -Dvertices=200000 -Dedges=1000000 -Dlevel=1}, the level being zstd's for the base.
 * {@code -Dtransactions=1}: of how many transactions each element was last changed by any; with 1
 * the base is that of an initial scan, with several millions what a chain has after years. The dump
 * is always that of a store into which the graph was just imported, which is the smallest.
 */
public final class BaseSizeBench {

  private static final String DATABASE = "neo4j";

  private BaseSizeBench() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("varve-base-bench");
    try {
      run(directory);
    } finally {
      Directories.delete(directory);
    }
  }

  private static void run(Path directory) throws Exception {
    long vertices = Long.getLong("vertices", 200_000);
    long edges = Long.getLong("edges", 1_000_000);
    long transactions = Long.getLong("transactions", 1);
    DirectoryRepository repository = new DirectoryRepository(directory.resolve("repository"));
    new SyntheticChain(directory.resolve("scratch"), directory.resolve("repository"), 1)
        .grownBy(transactions)
        .write(vertices, edges);
    var plan = Restore.plan(repository, SyntheticChain.GRAPH, Moment.parse("latest"));
    Path csv = directory.resolve("csv");
    try (DirTarget target =
        new DirTarget((TargetUri.Directory) TargetUri.parse("dir:" + csv + "?format=csv"))) {
      Restore.run(plan, repository, target, false, Progress.NONE);
    }
    Path home = directory.resolve("neo4j");
    Files.createDirectories(home.resolve("conf"));
    admin(csv, home, "import", "full", DATABASE, "@import.args");
    Path dumps = Files.createDirectories(directory.resolve("dumps"));
    admin(csv, home, "dump", DATABASE, "--to-path=" + dumps);
    long dump = Files.size(dumps.resolve(DATABASE + ".dump"));
    Report.print(
        "base-size",
        figure("vertices", vertices),
        figure("edges", edges),
        figure("transactions", transactions),
        figure("zstd level of the base", Integer.getInteger("level", 1)),
        figure("base bytes", plan.bytes()),
        figure("dump bytes", dump),
        figure("ratio", (double) plan.bytes() / dump),
        figure("bar", 1));
  }

  private static void admin(Path directory, Path home, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx1g");
    command.add("-cp");
    command.add(Distribution.find().classPathOf("neo4j"));
    command.add("org.neo4j.cli.AdminTool");
    command.add("database");
    command.addAll(List.of(arguments));
    Path log = home.resolve("admin.log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("NEO4J_HOME", home.toString());
    builder.environment().put("NEO4J_CONF", home.resolve("conf").toString());
    if (builder.start().waitFor() != 0) {
      throw new IOException("neo4j-admin failed:\n" + Files.readString(log));
    }
  }
}
