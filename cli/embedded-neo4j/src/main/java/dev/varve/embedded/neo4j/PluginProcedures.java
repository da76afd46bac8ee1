package dev.varve.embedded.neo4j;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.neo4j.exceptions.KernelException;
import org.neo4j.kernel.api.procedure.GlobalProcedures;
import org.neo4j.kernel.extension.ExtensionFactory;
import org.neo4j.kernel.extension.ExtensionType;
import org.neo4j.kernel.extension.context.ExtensionContext;
import org.neo4j.kernel.lifecycle.Lifecycle;
import org.neo4j.kernel.lifecycle.LifecycleAdapter;

/**
 * Registers the procedures of Varve's plugin from the class path, before Bolt opens.
 *
 * <p>A server installation loads them from {@code plugins/}; in process the plugin is on the class
 * path, where Neo4j looks for extensions but not for procedures. Without a plugin it does nothing.
 */
public final class PluginProcedures extends ExtensionFactory<PluginProcedures.Dependencies> {

  private static final String PLUGIN_PACKAGE = "dev.varve.neo4j.plugin";

  /** What Neo4j hands to the extension. */
  public interface Dependencies {
    GlobalProcedures procedures();
  }

  public PluginProcedures() {
    super(ExtensionType.GLOBAL, "varve-embedded-plugin-procedures");
  }

  @Override
  public Lifecycle newInstance(ExtensionContext context, Dependencies dependencies) {
    return new LifecycleAdapter() {
      @Override
      public void start() throws IOException, ReflectiveOperationException, KernelException {
        for (Class<?> candidate : pluginClasses()) {
          dependencies.procedures().registerProcedure(candidate);
          dependencies.procedures().registerFunction(candidate);
        }
      }
    };
  }

  private static List<Class<?>> pluginClasses() throws IOException, ReflectiveOperationException {
    ClassLoader loader = PluginProcedures.class.getClassLoader();
    for (ExtensionFactory<?> factory : ServiceLoader.load(ExtensionFactory.class, loader)) {
      CodeSource source = factory.getClass().getProtectionDomain().getCodeSource();
      if (factory.getClass().getPackageName().equals(PLUGIN_PACKAGE) && source != null) {
        return classesIn(source, loader);
      }
    }
    return List.of();
  }

  private static List<Class<?>> classesIn(CodeSource source, ClassLoader loader)
      throws IOException, ReflectiveOperationException {
    Path place = pathOf(source);
    if (Files.isDirectory(place)) {
      return classesUnder(place, loader);
    }
    try (FileSystem jar = FileSystems.newFileSystem(URI.create("jar:" + place.toUri()), Map.of())) {
      return classesUnder(jar.getPath("/"), loader);
    }
  }

  private static Path pathOf(CodeSource source) throws IOException {
    try {
      return Path.of(source.getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException("plugin is at no path: " + source.getLocation(), e);
    }
  }

  private static List<Class<?>> classesUnder(Path root, ClassLoader loader)
      throws IOException, ReflectiveOperationException {
    Path folder = root.resolve(PLUGIN_PACKAGE.replace('.', '/'));
    List<String> names;
    try (Stream<Path> files = Files.list(folder)) {
      names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".class") && !name.startsWith("package-info"))
              .map(name -> name.substring(0, name.length() - ".class".length()))
              .sorted()
              .toList();
    }
    List<Class<?>> classes = new ArrayList<>();
    for (String name : names) {
      classes.add(Class.forName(PLUGIN_PACKAGE + "." + name, false, loader));
    }
    return classes;
  }
}
