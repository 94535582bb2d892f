package io.hfmerge.hf.djl.zoo;

import ai.djl.Application;
import ai.djl.nn.BlockFactory;
import ai.djl.repository.AbstractRepository;
import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.Metadata;
import ai.djl.util.Progress;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One model URL as DJL sees it: a repository of one artifact, whose block is made by hfmerge.
 *
 * <p>DJL looks into the folder of an artifact for settings and for Java classes to load. Published
 * models are not to decide what runs here, so DJL is told of a folder that does not exist.
 */
final class ModelRepository extends AbstractRepository {

  private static final String GROUP = "io.hfmerge";

  private final ModelSource source;
  private final Path noFolder =
      Path.of(System.getProperty("java.io.tmpdir"), "hfmerge-" + UUID.randomUUID());

  ModelRepository(String name, URI uri) {
    super(name, uri);
    this.source = ModelSource.of(uri);
  }

  @Override
  public boolean isRemote() {
    return false;
  }

  @Override
  public Metadata locate(MRL mrl) {
    Metadata metadata = new Metadata.MatchAllMetadata();
    metadata.setGroupId(GROUP);
    metadata.setArtifactId(source.name());
    metadata.setArtifacts(List.of(artifact(metadata)));
    return metadata;
  }

  @Override
  public Artifact resolve(MRL mrl, Map<String, String> filter) {
    return locate(mrl).getArtifacts().getFirst();
  }

  private Artifact artifact(Metadata metadata) {
    BlockFactory blocks =
        (model, path, given) -> {
          LoadedBlock block = source.load(model.getNDManager().getDevice(), given);
          model
              .getNDManager()
              .attachInternal(UUID.randomUUID().toString(), (AutoCloseable) block::release);
          return block;
        };
    Map<String, Object> settings = new HashMap<>(arguments);
    settings.put("engine", ModelSource.engine());
    settings.put("blockFactory", blocks);
    settings.put("translatorFactory", ModelTranslators.class.getName());
    Artifact artifact = new Artifact();
    artifact.setName(source.name());
    artifact.setMetadata(metadata);
    artifact.setArguments(settings);
    // the block comes with its parameters
    artifact.setOptions(Map.of("hasParameter", "false"));
    artifact.setFiles(Map.of());
    return artifact;
  }

  @Override
  public void prepare(Artifact artifact, @Nullable Progress progress) {
    // the block factory fetches what it needs
  }

  @Override
  public Path getResourceDirectory(Artifact artifact) {
    return noFolder;
  }

  @Override
  public Path getCacheDirectory() {
    return noFolder;
  }

  @Override
  public List<MRL> getResources() {
    return List.of(
        MRL.model(this, Application.UNDEFINED, GROUP, source.name(), null, source.name()));
  }
}
