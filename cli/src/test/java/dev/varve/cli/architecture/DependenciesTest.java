package dev.varve.cli.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The design's rules about who may know whom, over the classes of every module. */
final class DependenciesTest {

  private static final Path ROOT = Path.of("..");
  private static final List<String> APACHE =
      List.of(
          "schemas",
          "cdc-source",
          "topology-streams",
          "snapshot-compactor",
          "restore-tool",
          "cli",
          "cli/embedded",
          "cli/embedded-kafka");
  private static final List<String> GPL =
      List.of("cdc-source/neo4j-plugin", "restore-tool/neo4j-store", "cli/embedded-neo4j");

  // read once: there is an instance of this class for each test
  private static final JavaClasses APACHE_CLASSES = classes(APACHE.stream());
  private static final JavaClasses ALL_CLASSES =
      classes(Stream.concat(APACHE.stream(), GPL.stream()));

  private static JavaClasses classes(Stream<String> modules) {
    return new ClassFileImporter()
        .importPaths(
            modules.map(module -> ROOT.resolve(module).resolve("target/classes")).toList());
  }

  @Test
  void everyModuleIsLookedAt() {
    for (String name :
        List.of(
            "dev.varve.graph.Value",
            "dev.varve.cdc.Capture",
            "dev.varve.streams.FoldApp",
            "dev.varve.archive.Manifest",
            "dev.varve.restore.RestorePlan",
            "dev.varve.tail.Tail",
            "dev.varve.replay.Replay",
            "dev.varve.embedded.EmbeddedServer",
            "dev.varve.embedded.kafka.EmbeddedKafka",
            "dev.varve.embedded.neo4j.EmbeddedNeo4j")) {
      assertThat(ALL_CLASSES.contain(name)).as(name).isTrue();
    }
  }

  @Test
  void typesUseTheJdkAlone() {
    ArchRuleDefinition.classes()
        .that()
        .resideInAnyPackage("dev.varve.graph", "dev.varve.change", "dev.varve.topology")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.jspecify.annotations",
            "dev.varve.graph",
            "dev.varve.change",
            "dev.varve.topology")
        .because("the graph's types outlive every library")
        .check(ALL_CLASSES);
  }

  @Test
  void neo4jServerIsKnownInGplModulesOnly() {
    noClasses()
        .should()
        .dependOnClassesThat(
            packageStartsWith("org.neo4j.", "org.neo4j.driver.", "org.neo4j.bolt.connection."))
        .because(
            "Neo4j's own code is GPLv3 and this is not; the driver is under the Apache License")
        .check(APACHE_CLASSES);
  }

  @Test
  void captureFoldAndCompactorMeetInKafkaOnly() {
    noDependency(
        "dev.varve.cdc..", "dev.varve.streams..", "dev.varve.compact..", "dev.varve.archive..");
    noDependency(
        "dev.varve.streams..", "dev.varve.cdc..", "dev.varve.compact..", "dev.varve.archive..");
    noDependency("dev.varve.compact..", "dev.varve.cdc..", "dev.varve.streams..");
    noDependency(
        "dev.varve.archive..", "dev.varve.cdc..", "dev.varve.streams..", "dev.varve.compact..");
  }

  @Test
  void restoreAndReplayKnowTheArchiveAndTheTailAlone() {
    noDependency(
        "dev.varve.restore..",
        "dev.varve.cdc..",
        "dev.varve.streams..",
        "dev.varve.compact..",
        "dev.varve.tail..",
        "dev.varve.replay..");
    noDependency(
        "dev.varve.replay..", "dev.varve.cdc..", "dev.varve.streams..", "dev.varve.compact..");
  }

  @Test
  void theTailKnowsNobodyWhoReadsIt() {
    noDependency(
        "dev.varve.tail..",
        "dev.varve.cdc..",
        "dev.varve.streams..",
        "dev.varve.compact..",
        "dev.varve.restore..",
        "dev.varve.replay..");
    noDependency("dev.varve.archive..", "dev.varve.tail..");
  }

  @Test
  void nothingKnowsTheCommand() {
    noDependency("dev.varve.(*)..", "dev.varve.cli..");
  }

  @Test
  void schemasKnowNoOtherModule() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.varve.wire..", "dev.varve.fault..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.varve.cdc..",
            "dev.varve.streams..",
            "dev.varve.compact..",
            "dev.varve.archive..",
            "dev.varve.restore..",
            "dev.varve.tail..",
            "dev.varve.replay..",
            "dev.varve.embedded..",
            "org.apache.kafka..")
        .because("everything stands on the schemas")
        .check(ALL_CLASSES);
  }

  @Test
  void plansHaveNoKafkaNoFilesAndNoClock() {
    noClasses()
        .that()
        .haveFullyQualifiedName("dev.varve.restore.RestorePlan")
        .or()
        .haveFullyQualifiedName("dev.varve.restore.Planner")
        .or()
        .haveFullyQualifiedName("dev.varve.restore.Window")
        .or()
        .haveFullyQualifiedName("dev.varve.topology.Fold")
        .or()
        .haveFullyQualifiedName("dev.varve.replay.Backlog")
        .or()
        .haveFullyQualifiedName("dev.varve.replay.Newest")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.kafka..", "java.nio.file..", "java.net..")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(java.time.Clock.class)
        .orShould()
        .callMethod(java.time.Instant.class, "now")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .because("decisions are pure, so that they can be tested without the world")
        .check(ALL_CLASSES);
  }

  private void noDependency(String from, String... to) {
    noClasses()
        .that(
            new DescribedPredicate<JavaClass>("are of " + from) {
              @Override
              public boolean test(JavaClass type) {
                String name = type.getPackageName();
                return from.equals("dev.varve.(*)..")
                    ? name.startsWith("dev.varve.") && !name.startsWith("dev.varve.cli")
                    : (name + ".").startsWith(from.replace("..", "."));
              }
            })
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(to)
        .because("dependencies point one way, and the stages meet in Kafka and in the repository")
        .check(ALL_CLASSES);
  }

  private static DescribedPredicate<JavaClass> packageStartsWith(String prefix, String... except) {
    return new DescribedPredicate<>("are of " + prefix + " but not of " + List.of(except)) {
      @Override
      public boolean test(JavaClass type) {
        String name = type.getName();
        return name.startsWith(prefix) && Stream.of(except).noneMatch(name::startsWith);
      }
    };
  }
}
