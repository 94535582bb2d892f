package io.hfmerge.method;

import io.hfmerge.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The merge methods at hand, by name. Immutable. */
public final class MergeMethods {

  private final SortedMap<String, MergeMethod> byName = new TreeMap<>();

  private MergeMethods(Collection<? extends MergeMethod> methods) {
    for (MergeMethod method : methods) {
      String name = method.description().name();
      MergeMethod other = byName.putIfAbsent(name, method);
      if (other != null) {
        throw new UnsupportedFeatureException(
            "merge method \""
                + name
                + "\" is provided twice, by "
                + other.getClass().getName()
                + " and by "
                + method.getClass().getName()
                + "; take one of the jars off the class path");
      }
    }
  }

  /**
   * Those that {@link ServiceLoader} finds by the thread's context class loader: those on the class
   * path, unless the thread was given another loader.
   *
   * @throws UnsupportedFeatureException if two have the same name or one cannot be loaded
   */
  public static MergeMethods installed() {
    return installed(Thread.currentThread().getContextClassLoader());
  }

  /**
   * Those that {@link ServiceLoader} finds by this class loader.
   *
   * @param classLoader where to look; null for the system's
   * @throws UnsupportedFeatureException if two have the same name or one cannot be loaded
   */
  public static MergeMethods installed(@Nullable ClassLoader classLoader) {
    List<MergeMethod> found = new ArrayList<>();
    try {
      ServiceLoader.load(MergeMethod.class, classLoader).forEach(found::add);
    } catch (ServiceConfigurationError e) {
      throw new UnsupportedFeatureException(
          "a merge method on the class path cannot be loaded: " + e.getMessage(), e);
    }
    return new MergeMethods(found);
  }

  /**
   * Exactly these.
   *
   * @throws UnsupportedFeatureException if two have the same name
   */
  public static MergeMethods of(Collection<? extends MergeMethod> methods) {
    return new MergeMethods(methods);
  }

  /** The method of this name. */
  public Optional<MergeMethod> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** All, in alphabetical order of their names. */
  public List<MergeMethod> all() {
    return List.copyOf(byName.values());
  }

  /** All names, in alphabetical order. */
  public List<String> names() {
    return List.copyOf(byName.keySet());
  }
}
