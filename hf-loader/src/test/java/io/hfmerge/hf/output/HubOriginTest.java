package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.hf.testing.ModelFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Files laid out as huggingface_hub 1.x leaves them. */
class HubOriginTest {

  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String HASH = "ab".repeat(32);

  @TempDir Path temp;

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "needs symbolic links")
  void isReadOffTheCacheOfTheHubsDownloader() throws IOException {
    Path repo = temp.resolve("models--owner--name");
    Path snapshot = Files.createDirectories(repo.resolve("snapshots").resolve(COMMIT));
    Path blob = Files.createDirectories(repo.resolve("blobs")).resolve(HASH);
    Files.writeString(blob, "weights");
    Path weights =
        Files.createSymbolicLink(
            snapshot.resolve("model.safetensors"), Path.of("../../blobs/" + HASH));
    assertThat(HubOrigin.of(weights)).contains(new HubOrigin(COMMIT, Optional.of(HASH)));
    // small files are known by a git hash, which is no SHA-256
    Path config = repo.resolve("blobs").resolve("cd".repeat(20));
    Files.writeString(config, "{}");
    Path link =
        Files.createSymbolicLink(
            snapshot.resolve("config.json"), Path.of("../../blobs/" + "cd".repeat(20)));
    assertThat(HubOrigin.of(link)).contains(new HubOrigin(COMMIT, Optional.empty()));
  }

  @Test
  void isReadOffTheNoteBesideAFileThatHasNotChangedSince() throws IOException {
    Path file = Files.writeString(temp.resolve("model.safetensors"), "weights");
    Path notes = Files.createDirectories(temp.resolve(".cache/huggingface/download"));
    Path note = notes.resolve("model.safetensors.metadata");
    Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1_790_000_000)));
    Files.writeString(note, COMMIT + "\n" + HASH + "\n1790000000.25\n");
    assertThat(HubOrigin.of(file)).contains(new HubOrigin(COMMIT, Optional.of(HASH)));
    Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1_790_000_005)));
    assertThat(HubOrigin.of(file)).isEmpty();
    for (String broken : List.of("", COMMIT, "main\n" + HASH + "\n1\n", COMMIT + "\nx\nnow\n")) {
      Files.writeString(note, broken);
      assertThat(HubOrigin.of(file)).as(broken).isEmpty();
    }
    assertThat(HubOrigin.of(temp.resolve("other.safetensors"))).isEmpty();
  }

  @Test
  void aFileThatIsNotWhatTheHubSaysIsRefusedWhereHashesAreAskedFor() throws IOException {
    Path base = ModelFolders.golden("llama", "base");
    Path a = ModelFolders.copy(ModelFolders.golden("llama", "a"), temp.resolve("a"), t -> t);
    Path weights = a.resolve("model.safetensors");
    Path notes = Files.createDirectories(a.resolve(".cache/huggingface/download"));
    Path note = notes.resolve("model.safetensors.metadata");
    String later = Instant.now().plusSeconds(60).getEpochSecond() + ".0";
    Path out = temp.resolve("out");
    MergeSettings hashing = Merging.DEFAULTS.withSha256(true);

    Files.writeString(note, COMMIT + "\n" + HASH + "\n" + later + "\n");
    assertThatThrownBy(() -> Merging.merge(Merging.sum(base, a, 1), out, hashing))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining(weights + ": expected SHA-256 " + HASH);
    assertThat(out).doesNotExist();

    String hash = Sha256.of(Files.readAllBytes(weights));
    Files.writeString(note, COMMIT + "\n" + hash + "\n" + later + "\n");
    Merging.merge(Merging.sum(base, a, 1), out, hashing);
    assertThat(Files.readString(out.resolve("hfmerge.json")))
        .contains(
            "\"revision\": \"" + COMMIT + '"',
            "\"hub_sha256\": \"" + hash + "\", \"sha256\": \"" + hash + '"');
  }
}
