package dev.varve.cli.drill;

import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.cli.config.Config;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A primary and its standby, thrown away afterwards: two Neo4j servers, three Kafka brokers, an
 * object store perhaps, and every stage, each in a process of its own. Everybody reaches the
 * primary through {@link Doors}, and the stages the object store through one; past them both stores
 * are read by an {@link Onlooker}.
 *
 * <p>Closing it ends everything that it has started, also while it is being started.
 */
final class Pair implements AutoCloseable {

  static final String GRAPH = "drill";
  static final List<String> OBSERVERS = List.of("here", "there", "witness");

  /** The observer that promotes. */
  static final String PROMOTES = "there";

  static final String FLUSH_EVERY = "1s";

  private static final Logger LOG = LoggerFactory.getLogger(Pair.class);
  private static final Duration START_WITHIN = Duration.ofMinutes(3);
  private static final Proxy.Slowness SLOWNESS = new Proxy.Slowness(300, 4 * 1024);

  /**
   * What it is made of.
   *
   * @param layout its directory is there and empty
   * @param pace how its observers look, as variables that configure them
   * @param broker which of the brokers is the one to be killed, from 0 on
   */
  record Setting(
      Installation installation,
      Layout layout,
      double writesPerSecond,
      long seed,
      Map<String, String> pace,
      int broker) {
    Setting {
      pace = Map.copyOf(pace);
    }
  }

  /** The object store and the door to it. */
  record ObjectStore(Child server, Proxy door, String address) {}

  private final Setting setting;
  private final Layout layout;
  private final Stages stages = new Stages();
  private final Deque<AutoCloseable> open = new ArrayDeque<>(); // guarded by itself
  private boolean closed; // guarded by open
  private final Map<String, String> environment = new TreeMap<>();
  private List<Child> brokers = List.of();
  private Optional<SmallDisk> disk = Optional.empty();
  private Optional<ObjectStore> objectStore = Optional.empty();
  private Optional<Serving> serving = Optional.empty();
  private List<Onlooker> onlookers = List.of();

  /** What is there once everything serves. */
  private record Serving(
      Child primary,
      String primaryAddress,
      Child standby,
      String standbyAddress,
      Doors doors,
      Fence fence,
      Load load,
      ChainEnd chainEnd,
      Link standbyLink,
      Behind behind) {}

  Pair(Setting setting) {
    this.setting = setting;
    this.layout = setting.layout();
    keep(stages);
  }

  /** Starts everything and waits until the standby and the chain follow. */
  void start(Consumer<String> doing) throws IOException, InterruptedException {
    Files.createDirectories(layout.logs());
    doing.accept("starting three brokers, a primary and a standby …");
    brokers = new Brokers(setting.installation(), layout.directory(), layout.logs()).all();
    for (Child broker : brokers) {
      keep(broker).start();
    }
    Child primary = keep(server("primary", setting.installation().neo4j(layout.data("primary"))));
    Child standby = keep(server("standby", setting.installation().neo4j(layout.data("standby"))));
    primary.start();
    standby.start();
    String root = place();
    String primaryAddress = primary.awaitReady(START_WITHIN);
    Doors doors = keep(Doors.to(socket(primaryAddress), SLOWNESS));
    Load load =
        keep(
            new Load(
                new Load.Setting(
                    Neo4jStore.open("bolt://" + doors.clients().address()),
                    Neo4jStore::open,
                    Handwriting.PLAIN,
                    setting.writesPerSecond(),
                    setting.seed()),
                keep(new Announced(new Announced.InFile(layout.announced()), Optional.empty())),
                Clock.systemUTC()));
    String standbyAddress = standby.awaitReady(START_WITHIN);
    List<String> bootstrap = new ArrayList<>();
    for (Child broker : brokers) {
      bootstrap.add(broker.awaitReady(START_WITHIN));
    }
    Fence fence = keep(new Fence(doors));
    layout.configure(
        "bolt://" + doors.stages().address(), root, String.join(",", bootstrap), fence);
    doing.accept("starting the stages …");
    for (String stage : List.of("capture", "fold", "compact")) {
      stages.start(stage, stage(stage, Map.of(), stage));
    }
    ChainEnd chainEnd = new ChainEnd(keep(repository()), GRAPH);
    Trial.await("there is a first snapshot", START_WITHIN, () -> chainEnd.newest().isPresent());
    doing.accept("the standby is made …");
    stages.start(
        "replay", stage("replay", Map.of(), "replay", "--target", standbyAddress, "--follow"));
    Link standbyLink = keep(Neo4jStore.open(standbyAddress).connect());
    Behind behind =
        keep(
            new Behind(
                load,
                Optional.of(() -> load.inStandby(standbyLink)),
                Behind.byCommitTime(chainEnd, load)));
    serving =
        Optional.of(
            new Serving(
                primary,
                primaryAddress,
                standby,
                standbyAddress,
                doors,
                fence,
                load,
                chainEnd,
                standbyLink,
                behind));
    long written = load.count();
    Trial.await(
        "standby and chain follow", START_WITHIN, () -> behind.bothHold(Math.max(1, written)));
    onlookers = // not before: while a standby is made, it is no copy of anything
        List.of(
            keep(new Onlooker("primary", primaryAddress)),
            keep(new Onlooker("standby", standbyAddress)));
  }

