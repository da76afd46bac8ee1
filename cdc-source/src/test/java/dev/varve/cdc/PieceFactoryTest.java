package dev.varve.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementId;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.LogBatch;
import dev.varve.wire.RecordKind;
import dev.varve.wire.RegistryConfig;
import dev.varve.wire.SweepCodec;
import dev.varve.wire.Topics;
import dev.varve.wire.TransactionCodec;
import dev.varve.wire.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class PieceFactoryTest {

  private static final Site BERLIN = new Site("berlin", 1);
  private static final int PARTITIONS = 3;

  @Test
  void sweepGoesIntoEveryPartitionBeforeItsTransactionAndWatermark() {
    Sweep sweep = new Sweep(BERLIN, 8, 0, 8_000_000, ElementId.vertex("1"), ElementId.vertex("99"));
    Transaction transaction =
        new Transaction(
            BERLIN, 8, 8_000_000, Optional.empty(), new TreeMap<>(), List.of(), Optional.empty());
    AvroOutput batch = new AvroOutput();
    LogBatch.Writer writer = new LogBatch.Writer(batch);
    AvroOutput body = new AvroOutput();
    new SweepCodec().write(sweep, body);
    writer.sweep(body);
    new TransactionCodec().write(transaction, body.clear());
    writer.transaction(8, body);
    LogRow row = new LogRow("8", true, 8, 8_000_000, 8, batch.toByteArray());

    try (Wire wire = Wire.open(RegistryConfig.embedded())) {
      Topics topics = new Topics("orders");
      Piece piece = new PieceFactory(topics, PARTITIONS, wire).row(consistentAt(7), row);

      List<Outgoing> sweeps = piece.closed().subList(0, PARTITIONS);
      assertThat(sweeps).extracting(Outgoing::partition).containsExactly(0, 1, 2);
      assertThat(sweeps)
          .allSatisfy(
              record -> {
                assertThat(record.topic()).isEqualTo(topics.changes());
                assertThat(new String(record.key(), StandardCharsets.UTF_8))
                    .isEqualTo("s" + BERLIN);
                Wire.Body read = wire.open(record.value());
                assertThat(read.kind()).isEqualTo(RecordKind.SWEEP);
                assertThat(new SweepCodec().read(read.input())).isEqualTo(sweep);
              });
      assertThat(piece.closed()).hasSize(PARTITIONS + 1);
      assertThat(piece.closed().get(PARTITIONS).topic()).isEqualTo(topics.transactions());
      assertThat(piece.watermark()).hasValueSatisfying(mark -> assertThat(mark.seq()).isEqualTo(8));
      assertThat(piece.open()).isEmpty();
    }
  }

  private static CaptureState consistentAt(long seq) {
    return new CaptureState(
        BERLIN,
        "age:test",
        "" + seq,
        seq,
        seq * 1_000_000,
        seq,
        1,
        VersionVector.EMPTY,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }
}
