package io.hfmerge.method;

class DareTiesMethodTest extends SparseTaskVectorContractTest {

  @Override
  MergeMethod method() {
    return new DareTiesMethod();
  }
}
