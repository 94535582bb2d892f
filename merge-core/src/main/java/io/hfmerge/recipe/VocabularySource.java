package io.hfmerge.recipe;

/** Whose tokenizer the output has. */
public sealed interface VocabularySource {

  /** The base model's, or the first model's where there is no base. */
  record Base() implements VocabularySource {}

  /** The base's, and every token of the other models that it lacks. */
  record Union() implements VocabularySource {}

  /**
   * Another model's.
   *
   * @param reference a model of the recipe, or any other
   */
  record Model(String reference) implements VocabularySource {

    public Model {
      if (reference.isBlank() || reference.equals("base") || reference.equals("union")) {
        throw new IllegalArgumentException(
            "no reference of a model: \""
                + reference
                + "\"; a folder of that name is ./"
                + reference);
      }
    }
  }
}
