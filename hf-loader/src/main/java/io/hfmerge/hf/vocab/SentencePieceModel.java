package io.hfmerge.hf.vocab;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.hfmerge.error.MalformedCheckpointException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads the pieces of a SentencePiece model; a piece's id is its place.
 *
 * <p>Source: google/sentencepiece, sentencepiece_model.proto, messages ModelProto and
 * SentencePiece.
 */
final class SentencePieceModel {

  private static final int MODEL_PIECES = 1;
  private static final int PIECE_TEXT = 1;

  private SentencePieceModel() {}

  /**
   * Id by piece.
   *
   * @param source name for messages
   * @param bytes the whole file
   * @throws MalformedCheckpointException if the bytes are not such a message
   */
  static Map<String, Integer> read(String source, byte[] bytes) {
    Map<String, Integer> ids = new HashMap<>();
    try {
      CodedInputStream in = CodedInputStream.newInstance(bytes);
      int id = 0;
      while (!in.isAtEnd()) {
        int tag = in.readTag();
        if (WireFormat.getTagFieldNumber(tag) != MODEL_PIECES
            || WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
          in.skipField(tag);
          continue;
        }
        String piece = piece(in);
        if (ids.putIfAbsent(piece, id) != null) {
          throw new MalformedCheckpointException(
              "%s: piece %d: expected a new piece, found \"%s\" again"
                  .formatted(source, id, piece));
        }
        id++;
        if (id > Vocabulary.MAX_ID) {
          throw new MalformedCheckpointException(
              source + ": expected at most " + Vocabulary.MAX_ID + " pieces, found more");
        }
      }
    } catch (IOException e) {
      throw new MalformedCheckpointException(
          source + ": expected a SentencePiece model, found: " + e.getMessage(), e);
    }
    if (ids.isEmpty()) {
      throw new MalformedCheckpointException(
          source + ": expected a SentencePiece model, found no pieces");
    }
    return ids;
  }

  private static String piece(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    String text = "";
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      if (WireFormat.getTagFieldNumber(tag) == PIECE_TEXT
          && WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        text = in.readStringRequireUtf8();
      } else {
        in.skipField(tag);
      }
    }
    in.popLimit(outer);
    return text;
  }
}
