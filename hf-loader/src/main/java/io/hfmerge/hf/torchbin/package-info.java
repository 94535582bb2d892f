/**
 * PyTorch's own files ({@code pytorch_model.bin}, {@code .pt}, {@code .pth}): the zip format,
 * single or sharded, and the older one without zip are mapped and read in place; the zip format is
 * written.
 *
 * <p>A file's pickle is read by a machine of our own that knows a fixed list of names and makes
 * nothing but descriptions of tensors: no name in a file is ever looked up as a class, and nothing
 * in a file is executed.
 *
 * <p>Sources: {@code torch/serialization.py}, {@code torch/_weights_only_unpickler.py} and {@code
 * caffe2/serialize/inline_container.h} for the layout; Python's {@code pickletools} for the
 * opcodes; PKWARE's APPNOTE 6.3.10 for zip.
 */
@NullMarked
package io.hfmerge.hf.torchbin;

import org.jspecify.annotations.NullMarked;
