package io.hfmerge.hf.djl.model;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Native memory of buffers that nothing refers to. */
final class FreedMemory {

  private static final Cleaner CLEANER = Cleaner.create();
  private static final int BUFFERS = 20_000;

  private FreedMemory() {}

  /** Has the garbage collector free it and writes over it, as other code might. */
  static void overwrite() throws InterruptedException {
    CountDownLatch collected = new CountDownLatch(1);
    CLEANER.register(new Object(), collected::countDown);
    System.gc();
    collected.await(2, TimeUnit.SECONDS);
    List<ByteBuffer> others = new ArrayList<>();
    for (int i = 0; i < BUFFERS; i++) {
      ByteBuffer other = ByteBuffer.allocateDirect(i % 2 == 0 ? Float.BYTES : Double.BYTES);
      while (other.hasRemaining()) {
        other.put((byte) 0x45);
      }
      others.add(other);
    }
  }
}
