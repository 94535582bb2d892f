package io.hfmerge.method;

class DareLinearMethodTest extends SparseTaskVectorContractTest {

  @Override
  MergeMethod method() {
    return new DareLinearMethod();
  }
}
