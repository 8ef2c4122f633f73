// The signature hash of bare scripts and P2SH.

#include <algorithm>

#include "cairn/primitives/script.h"
#include "consensus/sighash/hash_writer.h"
#include "consensus/sighash/sighash.h"

namespace cairn::consensus {
namespace {

/// Gives every stretch of the script between its OP_CODESEPARATORs to `visit`.
///
/// What follows a malformed push is part of the last stretch, unlike in Bitcoin Core, whose message
/// ends within such a push. No verdict can tell: a run has to read the whole script, in branches
/// not taken too, so it fails at that push whatever its signatures have come to.
template <typename Visit>
void ForEachStretch(ByteSpan script, const Visit& visit) {
  size_t from = 0;
  ScriptCursor cursor(script);
  ScriptElement element;
  // Most scripts have no such byte, and need not be read.
  bool more = std::find(script.begin(), script.end(), OP_CODESEPARATOR) != script.end();
  while (more && !cursor.AtEnd()) {
    const size_t position = cursor.Position();
    more = cursor.Next(element);
    if (!more || element.opcode != OP_CODESEPARATOR) continue;
    visit(script.subspan(from, position - from));
    from = cursor.Position();
  }
  visit(script.subspan(from));
}

/// Writes the script without its OP_CODESEPARATORs, behind its length.
void WriteScriptCode(HashWriter& writer, ByteSpan script) {
  size_t size = 0;
  ForEachStretch(script, [&](ByteSpan stretch) { size += stretch.size(); });
  writer.CompactSize(size);
  ForEachStretch(script, [&](ByteSpan stretch) { writer.Raw(stretch); });
}

crypto::Digest One() {
  crypto::Digest one{};
  one[0] = 1;
  return one;
}

/// Writes the parts of the transaction that a hash type covers.
class LegacyMessage {
 public:
  LegacyMessage(const Transaction& tx, size_t input, ByteSpan script_code, int32_t hash_type)
      : tx_(tx),
        input_(input),
        script_code_(script_code),
        hash_type_(hash_type),
        none_((hash_type & kSighashOutputMask) == kSighashNone),
        single_((hash_type & kSighashOutputMask) == kSighashSingle) {}

  crypto::Digest Hash() {
    writer_.I32(tx_.version);
    WriteInputs();
    WriteOutputs();
    return writer_.U32(tx_.lock_time).I32(hash_type_).Twice();
  }

 private:
  void WriteInputs() {
    if ((hash_type_ & kSighashAnyoneCanPay) != 0) {
      writer_.CompactSize(1);
      return WriteInput(input_);
    }
    writer_.CompactSize(tx_.inputs.size());
    for (size_t i = 0; i < tx_.inputs.size(); ++i) WriteInput(i);
  }

  void WriteInput(size_t i) {
    const TxIn& input = tx_.inputs[i];
    writer_.Raw(input.prevout.txid.span()).U32(input.prevout.index);
    if (i == input_) {
      WriteScriptCode(writer_, script_code_);
      writer_.U32(input.sequence);
    } else {
      writer_.CompactSize(0).U32(none_ || single_ ? 0 : input.sequence);
    }
  }

  void WriteOutputs() {
    const size_t count = none_ ? 0 : single_ ? input_ + 1 : tx_.outputs.size();
    writer_.CompactSize(count);
    for (size_t i = 0; i < count; ++i) {
      if (single_ && i != input_) {
        writer_.I64(-1).CompactSize(0);
      } else {
        writer_.I64(tx_.outputs[i].value).VarBytes(tx_.outputs[i].script);
      }
    }
  }

  const Transaction& tx_;
  const size_t input_;
  const ByteSpan script_code_;
  const int32_t hash_type_;
  const bool none_;
  const bool single_;
  HashWriter writer_;
};

}  // namespace

crypto::Digest LegacySighash(const Transaction& tx, size_t input, ByteSpan script_code,
                             int32_t hash_type) {
  const bool single = (hash_type & kSighashOutputMask) == kSighashSingle;
  if (input >= tx.inputs.size() || (single && input >= tx.outputs.size())) return One();
  return LegacyMessage(tx, input, script_code, hash_type).Hash();
}

}  // namespace cairn::consensus
