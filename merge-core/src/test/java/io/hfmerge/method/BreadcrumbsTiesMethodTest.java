package io.hfmerge.method;

class BreadcrumbsTiesMethodTest extends SparseTaskVectorContractTest {

  @Override
  MergeMethod method() {
    return new BreadcrumbsTiesMethod();
  }
}
