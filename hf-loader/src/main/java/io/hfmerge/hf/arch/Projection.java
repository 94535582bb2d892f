package io.hfmerge.hf.arch;

import java.util.EnumSet;
import java.util.List;

/**
 * A stored weight of a layer and the roles it holds: part of the vocabulary of {@link
 * Architecture}.
 *
 * @param module path of the module within the layer, without {@code .weight}; {@code {e}} stands
 *     for the number of an expert
 * @param split how the stored rows are divided among the roles
 * @param roles the roles, in stored order
 */
public record Projection(String module, Split split, List<Role> roles) {

  /** The place of an expert's number in a module path. */
  static final String EXPERT = "{e}";

  /** Division of the rows ({@code [out, in]} orientation) of a tensor among roles. */
  public enum Split {
    /** One role, all rows. */
    WHOLE,
    /** The roles one after the other, each with all its heads or neurons. */
    BLOCKS,
    /** Q, K and V of head 0, then of head 1, ...: view {@code (H, 3, h)} of the rows (GPT-NeoX). */
    PER_HEAD
  }

  public Projection {
    roles = List.copyOf(roles);
    if (module.isEmpty() || module.endsWith(".")) {
      throw new IllegalArgumentException("module path \"" + module + '"');
    }
    boolean rolesFit =
        switch (split) {
          case WHOLE -> roles.size() == 1;
          case BLOCKS -> roles.size() > 1 && EnumSet.copyOf(roles).size() == roles.size();
          case PER_HEAD -> roles.equals(List.of(Role.Q, Role.K, Role.V));
        };
    if (!rolesFit || roles.contains(Role.QKV) || roles.contains(Role.OTHER)) {
      throw new IllegalArgumentException(module + ": roles " + roles + " for split " + split);
    }
  }

  /** A tensor of one role. */
  public static Projection of(Role role, String module) {
    return new Projection(module, Split.WHOLE, List.of(role));
  }

  /** Roles fused one after the other, each whole: GPT-2's and Phi-3's layout. */
  public static Projection blocks(String module, Role... roles) {
    return new Projection(module, Split.BLOCKS, List.of(roles));
  }

  /** Q, K and V fused head by head: GPT-NeoX's layout. */
  public static Projection perHead(String module) {
    return new Projection(module, Split.PER_HEAD, List.of(Role.Q, Role.K, Role.V));
  }

  /** The roles in a word: {@code Q}, {@code QKV}, {@code GATE+M1}. */
  String word() {
    if (roles.equals(List.of(Role.Q, Role.K, Role.V))) {
      return Role.QKV.name();
    }
    return String.join("+", roles.stream().map(Role::name).toList());
  }
}
