package io.hfmerge.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites a jar of classes that were compiled for Java 5, such as picocli's: Java's archives of
 * classes leave those out, and parsing and verifying them takes a quarter of the time in which a
 * command starts. The instructions stay as they are; what is new is the version and the types at
 * the targets of branches, which verifiers of Java 6 and later want to be told.
 */
final class ModernClasses {

  /** Java 6, the oldest that archives take. */
  private static final int OLDEST_MAJOR = ClassFile.JAVA_6_VERSION;

  /** Java 8: the version of most libraries. */
  private static final ClassElement VERSION = ClassFileVersion.of(ClassFile.JAVA_8_VERSION, 0);

  private final ClassFile format;

  private ModernClasses(ZipFile jar) {
    ClassHierarchyResolver own =
        ClassHierarchyResolver.ofResourceParsing(type -> {
          String descriptor = type.descriptorString();
          return content(jar, descriptor.substring(1, descriptor.length() - 1) + ".class");
        });
    this.format =
        ClassFile.of(
            StackMapsOption.GENERATE_STACK_MAPS,
            ClassHierarchyResolverOption.of(
                own.orElse(ClassHierarchyResolver.defaultResolver()).cached()));
  }

  /**
   * @param arguments a kind of commands for the launcher, which does not matter; a jar to rewrite
   */
  public static void main(String[] arguments) throws IOException {
    rewrite(Path.of(arguments[1]));
  }

  /** Rewrites a jar in place, if it has old classes. */
  static void rewrite(Path jar) throws IOException {
    Path rewritten = jar.resolveSibling(jar.getFileName() + ".new");
    try (ZipFile zip = new ZipFile(jar.toFile());
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(rewritten))) {
      ModernClasses classes = new ModernClasses(zip);
      for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        try (InputStream in = zip.getInputStream(entry)) {
          byte[] bytes = in.readAllBytes();
          out.write(entry.getName().endsWith(".class") ? classes.modern(bytes) : bytes);
        }
      }
    }
    Files.setLastModifiedTime(rewritten, Files.getLastModifiedTime(jar));
    Files.move(rewritten, jar, StandardCopyOption.REPLACE_EXISTING);
  }

  private byte[] modern(byte[] bytes) {
    ClassModel old = format.parse(bytes);
    if (old.majorVersion() >= OLDEST_MAJOR) {
      return bytes;
    }
    ClassTransform version =
        (builder, element) -> builder.with(element instanceof ClassFileVersion ? VERSION : element);
    try {
      return format.transformClass(
          old, version.andThen(ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL)));
    } catch (IllegalArgumentException e) {
      return bytes; // extends classes that are not here, so nobody loads it
    }
  }

  private static @Nullable InputStream content(ZipFile jar, String name) {
    ZipEntry entry = jar.getEntry(name);
    try {
      return entry == null ? null : jar.getInputStream(entry);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
