package dev.varve.cli.pipeline;

import dev.varve.replay.Replay;
import dev.varve.replay.ReplayStatus;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A replay as a part that is watched. */
public record Replaying(Replay replay) implements Part.Running {

  @Override
  public Optional<Throwable> failure() {
    return replay.failure();
  }

  @Override
  public String text() {
    ReplayStatus status = replay.status();
    return phase(status)
        + (status.applied().seqs().isEmpty() ? "" : " vv:" + status.applied())
        + String.format(
            Locale.ROOT,
            " (%,d transactions, %.1f s behind)",
            status.behindTransactions(),
            status.behindSeconds())
        + status.trouble().map(trouble -> " (" + trouble + ")").orElse("");
  }

  @Override
  public Map<String, Object> report() {
    ReplayStatus status = replay.status();
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("phase", phase(status));
    report.put("applied", status.applied().toString());
    report.put("committedAt", status.appliedAt().map(Object::toString).orElse(null));
    report.put("behindTransactions", status.behindTransactions());
    report.put("behindSeconds", status.behindSeconds());
    report.put("transactions", status.transactions());
    report.put("elements", status.elements());
    report.put("steps", status.steps());
    report.put("converted", status.converted());
    report.put("trouble", status.trouble().orElse(null));
    return report;
  }

  private static String phase(ReplayStatus status) {
    return status.phase().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  @Override
  public void close() {
    replay.close();
  }
}
