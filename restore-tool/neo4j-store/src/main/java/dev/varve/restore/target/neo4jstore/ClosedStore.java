package dev.varve.restore.target.neo4jstore;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.target.neo4j.OfflineStore.Resources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.LongFunction;
import org.neo4j.batchimport.api.ReadBehaviour;
import org.neo4j.batchimport.api.input.Input;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.io.fs.DefaultFileSystemAbstraction;
import org.neo4j.io.fs.FileSystemAbstraction;
import org.neo4j.io.layout.DatabaseLayout;
import org.neo4j.io.layout.Neo4jLayout;
import org.neo4j.io.pagecache.PageCache;
import org.neo4j.io.pagecache.context.CursorContextFactory;
import org.neo4j.io.pagecache.context.FixedVersionContextSupplier;
import org.neo4j.io.pagecache.tracing.PageCacheTracer;
import org.neo4j.kernel.database.DatabaseTracers;
import org.neo4j.kernel.impl.pagecache.ConfiguringPageCacheFactory;
import org.neo4j.kernel.impl.scheduler.JobSchedulerFactory;
import org.neo4j.kernel.impl.transaction.log.LogTailMetadata;
import org.neo4j.kernel.recovery.LogTailExtractor;
import org.neo4j.logging.NullLog;
import org.neo4j.memory.EmptyMemoryTracker;
import org.neo4j.memory.MemoryPools;
import org.neo4j.scheduler.JobScheduler;
import org.neo4j.storageengine.api.StorageEngineFactory;
import org.neo4j.time.Clocks;

/** A store that no server has open, read without one. */
final class ClosedStore {

  private static final long MIN_PAGE_CACHE_BYTES = 16 << 20;

  private ClosedStore() {}

  static ReadBack readBack(
      Path home,
      String database,
      LongFunction<String> originals,
      Resources resources,
      Progress progress)
      throws IOException {
    Config config =
        Config.newBuilder()
            .set(GraphDatabaseSettings.neo4j_home, home.toAbsolutePath())
            .set(
                GraphDatabaseSettings.pagecache_memory,
                Math.max(MIN_PAGE_CACHE_BYTES, resources.memoryBytes() / 2))
            .build();
    DatabaseLayout layout = Neo4jLayout.of(config).databaseLayout(database);
    StorageEngineFactory engine = StorageEngineFactory.selectStorageEngine(config);
    try (FileSystemAbstraction files = new DefaultFileSystemAbstraction();
        JobScheduler scheduler = JobSchedulerFactory.createInitialisedScheduler();
        PageCache pages = pageCache(files, config, scheduler)) {
      LogTailMetadata tail =
          new LogTailExtractor(files, config, engine, DatabaseTracers.EMPTY)
              .getTailMetadata(layout, EmptyMemoryTracker.INSTANCE);
      if (tail.logsMissing() || tail.isRecoveryRequired()) {
        throw new VarveException(
            ExitCode.FAILED,
            "the store in " + home + " was not closed",
            "run the same restore again; it starts from the beginning");
      }
      try (Input store =
          engine.asBatchImporterInput(
              layout,
              files,
              pages,
              PageCacheTracer.NULL,
              config,
              EmptyMemoryTracker.INSTANCE,
              ReadBehaviour.INCLUSIVE_STRICT,
              false,
              new CursorContextFactory(
                  PageCacheTracer.NULL,
                  new FixedVersionContextSupplier(tail.getLastCommittedTransaction().id())),
              tail)) {
        return new StoreScan(store, originals, resources.threads(), progress).run();
      }
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private static PageCache pageCache(
      FileSystemAbstraction files, Config config, JobScheduler scheduler) {
    return new ConfiguringPageCacheFactory(
            files,
            config,
            PageCacheTracer.NULL,
            NullLog.getInstance(),
            scheduler,
            Clocks.nanoClock(),
            new MemoryPools())
        .getOrCreatePageCache();
  }
}
