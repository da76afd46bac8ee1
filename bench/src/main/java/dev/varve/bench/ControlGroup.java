package dev.varve.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Half a CPU and 1 GiB, kept by the kernel: a control group of version 1 or 2. */
final class ControlGroup implements AutoCloseable {

  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final String NAME = "varve-bench";
  private static final long MEMORY_BYTES = 1L << 30;
  private static final int PERIOD_US = 100_000;
  private static final int QUOTA_US = 50_000;

  private final boolean second = Files.exists(ROOT.resolve("cgroup.controllers"));
  private final Path memory = second ? ROOT.resolve(NAME) : ROOT.resolve("memory/" + NAME);
  private final Path cpu = second ? memory : ROOT.resolve("cpu/" + NAME);

  private ControlGroup() {}

  static ControlGroup create() throws IOException {
    ControlGroup group = new ControlGroup();
    Files.createDirectories(group.memory);
    Files.createDirectories(group.cpu);
    if (group.second) {
      Files.writeString(group.memory.resolve("memory.max"), Long.toString(MEMORY_BYTES));
      Files.writeString(group.cpu.resolve("cpu.max"), QUOTA_US + " " + PERIOD_US);
    } else {
      Files.writeString(group.memory.resolve("memory.limit_in_bytes"), Long.toString(MEMORY_BYTES));
      Files.writeString(group.cpu.resolve("cpu.cfs_period_us"), Integer.toString(PERIOD_US));
      Files.writeString(group.cpu.resolve("cpu.cfs_quota_us"), Integer.toString(QUOTA_US));
    }
    return group;
  }

  /** The command line that runs another one in the group. */
  List<String> inside(List<String> command) {
    String join =
        "echo $$ > "
            + memory
            + "/cgroup.procs && echo $$ > "
            + cpu
            + "/cgroup.procs && exec \"$@\"";
    List<String> all = new ArrayList<>(List.of("sh", "-c", join, "sh"));
    all.addAll(command);
    return all;
  }

  /** How much it has had at most, what the kernel keeps of files for it included. */
  long peakBytes() throws IOException {
    Path peak = memory.resolve(second ? "memory.peak" : "memory.max_usage_in_bytes");
    return Long.parseLong(Files.readString(peak).strip());
  }

  /** How often the kernel held it up because its share of the CPU was used up. */
  long throttled() throws IOException {
    return stat(cpu.resolve("cpu.stat"), "nr_throttled");
  }

  /** How many processes the kernel ended because there was not enough memory. */
  long killed() throws IOException {
    return stat(memory.resolve(second ? "memory.events" : "memory.oom_control"), "oom_kill");
  }

  private static long stat(Path file, String name) throws IOException {
    return Files.readString(file)
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1).strip()))
        .findFirst()
        .orElse(0);
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(memory);
    Files.deleteIfExists(cpu);
  }
}
