package io.hfmerge.cli;

import picocli.CommandLine.IVersionProvider;

/** Version of hfmerge, from the jar's manifest. */
public final class Version implements IVersionProvider {

  /** The release, or {@code development} outside a packaged jar. */
  public static String number() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"hfmerge " + number(), "Java " + Runtime.version()};
  }
}
