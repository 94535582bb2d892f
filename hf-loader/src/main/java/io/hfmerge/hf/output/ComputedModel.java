package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.NonFiniteOutputException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.RecipeBook;
import java.io.IOException;
import java.util.List;

/**
 * The result of a recipe without a merge being written: a model whose weights are computed when
 * they are read. Owns it and the recipe's models until closed.
 */
public final class ComputedModel implements AutoCloseable {

  private final RecipeModels models;
  private final HfModel result;

  private ComputedModel(RecipeModels models, HfModel result) {
    this.models = models;
    this.result = result;
  }

  /**
   * Opens the models of a recipe and plans it. Weights are not read yet; config and tokenizer are
   * written to a temporary folder, which is deleted in the end.
   *
   * @param name how the result is called
   * @throws InvalidRecipeException if the file has several outputs
   * @throws io.hfmerge.error.HfMergeException if a model is refused
   * @throws IOException if a file cannot be read
   */
  public static ComputedModel open(
      HfModels models, MergeMethods methods, RecipeBook book, MergeOptions options, String name)
      throws IOException {
    if (book.outputs().size() != 1) {
      throw new InvalidRecipeException(
          "%s: expected a recipe with one output, found %d".formatted(name, book.outputs().size()));
    }
    RecipeModels opened = RecipeModels.open(models, methods, book, options);
    try {
      return new ComputedModel(opened, opened.result(name, book.outputs().getFirst().recipe()));
    } catch (IOException | RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /** The result; open as long as this is. */
  public HfModel model() {
    return result;
  }

  /** What was decided that the recipe does not say, a line each. */
  public List<String> notes() {
    return models.results().notes();
  }

  /**
   * Says whether what was read so far is sound.
   *
   * @throws NonFiniteOutputException if NaN or infinities came out of finite inputs; names the
   *     tensors
   */
  public void checkFinite() {
    List<String> findings = models.results().findings();
    if (!findings.isEmpty()) {
      throw new NonFiniteOutputException(String.join("\n", findings));
    }
  }

  @Override
  public void close() throws IOException {
    models.close();
  }
}
