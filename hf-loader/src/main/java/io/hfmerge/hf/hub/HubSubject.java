package io.hfmerge.hf.hub;

import java.util.Optional;

/**
 * What a request is about, for messages.
 *
 * @param repository as the user wrote it
 * @param revision as the user wrote it, or the commit that it was resolved to
 * @param file a file of it
 */
record HubSubject(String repository, String revision, Optional<String> file) {

  static HubSubject of(HubReference reference) {
    return new HubSubject(reference.repository(), reference.revisionOrMain(), Optional.empty());
  }

  HubSubject withFile(String path) {
    return new HubSubject(repository, revision, Optional.of(path));
  }

  String describe() {
    return repository + file.map(name -> "/" + name).orElse("") + " at " + revision;
  }
}
