package io.hfmerge.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Something wrong with a request, what it must be answered with, and what the answer says. */
enum BadInput {
  TRUNCATED_FILE(ExitCode.CHECKPOINT, List.of("inputs/a/model.safetensors", "truncated")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Path file = place.a.resolve("model.safetensors");
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(channel.size() - 100);
      }
      return place.sum();
    }
  },
  EMPTY_FILE(
      ExitCode.CHECKPOINT, List.of("inputs/a/model.safetensors", "found a file of 0 bytes")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.write(place.a.resolve("model.safetensors"), new byte[0]);
      return place.sum();
    }
  },
  GIT_LFS_POINTER(ExitCode.CHECKPOINT, List.of("Git LFS pointer", "git lfs pull")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.writeString(
          place.a.resolve("model.safetensors"), "version https://git-lfs.github.com/spec/v1\n");
      return place.sum();
    }
  },
  MISSING_SHARD(
      ExitCode.CHECKPOINT,
      List.of("model.safetensors.index.json", "expected shard", "found no such file")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Path sharded = place.sharded();
      String shard =
          Workplace.list(sharded).stream()
              .filter(name -> name.endsWith(".safetensors"))
              .findFirst()
              .orElseThrow();
      Files.delete(sharded.resolve(shard));
      return place.sumOf(sharded, place.a.toString());
    }
  },
  INDEX_NAMES_AN_ABSENT_TENSOR(
      ExitCode.CHECKPOINT, List.of("expected tensor \"ghost\"", "found it in no shard")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Path sharded = place.sharded();
      String shard =
          Workplace.list(sharded).stream()
              .filter(name -> name.endsWith(".safetensors"))
              .findFirst()
              .orElseThrow();
      Workplace.replace(
          sharded.resolve("model.safetensors.index.json"),
          "\"weight_map\": {",
          "\"weight_map\": {\"ghost\": \"" + shard + "\",");
      return place.sumOf(sharded, place.a.toString());
    }
  },
  PICKLE_THAT_WOULD_RUN_CODE(
      ExitCode.UNSUPPORTED,
      List.of("inputs/a/pytorch_model.bin: pickle at byte", "global posix.system", "was run")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.delete(place.a.resolve("model.safetensors"));
      Files.copy(
          Workplace.GOLDEN.resolve("formats/hostile-pickles/os-system.bin"),
          place.a.resolve("pytorch_model.bin"));
      return place.sum();
    }
  },
  SHARD_OUTSIDE_OF_THE_FOLDER(
      ExitCode.CHECKPOINT, List.of("pytorch_model.bin.index.json", "found \"../a.bin\"")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.delete(place.a.resolve("model.safetensors"));
      Files.writeString(
          place.a.resolve("pytorch_model.bin.index.json"),
          "{\"metadata\": {}, \"weight_map\": {\"w\": \"../a.bin\"}}");
      return place.sum();
    }
  },
  LINK_OUT_OF_THE_FOLDER(
      ExitCode.CHECKPOINT, List.of("inputs/a/model.safetensors", "symbolic link to ")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.move(place.a.resolve("model.safetensors"), place.inputs.resolve("elsewhere"));
      Files.createSymbolicLink(
          place.a.resolve("model.safetensors"), place.inputs.resolve("elsewhere"));
      return place.sum();
    }
  },
  OTHER_SHAPES(
      ExitCode.INCOMPATIBLE,
      List.of(
          "tensor \"model.layers.0.mlp.down_proj.weight\": F32[32, 72] in ", ", F32[36, 64] in ")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Workplace.replace(place.a.resolve("model.safetensors"), "[32,72]", "[36,64]");
      Files.delete(place.a.resolve("config.json"));
      Files.delete(place.base.resolve("config.json"));
      return place.sum();
    }
  },
  OTHER_FAMILY(ExitCode.INCOMPATIBLE, List.of("llama", "gpt2")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Path other = Workplace.GOLDEN.resolve("checkpoints/gpt2/a");
      return place.sumOf(place.base, other.toString());
    }
  },
  CONFIG_IS_NO_JSON(ExitCode.CHECKPOINT, List.of("inputs/a/config.json", "expected JSON")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.writeString(place.a.resolve("config.json"), "{\"model_type\": \"llama\",");
      return place.sum();
    }
  },
  CONFIG_CONTRADICTS_THE_WEIGHTS(
      ExitCode.CHECKPOINT, List.of("inputs/base/config.json", "num_attention_heads", "\"four\"")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Workplace.replace(
          place.base.resolve("config.json"),
          "\"num_attention_heads\": 4",
          "\"num_attention_heads\": \"four\"");
      return place.sum();
    }
  },
  MISSPELT_KEY(ExitCode.RECIPE, List.of("recipe.yaml:5:3: ", "\"paramters\"", "did you mean")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Path recipe = place.recipe(place.sumRecipe().replace("parameters", "paramters"));
      return merge(place, recipe);
    }
  },
  RECIPE_IS_NO_YAML(ExitCode.RECIPE, List.of("recipe.yaml:2:", "not valid YAML")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      return merge(place, place.recipe("merge_method: linear\nmodels: [a, b}\n"));
    }
  },
  RECIPE_IS_NO_TEXT(ExitCode.RECIPE, List.of("recipe.yaml: expected UTF-8 text")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Path recipe = place.recipe("");
      Files.write(recipe, new byte[] {(byte) 0xff, 0, (byte) 0xc0});
      return merge(place, recipe);
    }
  },
  RECIPE_IS_EMPTY(ExitCode.RECIPE, List.of("recipe.yaml:1:1: expected a recipe, found nothing")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      return merge(place, place.recipe(""));
    }
  },
  RECIPE_IS_MISSING(ExitCode.IO, List.of("none.yaml: no such file or folder")) {
    @Override
    String[] prepare(Workplace place) {
      return merge(place, place.inputs.resolve("none.yaml"));
    }
  },
  RECIPE_IS_A_FOLDER(ExitCode.IO, List.of("expected a file, found a folder")) {
    @Override
    String[] prepare(Workplace place) {
      return merge(place, place.inputs);
    }
  },
  UNKNOWN_METHOD(ExitCode.RECIPE, List.of("recipe.yaml:1:15: ", "task_aritmetic", "did you mean")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      return merge(
          place, place.recipe(place.sumRecipe().replace("task_arithmetic", "task_aritmetic")));
    }
  },
  CANCELLED_WEIGHTS(ExitCode.RECIPE, List.of("add up to", "normalize: false")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      return merge(
          place,
          place.recipe(
              """
              merge_method: linear
              models:
              - {model: '%s', parameters: {weight: 0.5}}
              - {model: '%s', parameters: {weight: -0.5}}
              """
                  .formatted(place.base, place.a)));
    }
  },
  MISSING_MODEL(ExitCode.NOT_FOUND, List.of("inputs/none", "tried the path", "tried a sample")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sumOf(place.base, place.inputs.resolve("none").toString());
    }
  },
  UNKNOWN_SAMPLE(ExitCode.NOT_FOUND, List.of("sample:bert", "all-MiniLM-L6-v2")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sumOf(place.base, "sample:bert");
    }
  },
  SAFETENSORS_UNDER_ANOTHER_NAME(
      ExitCode.CHECKPOINT, List.of("pytorch_model.bin: at byte 0", "found a safetensors file")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.move(place.a.resolve("model.safetensors"), place.a.resolve("pytorch_model.bin"));
      return place.sum();
    }
  },
  OUTPUT_EXISTS(ExitCode.OUTPUT_EXISTS, List.of("outputs/out", "--force")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.writeString(Files.createDirectory(place.out).resolve("config.json"), "{}");
      return place.sum();
    }
  },
  OUTPUT_IS_NO_MODEL(ExitCode.OUTPUT_EXISTS, List.of("outputs/out", "delete it yourself")) {
    @Override
    String[] prepare(Workplace place) throws IOException {
      Files.writeString(Files.createDirectory(place.out).resolve("diary.txt"), "dear");
      return place.sum("--force");
    }
  },
  OUTPUT_IN_AN_INPUT(ExitCode.OUTPUT_EXISTS, List.of("inputs/a/out", "inside")) {
    @Override
    String[] prepare(Workplace place) {
      return new String[] {
        "sum",
        "--base",
        place.base.toString(),
        place.a.toString(),
        "-o",
        place.a.resolve("out").toString()
      };
    }
  },
  OUTPUT_IS_AN_INPUT(ExitCode.OUTPUT_EXISTS, List.of("inputs/a", "without inputs")) {
    @Override
    String[] prepare(Workplace place) {
      return new String[] {
        "sum",
        "--force",
        "--base",
        place.base.toString(),
        place.a.toString(),
        "-o",
        place.a.toString()
      };
    }
  },
  OUTPUT_WITHOUT_PARENT(ExitCode.IO, List.of("outputs/no: no such folder; create it first")) {
    @Override
    String[] prepare(Workplace place) {
      return new String[] {
        "sum",
        "--base",
        place.base.toString(),
        place.a.toString(),
        "-o",
        place.outputs.resolve("no/out").toString()
      };
    }
  },
  WEIGHT_IS_NOT_FINITE(ExitCode.USAGE, List.of("inputs/a=NaN", "expected a finite weight")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sumOf(place.base, place.a + "=NaN");
    }
  },
  WEIGHT_IS_NO_NUMBER(ExitCode.USAGE, List.of("expected a number as the weight", "\"0,5\"")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sumOf(place.base, place.a + "=0,5");
    }
  },
  MODEL_TWICE(ExitCode.USAGE, List.of("stands twice")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sumOf(place.base, place.a.toString(), place.a + "=2");
    }
  },
  BASE_AMONG_MODELS(ExitCode.USAGE, List.of("is the base")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sumOf(place.base, place.base.toString());
    }
  },
  LAMBDA_IS_NOT_FINITE(ExitCode.USAGE, List.of("--lambda: expected a finite number")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sum("--lambda", "Infinity");
    }
  },
  NO_THREADS(ExitCode.USAGE, List.of("--threads: expected 1 to 1024, found 0")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sum("--threads", "0");
    }
  },
  DTYPE_OF_WHOLE_NUMBERS(ExitCode.USAGE, List.of("--dtype", "expected float32", "\"int8\"")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sum("--dtype", "int8");
    }
  },
  SHARD_SIZE_ZERO(ExitCode.USAGE, List.of("--max-shard-size", "found '0'")) {
    @Override
    String[] prepare(Workplace place) {
      return place.sum("--max-shard-size", "0");
    }
  };

  final ExitCode code;
  final List<String> says;

  BadInput(ExitCode code, List<String> says) {
    this.code = code;
    this.says = says;
  }

  /** Damages the inputs and answers with the command to run. */
  abstract String[] prepare(Workplace place) throws IOException;

  private static String[] merge(Workplace place, Path recipe) {
    return new String[] {"merge", recipe.toString(), place.out.toString()};
  }
}
