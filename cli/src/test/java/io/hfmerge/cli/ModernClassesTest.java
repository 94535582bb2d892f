package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ModernClassesTest {

  @TempDir Path folder;

  private Path old;
  private Path modern;

  @BeforeEach
  void rewritePicocli() throws Exception {
    old = Path.of(CommandLine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    modern = Files.copy(old, folder.resolve("picocli.jar"));
    ModernClasses.rewrite(modern);
  }

  @Test
  void changesVersionsAndNoInstruction() throws IOException {
    try (ZipFile before = new ZipFile(old.toFile());
        ZipFile after = new ZipFile(modern.toFile())) {
      assertThat(after.stream().map(ZipEntry::getName).toList())
          .isEqualTo(before.stream().map(ZipEntry::getName).toList());
      for (ZipEntry entry : before.stream().toList()) {
        byte[] bytes = before.getInputStream(entry).readAllBytes();
        byte[] rewritten = after.getInputStream(after.getEntry(entry.getName())).readAllBytes();
        if (!entry.getName().startsWith("picocli/") || !entry.getName().endsWith(".class")) {
          assertThat(rewritten).isEqualTo(bytes);
          continue;
        }
        ClassModel was = ClassFile.of().parse(bytes);
        ClassModel is = ClassFile.of().parse(rewritten);
        assertThat(is.majorVersion()).as(entry.getName()).isGreaterThan(was.majorVersion());
        assertThat(instructions(is)).as(entry.getName()).isEqualTo(instructions(was));
      }
    }
  }

  @Test
  void passesTheVerifierOfJava() throws Exception {
    try (URLClassLoader loader =
            new URLClassLoader(
                new URL[] {modern.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
        ZipFile jar = new ZipFile(modern.toFile())) {
      for (ZipEntry entry : jar.stream().toList()) {
        String name = entry.getName();
        if (name.startsWith("picocli/CommandLine") && name.endsWith(".class")) {
          String type = name.substring(0, name.length() - ".class".length()).replace('/', '.');
          assertThat(Class.forName(type, true, loader).getClassLoader()).isSameAs(loader);
        }
      }
    }
  }

  @Test
  void rewritesNothingTwice() throws IOException {
    byte[] once = Files.readAllBytes(modern);
    ModernClasses.rewrite(modern);
    assertThat(Files.readAllBytes(modern)).isEqualTo(once);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(modern);
    }
  }

  private static List<Opcode> instructions(ClassModel type) {
    List<Opcode> opcodes = new ArrayList<>();
    for (MethodModel method : type.methods()) {
      method
          .code()
          .ifPresent(code ->
              code.elementStream()
                  .forEach(element -> {
                    if (element instanceof Instruction instruction) {
                      opcodes.add(instruction.opcode());
                    }
                  }));
    }
    return opcodes;
  }
}
