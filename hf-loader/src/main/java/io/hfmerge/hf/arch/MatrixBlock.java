package io.hfmerge.hf.arch;

/**
 * Consecutive rows of a stored tensor seen as a matrix {@code [out, in]}.
 *
 * @param tensor name of the stored tensor
 * @param transposed whether the tensor is stored as {@code [in, out]} (GPT-2's Conv1D), so that a
 *     row here is a column there
 * @param firstRow first row, in {@code [out, in]} orientation
 * @param rows number of rows
 * @param columns length of a row: the tensor's {@code in}; a tensor of rank above 2 (a convolution)
 *     is flattened to {@code [out, rest]}
 */
public record MatrixBlock(
    String tensor, boolean transposed, long firstRow, long rows, long columns) {}
