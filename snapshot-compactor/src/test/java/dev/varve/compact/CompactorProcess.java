package dev.varve.compact;

import dev.varve.archive.DirectoryRepository;
import dev.varve.wire.RegistryConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** A compactor in a process of its own, to be killed. */
final class CompactorProcess {

  private CompactorProcess() {}

  /**
   * Runs until it is killed, or until standard input ends.
   *
   * @param arguments bootstrap servers, graph, repository, work directory
   */
  public static void main(String[] arguments) throws Exception {
    CompactConfig config =
        CompactConfig.of(
                arguments[1],
                Map.of("bootstrap.servers", arguments[0]),
                RegistryConfig.embedded(),
                new DirectoryRepository(Path.of(arguments[2])),
                Path.of(arguments[3]))
            .withFlushInterval(Duration.ofMillis(20))
            .withSizes(1 << 20, 6000, 64 << 10);
    Compactor compactor = Compactor.start(config);
    System.out.println("READY");
    while (System.in.read() >= 0 && compactor.failure().isEmpty()) {
      // whoever started this process holds the other end
    }
    compactor.close();
    System.exit(compactor.failure().isPresent() ? 1 : 0);
  }
}
