package dev.varve.cdc;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.Topics;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Which store is the primary of a site, as the offsets topic says: the one that is captured, unless
 * another was promoted.
 *
 * @param state where capture stands
 * @param promotion the newest one
 */
public record Succession(Optional<CaptureState> state, Optional<Promotion> promotion) {

  /**
   * Reads it.
   *
   * @param kafka settings of Kafka clients
   * @param site without its incarnation
   * @throws VarveException if the brokers cannot be reached
   */
  public static Succession read(Map<String, String> kafka, String graph, String site) {
    try {
      return read(new KafkaSettings(kafka), new CaptureName(graph, site));
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  static Succession read(KafkaSettings kafka, CaptureName name) {
    OffsetCodec codec = new OffsetCodec();
    Map<ByteBuffer, byte[]> offsets =
        OffsetsTopic.read(kafka.consumer(), new Topics(name.graph()).offsets());
    return new Succession(
        value(codec, offsets.get(ByteBuffer.wrap(name.positionKey(codec))))
            .map(CaptureState::fromMap),
        value(codec, offsets.get(ByteBuffer.wrap(name.promotionKey(codec))))
            .map(Promotion::fromMap));
  }

  private static Optional<Map<String, ?>> value(OffsetCodec codec, byte @Nullable [] value) {
    return value == null ? Optional.empty() : Optional.of(codec.readValue(value));
  }

  /**
   * Makes another store the primary of a site. Fences the capture that is at work, so that nothing
   * is published after what {@link Promotion#from} says; no capture of another store begins from
   * then on. To be done again if it fails: nothing, or all of it, has happened.
   *
   * @param store the identity of the store
   * @param address where clients reach it, without anything secret
   * @throws VarveException if the brokers cannot be reached
   */
  public static Promotion promote(
      Map<String, String> kafka,
      String graph,
      String site,
      String store,
      String address,
      Clock clock) {
    CaptureName name = new CaptureName(graph, site);
    KafkaSettings settings = new KafkaSettings(kafka);
    try (KafkaProducer<byte[], byte[]> producer = producer(settings, name)) {
      producer.initTransactions();
      Succession now = read(settings, name);
      if (now.promotion().isPresent() && now.promotion().get().store().equals(store)) {
        return now.promotion().get();
      }
      Promotion next = Promotion.to(store, address, now.promotion(), now.state(), clock.instant());
      OffsetCodec codec = new OffsetCodec();
      producer.beginTransaction();
      send(producer, graph, name.promotionKey(codec), codec.value(next.toMap()));
      producer.commitTransaction();
      producer.close(Duration.ofSeconds(5));
      return next;
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /**
   * The same where Kafka was lost with the primary, and another has taken its place, which knows
   * nothing yet: it is told what the chain knows. Nothing is fenced; who still has the lost brokers
   * goes on there.
   *
   * @param kafka the new one; its topics are there
   * @param lost where the capture of the primary stood, as far as is known
   * @throws VarveException if the brokers cannot be reached, or know the site's capture
   */
  public static Promotion begin(
      Map<String, String> kafka,
      String graph,
      CaptureState lost,
      String store,
      String address,
      Clock clock) {
    CaptureName name = new CaptureName(graph, lost.site().name());
    KafkaSettings settings = new KafkaSettings(kafka);
    try (KafkaProducer<byte[], byte[]> producer = producer(settings, name)) {
      producer.initTransactions();
      Succession now = read(settings, name);
      if (now.promotion().isPresent() && now.promotion().get().store().equals(store)) {
        return now.promotion().get();
      }
      now.requireUnknown(lost.site().name());
      Promotion next =
          Promotion.to(store, address, Optional.empty(), Optional.of(lost), clock.instant());
      OffsetCodec codec = new OffsetCodec();
      producer.beginTransaction();
      send(producer, graph, name.positionKey(codec), codec.value(lost.toMap()));
      send(producer, graph, name.promotionKey(codec), codec.value(next.toMap()));
      producer.commitTransaction();
      return next;
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /**
   * Tells brokers that know nothing of a site what is laid down of it, so that capture goes on from
   * there.
   *
   * @throws VarveException if the brokers cannot be reached, or know the site's capture
   */
  static Succession adopt(CaptureConfig config, CaptureState laidDown) {
    CaptureName name = config.name();
    KafkaSettings settings = new KafkaSettings(config.kafka());
    try (KafkaProducer<byte[], byte[]> producer = producer(settings, name)) {
      producer.initTransactions();
      read(settings, name).requireUnknown(config.site());
      OffsetCodec codec = new OffsetCodec();
      producer.beginTransaction();
      send(producer, name.graph(), name.positionKey(codec), codec.value(laidDown.toMap()));
      producer.commitTransaction();
      return new Succession(Optional.of(laidDown), Optional.empty());
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /** Whether these brokers have never known the site. */
  boolean isUnknown() {
    return state.isEmpty() && promotion.isEmpty();
  }

  /**
   * Sees that these brokers have never known the site.
   *
   * @throws VarveException if they have
   */
  public void requireUnknown(String site) {
    if (!isUnknown()) {
      throw new VarveException(
          ExitCode.USAGE,
          "Kafka is not lost: it knows where the capture of "
              + site
              + " stands; nothing was promoted",
          "promote without --chain-only; or name the new brokers with kafka.bootstrap, or another"
              + " data directory if Kafka is embedded");
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(KafkaSettings settings, CaptureName name) {
    return new KafkaProducer<>(
        settings.producer(name.transactionalId(), "none"),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, String graph, byte[] key, byte[] value) {
    var failedSendsSurfaceInTheCommit =
        producer.send(new ProducerRecord<>(new Topics(graph).offsets(), 0, key, value));
  }

  /**
   * Whether a store may be captured as the site.
   *
   * @param store its identity
   * @param newIncarnation whether an operator has said that another store than before is meant
   * @return whether it begins the site's next incarnation because it was promoted
   * @throws VarveException with {@link ExitCode#FENCED} if another store was promoted
   * @throws LogGapException if it is another store than before, and nobody has said that it is
   *     meant
   */
  boolean admits(String store, boolean newIncarnation) {
    if (promotion.isPresent() && !promotion.get().begun(state)) {
      if (!promotion.get().store().equals(store)) {
        throw replaced(promotion.get(), store);
      }
      return state.isPresent();
    }
    if (state.isEmpty() || state.get().store().equals(store)) {
      return false;
    }
    if (promotion.isPresent() && promotion.get().former().contains(store)) {
      throw replaced(promotion.get(), store);
    }
    if (!newIncarnation) {
      throw LogGapException.otherStore(state.get().store(), store);
    }
    return false;
  }

  /**
   * Sees that a promoted store is no standby any more: one whose promotion was interrupted may lack
   * what was captured of the old primary. What a replay adds later is not captured, so a scan
   * before that would be taken for the newer state.
   */
  static void requireWhole(CaptureSource source) {
    try (StoreLog log = source.open()) {
      if (log.follows()) {
        throw new VarveException(
            ExitCode.FAILED,
            "the store was promoted, but its promotion has not ended: it is a standby still;"
                + " nothing was captured",
            "wait until 'varve promote' has ended, or run it again: it goes on; then start capture"
                + " again");
      }
    }
  }

  private static VarveException replaced(Promotion promotion, String store) {
    return new VarveException(
        ExitCode.FENCED,
        "%s at %s is the primary since it was promoted at %s; this store, %s, is not, and nothing of it was captured"
            .formatted(promotion.store(), promotion.address(), promotion.at(), store),
        "write to the promoted store; let this one rejoin as a standby, or promote it in its turn"
            + " (docs/standby.md)");
  }

  private static VarveException unreachable(KafkaException e) {
    return new VarveException(
        ExitCode.FAILED,
        "Kafka does not say which store is the primary, or does not take it: " + e.getMessage(),
        "check kafka.bootstrap and that the brokers are up, then do it again",
        e);
  }
}
