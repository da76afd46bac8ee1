package dev.varve.restore.target.neo4jstore;

import dev.varve.graph.StoreSchema;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.target.neo4j.OfflineStore.Resources;
import java.io.IOException;
import java.nio.file.Path;
import org.neo4j.batchimport.api.BatchImporter;
import org.neo4j.batchimport.api.Configuration;
import org.neo4j.batchimport.api.IndexConfig;
import org.neo4j.batchimport.api.Monitor;
import org.neo4j.batchimport.api.input.Collector;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.internal.batchimport.DefaultAdditionalIds;
import org.neo4j.io.fs.DefaultFileSystemAbstraction;
import org.neo4j.io.fs.FileSystemAbstraction;
import org.neo4j.io.layout.DatabaseLayout;
import org.neo4j.io.layout.Neo4jLayout;
import org.neo4j.io.pagecache.context.CursorContextFactory;
import org.neo4j.io.pagecache.context.FixedVersionContextSupplier;
import org.neo4j.io.pagecache.tracing.PageCacheTracer;
import org.neo4j.kernel.impl.index.schema.IndexImporterFactoryImpl;
import org.neo4j.kernel.impl.scheduler.JobSchedulerFactory;
import org.neo4j.kernel.impl.transaction.log.files.TransactionLogInitializer;
import org.neo4j.logging.internal.NullLogService;
import org.neo4j.memory.EmptyMemoryTracker;
import org.neo4j.scheduler.JobScheduler;
import org.neo4j.storageengine.api.StorageEngineFactory;
import org.neo4j.storageengine.api.TransactionIdStore;

/**
 * Neo4j's own importer, run in this process over a graph. Writes data, no indexes on properties.
 */
final class BulkImport {

  private static final long MIN_PAGE_CACHE_BYTES = 16 << 20;

  private BulkImport() {}

  static void run(
      Path home, String database, LiveGraph graph, Resources resources, Progress progress)
      throws IOException {
    Config config =
        Config.newBuilder()
            .set(GraphDatabaseSettings.neo4j_home, home.toAbsolutePath())
            .set(GraphDatabaseSettings.preallocate_logical_logs, false)
            .set(GraphDatabaseSettings.pagecache_memory, pageCacheBytes(resources))
            .build();
    DatabaseLayout layout = Neo4jLayout.of(config).databaseLayout(database);
    CursorContextFactory contexts =
        new CursorContextFactory(
            PageCacheTracer.NULL, new FixedVersionContextSupplier(TransactionIdStore.BASE_TX_ID));
    try (FileSystemAbstraction files = new DefaultFileSystemAbstraction();
        JobScheduler scheduler = JobSchedulerFactory.createInitialisedScheduler();
        GraphInput input = new GraphInput(graph, progress)) {
      BatchImporter importer =
          StorageEngineFactory.selectStorageEngine(config)
              .batchImporter(
                  layout,
                  files,
                  PageCacheTracer.NULL,
                  configuration(graph.schema(), resources),
                  NullLogService.getInstance(),
                  null,
                  false,
                  DefaultAdditionalIds.EMPTY,
                  config,
                  Monitor.NO_MONITOR,
                  scheduler,
                  Collector.STRICT,
                  TransactionLogInitializer.getLogFilesInitializer(),
                  new IndexImporterFactoryImpl(),
                  EmptyMemoryTracker.INSTANCE,
                  contexts);
      importer.doImport(input);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  /** The importer reads and writes a few files from one end to the other: more does not help. */
  private static long pageCacheBytes(Resources resources) {
    return Math.max(MIN_PAGE_CACHE_BYTES, Math.min(resources.memoryBytes() / 4, 256 << 20));
  }

  private static Configuration configuration(StoreSchema schema, Resources resources) {
    return new Configuration.Overridden(Configuration.DEFAULT) {
      @Override
      public int maxNumberOfWorkerThreads() {
        return resources.threads();
      }

      @Override
      public IndexConfig indexConfig() {
        return TokenLookUps.wantedBy(schema);
      }

      @Override
      public long maxOffHeapMemory() {
        return resources.memoryBytes();
      }
    };
  }
}
