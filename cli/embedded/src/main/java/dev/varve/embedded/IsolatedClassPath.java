package dev.varve.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A directory of jars that are loaded apart from the rest of the process, so that a server's
 * libraries and ours may differ in version.
 *
 * <p>From the outside come the JDK, {@code dev.varve.*} as far as it is there, and slf4j-api;
 * everything else comes from the directory alone. While a loaded service works, the thread's
 * context class loader is this class path, and so it is for the threads that it starts.
 */
public final class IsolatedClassPath implements AutoCloseable {

  private static final List<String> SHARED = List.of("dev.varve.", "org.slf4j.");

  private final Path directory;
  private final Loader loader;

  private IsolatedClassPath(Path directory, Loader loader) {
    this.directory = directory;
    this.loader = loader;
  }

  /**
   * Opens a directory of jars.
   *
   * @throws IllegalStateException if there are no jars in it
   */
  public static IsolatedClassPath of(Path directory) {
    URL[] jars = jars(directory);
    if (jars.length == 0) {
      throw new IllegalStateException("no jars in " + directory);
    }
    ClassLoader shared = IsolatedClassPath.class.getClassLoader();
    return new IsolatedClassPath(directory, new Loader(directory, jars, shared));
  }

  /**
   * The one implementation of a service in the directory.
   *
   * @param service an interface of {@code dev.varve.*}
   * @throws IllegalStateException if there is not exactly one
   */
  public <T> T load(Class<T> service) {
    List<ServiceLoader.Provider<T>> found = ServiceLoader.load(service, loader).stream().toList();
    if (found.size() != 1) {
      throw new IllegalStateException(
          "expected one implementation of "
              + service.getName()
              + " in "
              + directory
              + ", found "
              + found.size());
    }
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      return within(service, found.get(0).get());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Closes the jars; what was loaded must not be used any more. */
  @Override
  public void close() {
    try {
      loader.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close the jars of " + directory, e);
    }
  }

  /** The object, with the context class loader set while one of its methods runs. */
  private <T> T within(Class<T> type, T target) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> invoke(target, method, arguments)));
  }

  private @Nullable Object invoke(Object target, Method method, Object @Nullable [] arguments)
      throws Throwable {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      Object result = method.invoke(target, arguments);
      Class<?> returned = method.getReturnType();
      return result != null && returned.isInterface() && returned.getName().startsWith("dev.varve.")
          ? wrapped(returned, result)
          : result;
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private <T> T wrapped(Class<T> type, Object target) {
    return within(type, type.cast(target));
  }

  private static URL[] jars(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(".jar"))
          .sorted()
          .map(IsolatedClassPath::url)
          .toArray(URL[]::new);
    } catch (IOException e) {
      throw new IllegalStateException("cannot list the jars in " + directory, e);
    }
  }

  private static URL url(Path jar) {
    try {
      return jar.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException("not a file: " + jar, e);
    }
  }

  private static final class Loader extends URLClassLoader {

    static {
      registerAsParallelCapable();
    }

    private final ClassLoader shared;

    Loader(Path directory, URL[] jars, ClassLoader shared) {
      super("isolated:" + directory.getFileName(), jars, getPlatformClassLoader());
      this.shared = shared;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (SHARED.stream().anyMatch(name::startsWith)) {
        try {
          return shared.loadClass(name);
        } catch (ClassNotFoundException e) {
          return super.loadClass(name, resolve); // only the directory has it
        }
      }
      return super.loadClass(name, resolve);
    }
  }
}
