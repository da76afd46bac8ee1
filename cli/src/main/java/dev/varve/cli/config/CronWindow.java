package dev.varve.cli.config;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import dev.varve.compact.HousekeepingConfig.HeavyWork;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;

/** The minutes that a cron expression names, in a time zone. */
final class CronWindow implements HeavyWork {

  private final ExecutionTime times;
  private final ZoneId zone;

  /**
   * @param expression five fields, as in crontab(5)
   * @throws IllegalArgumentException if it is not one
   */
  CronWindow(String expression, ZoneId zone) {
    this.times =
        ExecutionTime.forCron(
            new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
                .parse(expression));
    this.zone = zone;
  }

  @Override
  public boolean mayBegin(Instant now) {
    return times.isMatch(now.atZone(zone).truncatedTo(ChronoUnit.MINUTES));
  }
}
