package dev.varve.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.embedded.EmbeddedServer;
import dev.varve.embedded.kafka.EmbeddedKafka;
import dev.varve.observe.Verdict.State;
import dev.varve.wire.TopicSpec;
import dev.varve.wire.TopicSpecs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Observers that hear each other through a real broker; the store is one that can be frozen. */
class ObserverTest {

  private static final Pace PACE = new Pace(Duration.ofMillis(200), Duration.ofMillis(1500), 2);

  private static final Duration SILENCE = Duration.ofSeconds(1);

  @TempDir static Path home;
  private static EmbeddedServer.Running kafka;

  private final FakeServer server = new FakeServer();

  @BeforeAll
  static void startKafka() {
    kafka = new EmbeddedKafka().start(home, Map.of());
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @Test
  void failureCountsWhenAMajoritySeesIt() throws Exception {
    String topic = topic("majority");
    List<State> heard = new CopyOnWriteArrayList<>();
    List<Observer> observers = new ArrayList<>();
    try {
      FakeServer elsewhere = new FakeServer(); // what c sees of it
      observers.add(observer("a", topic, server, verdict -> heard.add(verdict.state())));
      observers.add(observer("b", topic, server, verdict -> {}));
      observers.add(observer("c", topic, elsewhere, verdict -> {}));
      await(() -> heard.contains(State.UP));

      elsewhere.refusing = true; // c alone is cut off from it
      await(() -> down(observers.get(0)).equals(List.of("c")));
      assertThat(heard).doesNotContain(State.DOWN);

      server.refusing = true;
      await(() -> heard.contains(State.DOWN));
      await(() -> down(observers.get(2)).size() == 3);

      server.refusing = false;
      elsewhere.refusing = false;
      await(() -> heard.get(heard.size() - 1) == State.UP);
    } finally {
      observers.forEach(Observer::close);
    }
    assertThat(observers).allSatisfy(each -> assertThat(each.failure()).isEmpty());
  }

  @Test
  void serverThatAcceptsAndNeverAnswersIsDownAndOneThatWakesUpIsUp() throws Exception {
    List<State> heard = new CopyOnWriteArrayList<>();
    try (Observer alone =
        observer("a", topic("frozen"), server, verdict -> heard.add(verdict.state()), "a")) {
      await(() -> heard.contains(State.UP));
      CountDownLatch frozen = new CountDownLatch(1);
      server.frozen = frozen;
      await(() -> heard.contains(State.DOWN));
      assertThat(alone.status().sighting().orElseThrow().trouble().orElseThrow())
          .contains("no answer within");
      server.frozen = new CountDownLatch(0);
      frozen.countDown();
      await(() -> heard.get(heard.size() - 1) == State.UP);
    }
  }

  @Test
  void captureThatSaysNothingAnyMoreIsDown() throws Exception {
    String topic = topic("silent");
    List<State> heard = new CopyOnWriteArrayList<>();
    try (Observer alone =
            observer("a", topic, server, verdict -> heard.add(verdict.capture()), "a");
        KafkaProducer<byte[], byte[]> capture =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.address()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
      await(() -> alone.status().verdict().isPresent());
      assertThat(heard).as("before it was ever heard of").containsExactly(State.UNDECIDED);
      beat(capture, topic, () -> heard.contains(State.UP));
      await(() -> heard.get(heard.size() - 1) == State.DOWN);
      beat(capture, topic, () -> heard.get(heard.size() - 1) == State.UP);
    }
  }

  private static void beat(
      KafkaProducer<byte[], byte[]> capture, String topic, BooleanSupplier enough)
      throws Exception {
    await(
        () -> {
          var said =
              capture.send(
                  new ProducerRecord<>(
                      topic.replace("observers", "offsets"), 0, new byte[1], new byte[1]));
          return enough.getAsBoolean();
        });
  }

  @Test
  void withoutKafkaThereIsNoVerdict() throws Exception {
    Observer.Setting cutOff =
        new Observer.Setting(
            "a",
            "store",
            new TreeSet<>(List.of("a")),
            PACE,
            Map.of("bootstrap.servers", "127.0.0.1:1"),
            "nowhere",
            "nowhere-else",
            SILENCE);
    server.refusing = true;
    List<Verdict> heard = new CopyOnWriteArrayList<>();
    try (Observer observer = Observer.start(cutOff, server::probe, heard::add)) {
      await(() -> observer.status().kafkaTrouble().isPresent());
      await(() -> observer.status().sighting().map(seen -> !seen.up()).orElse(false));
      assertThat(observer.status().verdict()).isEmpty();
    }
    assertThat(heard).isEmpty();
  }

  private static List<String> down(Observer observer) {
    return observer
        .status()
        .verdict()
        .map(verdict -> List.copyOf(new TreeSet<>(verdict.down().keySet())))
        .orElse(List.of());
  }

  private static Observer observer(
      String name, String topic, FakeServer server, Consumer<Verdict> changed) {
    return observer(name, topic, server, changed, "a", "b", "c");
  }

  private static Observer observer(
      String name, String topic, FakeServer server, Consumer<Verdict> changed, String... members) {
    return Observer.start(
        new Observer.Setting(
            name,
            "store",
            new TreeSet<>(List.of(members)),
            PACE,
            Map.of("bootstrap.servers", kafka.address()),
            topic,
            topic.replace("observers", "offsets"),
            SILENCE),
        server::probe,
        changed);
  }

  private static String topic(String graph) throws Exception {
    create(TopicSpecs.of(graph).offsets());
    return create(TopicSpecs.of(graph).observers());
  }

  private static String create(TopicSpec spec) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.address()))) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(spec.name(), spec.partitions(), (short) 1)
                      .configs(Map.copyOf(spec.settings()))))
          .all()
          .get();
    }
    return spec.name();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long limit = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for a minute in vain").isLessThan(limit);
      Thread.sleep(20);
    }
  }

  /** A server that can refuse, or take a connection and never answer. */
  private static final class FakeServer {
    volatile boolean refusing;
    volatile CountDownLatch frozen = new CountDownLatch(0);

    Probe probe() {
      return new Probe() {
        @Override
        public void look(Duration timeout) throws Exception {
          if (refusing) {
            throw new java.net.ConnectException("refused");
          }
          frozen.await();
        }

        @Override
        public void close() {}
      };
    }
  }
}