  private String place() throws IOException {
    switch (layout.need()) {
      case SMALL_DISK -> {
        disk = Optional.of(keep(SmallDisk.mount(layout.disk())));
        return layout.chainFiles().toString();
      }
      case OBJECT_STORE -> {
        int port = Brokers.freePorts(1).get(0);
        Child server =
            keep(
                server(
                    "object-store",
                    setting
                        .installation()
                        .objectStore(
                            layout.data("objects"),
                            List.of(
                                "accessKey=drill",
                                "secretKey=drilled",
                                "bucket=varve",
                                "port=" + port))));
        server.start();
        String address = server.awaitReady(START_WITHIN);
        Proxy door = keep(Proxy.to(socket(address), SLOWNESS));
        environment.put("VARVE_REPOSITORY_ENDPOINT", "http://" + door.address());
        environment.put("VARVE_REPOSITORY_ACCESS_KEY", "drill");
        environment.put("VARVE_REPOSITORY_SECRET_KEY", "drilled");
        objectStore = Optional.of(new ObjectStore(server, door, address));
        return "s3://varve/chains";
      }
      default -> {
        return layout.chainFiles().toString();
      }
    }
  }

  /** Starts the observers; one of them promotes. */
  void startObservers() throws IOException {
    for (String name : OBSERVERS) {
      Map<String, String> more = new TreeMap<>(setting.pace());
      more.put("VARVE_OBSERVE_NAME", name);
      if (name.equals(PROMOTES)) {
        more.put(
            "VARVE_OBSERVE_ON_DOWN",
            // a second try is what an operator makes when the first fails
            "for try in 1 2 3 4 5 6; do"
                + " '%s/varve' promote --forced --target %s --output=json > promoting.json 2>> logs/promote.log; exit=$?;"
                    .formatted(setting.installation().home(), standbyAddress())
                + " echo $exit >> promote-exits; case $exit in 0|3) break;; esac; sleep 1; done;"
                + " mv promoting.json promoted.json; exit $exit");
      }
      stages.start(observer(name), stage(observer(name), more, "observe"));
    }
  }

  static String observer(String name) {
    return "observe-" + name;
  }

  /** A command of Varve's that runs until it is stopped. */
  Child stage(String name, Map<String, String> more, String... arguments) {
    return child(name, false, setting.installation().varve(List.of(arguments)), more);
  }

  private Child server(String name, List<String> command) {
    return child(name, true, command, Map.of());
  }

  private Child child(String name, boolean server, List<String> command, Map<String, String> more) {
    Map<String, String> all = environment();
    all.putAll(more);
    return new Child(
        name, new Child.Launch(command, layout.directory(), all, layout.log(name), server));
  }

  /** What every stage is told beside the configuration. */
  Map<String, String> environment() {
    Map<String, String> all = new TreeMap<>(environment);
    all.put("VARVE_HEAP", Installation.HEAP);
    all.put("VARVE_JAVA_OPTS", Installation.JAVA_OPTIONS);
    return all;
  }

  /** As it is past the door to the object store. */
  private Repository repository() throws IOException {
    Map<String, String> direct = new TreeMap<>(environment);
    objectStore.ifPresent(store -> direct.put("VARVE_REPOSITORY_ENDPOINT", store.address()));
    return Repositories.open(Config.read(layout.configFile(), direct).repository());
  }

  private static InetSocketAddress socket(String address) {
    URI uri = URI.create(address);
    return new InetSocketAddress(uri.getHost(), uri.getPort());
  }

  Layout layout() {
    return layout;
  }

  Installation installation() {
    return setting.installation();
  }

  private Serving serving() {
    return serving.orElseThrow(() -> new IllegalStateException("the pair is not started"));
  }

  Child primary() {
    return serving().primary();
  }

  /** Past the door. */
  String primaryAddress() {
    return serving().primaryAddress();
  }

  String standbyAddress() {
    return serving().standbyAddress();
  }

  Link standbyLink() {
    return serving().standbyLink();
  }

  Child standby() {
    return serving().standby();
  }

  Doors doors() {
    return serving().doors();
  }

  Fence fence() {
    return serving().fence();
  }

  Load load() {
    return serving().load();
  }

  Behind behind() {
    return serving().behind();
  }

  /** Past the door to the object store. */
  ChainEnd chainEnd() {
    return serving().chainEnd();
  }

  Stages stages() {
    return stages;
  }

  /** How often both stores have been looked at, of both the lesser. */
  long looks() {
    return onlookers.stream().mapToLong(Onlooker::looks).min().orElse(0);
  }

  /** What a reader of one of the stores has seen of a transaction that was not whole. */
  Optional<String> half() {
    return onlookers.stream().flatMap(one -> one.half().stream()).findFirst();
  }

  List<Child> brokers() {
    return brokers;
  }

  /** The one that is killed. */
  Child broker() {
    return brokers.get(setting.broker());
  }

  SmallDisk disk() {
    return disk.orElseThrow(() -> new IllegalStateException("there is no small disk"));
  }

  ObjectStore objectStore() {
    return objectStore.orElseThrow(() -> new IllegalStateException("there is no object store"));
  }

  /** What is to be closed with this, last first. */
  private <T extends AutoCloseable> T keep(T resource) {
    synchronized (open) {
      if (!closed) {
        open.push(resource);
        return resource;
      }
    }
    quietly(resource);
    throw new IllegalStateException("the drill is over");
  }

  @Override
  public void close() {
    List<AutoCloseable> all;
    synchronized (open) {
      closed = true;
      all = List.copyOf(open);
      open.clear();
    }
    stages.close(); // first, so that nothing is started again
    all.stream().filter(resource -> resource instanceof Child).forEach(Pair::quietly);
    all.stream().filter(resource -> !(resource instanceof Child)).forEach(Pair::quietly);
  }

  private static void quietly(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      LOG.warn("could not close {}: {}", resource, e.toString());
    }
  }
}
