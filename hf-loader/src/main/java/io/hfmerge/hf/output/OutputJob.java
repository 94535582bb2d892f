package io.hfmerge.hf.output;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.card.Parent;
import io.hfmerge.hf.vocab.OutputTokenizer;
import io.hfmerge.plan.MergePlan;
import java.nio.file.Path;
import java.util.List;

/**
 * One output of a merge.
 *
 * @param plan what its weights are made of
 * @param groups resolved parameters
 * @param recipeText what makes it alone, as YAML
 * @param parents the models that are merged and their adapters, results of recipes left out
 * @param inputs files that are read for it
 * @param layout the model that lends config and companion files
 * @param tokenizer what becomes of tokenizer and chat template
 * @param target its folder, as the user named it
 */
record OutputJob(
    MergePlan plan,
    ParameterGroups groups,
    String recipeText,
    List<Parent> parents,
    List<InputIdentity> inputs,
    HfModel layout,
    OutputTokenizer tokenizer,
    Path target) {

  OutputJob {
    parents = List.copyOf(parents);
    inputs = List.copyOf(inputs);
  }
}
