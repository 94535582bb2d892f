package io.hfmerge.method;

class DellaMethodTest extends SparseTaskVectorContractTest {

  @Override
  MergeMethod method() {
    return new DellaMethod();
  }
}
