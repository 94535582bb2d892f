package io.hfmerge.hf.djl.zoo;

import ai.djl.repository.Repository;
import ai.djl.repository.RepositoryFactory;
import java.net.URI;
import java.util.Set;

/** Makes {@code hf://} and {@code hfmerge://} model URLs of DJL. Found by its service file. */
public final class HfMergeRepositories implements RepositoryFactory {

  /** Scheme of model references. */
  static final String MODELS = "hf";

  /** Scheme of recipe files. */
  static final String RECIPES = "hfmerge";

  @Override
  public Repository newInstance(String name, URI uri) {
    return new ModelRepository(name == null ? uri.toString() : name, uri);
  }

  @Override
  public Set<String> getSupportedScheme() {
    return Set.of(MODELS, RECIPES);
  }
}
