package io.hfmerge.cli;

import io.hfmerge.cli.plugin.GreetCommand;
import io.hfmerge.cli.plugin.GreetCommands;
import io.hfmerge.cli.plugin.LargestMethod;
import io.hfmerge.cli.plugin.PathResolver;
import io.hfmerge.cli.plugin.TinyFamily;
import io.hfmerge.hf.ModelResolver;
import io.hfmerge.hf.arch.ArchitectureProvider;
import io.hfmerge.method.MergeMethod;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** A jar with one plug-in of every kind and a model of the family that it adds. */
final class PluginJar {

  static final String PACKAGE = LargestMethod.class.getPackageName() + ".";

  private static final List<Class<?>> CLASSES =
      List.of(
          LargestMethod.class,
          PathResolver.class,
          TinyFamily.class,
          GreetCommands.class,
          GreetCommand.class);

  private static final Map<Class<?>, Class<?>> SERVICES =
      Map.of(
          MergeMethod.class,
          LargestMethod.class,
          ModelResolver.class,
          PathResolver.class,
          ArchitectureProvider.class,
          TinyFamily.class,
          CommandProvider.class,
          GreetCommands.class);

  private PluginJar() {}

  static Path build(Path folder) throws IOException {
    Path jar = folder.resolve("plugin.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (Class<?> type : CLASSES) {
        String name = type.getName().replace('.', '/') + ".class";
        try (InputStream in = type.getClassLoader().getResourceAsStream(name)) {
          put(out, name, in.readAllBytes());
        }
      }
      for (Map.Entry<Class<?>, Class<?>> service : SERVICES.entrySet()) {
        put(
            out,
            "META-INF/services/" + service.getKey().getName(),
            service.getValue().getName().getBytes(StandardCharsets.UTF_8));
      }
    }
    return jar;
  }

  private static void put(JarOutputStream out, String name, byte[] content) throws IOException {
    out.putNextEntry(new JarEntry(name));
    out.write(content);
    out.closeEntry();
  }

  /** A model of the plugged family. */
  static Path tinyModel(Path folder) throws IOException {
    Files.createDirectory(folder);
    Files.writeString(
        folder.resolve("config.json"),
        "{\"model_type\":\"tiny\",\"depth\":1,\"d\":4,\"heads\":2,\"f\":6}");
    String json =
        "{\"net.part.0.in.weight\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]}}";
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    byte[] file = new byte[8 + header.length + 96];
    file[0] = (byte) header.length;
    System.arraycopy(header, 0, file, 8, header.length);
    Files.write(folder.resolve("model.safetensors"), file);
    return folder;
  }

  /** Sums nothing: the larger of each element of both models, one of them by its plugged name. */
  static String recipe(Workplace place) {
    return "merge_method: largest\nmodels:\n- model: 'plugged:%s'\n- model: '%s'\n"
        .formatted(place.base, place.a);
  }
}
