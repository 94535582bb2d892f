package io.hfmerge.analysis.report.section;

import io.hfmerge.hf.arch.Role;

/** Roles in words. */
final class RoleNames {

  private RoleNames() {}

  static String of(Role role) {
    return switch (role) {
      case Q -> "Q · query";
      case K -> "K · key";
      case V -> "V · value";
      case QKV -> "QKV · stacked";
      case O -> "O · attention output";
      case M1 -> "M1 · MLP in";
      case GATE -> "GATE · MLP gate";
      case M2 -> "M2 · MLP out";
      case OTHER -> "other";
    };
  }
}
