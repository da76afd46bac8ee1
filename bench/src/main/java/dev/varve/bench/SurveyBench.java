package dev.varve.bench;

import static dev.varve.bench.Report.figure;

import dev.varve.archive.DirectoryRepository;
import dev.varve.restore.GraphMerge;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.RestorePlan;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.Findings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a restore into another engine takes before it writes: the survey of a graph of Neo4j for
 * AGE, with conversions, against a pass over the same chain that decodes each element and does
 * nothing with it.
 *
 * <p>{@code -Dvertices=200000 -Dedges=1000000 -Drounds=3}; the fastest round counts.
 */
public final class SurveyBench {

  private static final double NANOS_A_SECOND = 1e9;

  private SurveyBench() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("varve-survey-bench");
    try {
      run(directory);
    } finally {
      Directories.delete(directory);
    }
  }

  private static void run(Path directory) throws Exception {
    long vertices = Long.getLong("vertices", 200_000);
    long edges = Long.getLong("edges", 1_000_000);
    DirectoryRepository repository = new DirectoryRepository(directory.resolve("repository"));
    new SyntheticChain(directory.resolve("scratch"), directory.resolve("repository"), 1)
        .write(vertices, edges);
    RestorePlan plan = Restore.plan(repository, SyntheticChain.GRAPH, Moment.parse("latest"));
    double pass = Double.MAX_VALUE;
    double survey = Double.MAX_VALUE;
    long conversions = 0;
    for (int i = 0; i < Integer.getInteger("rounds", 3); i++) {
      long start = System.nanoTime();
      decode(plan, repository);
      long between = System.nanoTime();
      Findings findings =
          Restore.survey(
                  plan, repository, new Conversion(Optional.of(Engine.AGE), true), Progress.NONE)
              .orElseThrow();
      survey = Math.min(survey, (System.nanoTime() - between) / NANOS_A_SECOND);
      pass = Math.min(pass, (between - start) / NANOS_A_SECOND);
      conversions = findings.converted().stream().mapToLong(Findings.Tally::count).sum();
    }
    Report.print(
        "survey",
        figure("vertices", vertices),
        figure("edges", edges),
        figure("conversions", conversions),
        figure("decoding pass, seconds", pass),
        figure("survey, seconds", survey),
        figure("survey, elements a second", (vertices + edges) / survey));
  }

  private static void decode(RestorePlan plan, DirectoryRepository repository) {
    try (GraphMerge graph = new GraphMerge(plan, repository)) {
      for (LiveElements elements : List.of(graph.vertices(), graph.edges())) {
        try (elements) {
          for (LiveElement e = elements.next(); e != null; e = elements.next()) {
            e.state();
          }
        }
      }
    }
  }
}
