package io.hfmerge.method;

class DellaLinearMethodTest extends SparseTaskVectorContractTest {

  @Override
  MergeMethod method() {
    return new DellaLinearMethod();
  }
}
