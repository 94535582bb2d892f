/**
 * Checksums of tensors and files: CRC-32C taken while bytes pass, SHA-256 where it is asked for.
 */
@NullMarked
package io.hfmerge.hf.checksum;

import org.jspecify.annotations.NullMarked;
