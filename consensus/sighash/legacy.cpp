// The signature hash of bare scripts and P2SH.

#include "cairn/base/writer.h"
#include "cairn/primitives/script.h"
#include "consensus/sighash/sighash.h"

namespace cairn::consensus {
namespace {

/// Appends the script without its OP_CODESEPARATORs. What follows a malformed push is kept as it
/// is: a script that has one fails anyway.
void AppendScriptCode(Writer& writer, ByteSpan script) {
  Bytes kept;
  ScriptCursor cursor(script);
  ScriptElement element;
  size_t kept_from = 0;
  while (!cursor.AtEnd()) {
    const size_t position = cursor.Position();
    if (!cursor.Next(element)) break;
    if (element.opcode != OP_CODESEPARATOR) continue;
    Append(kept, script.subspan(kept_from, position - kept_from));
    kept_from = cursor.Position();
  }
  if (kept_from == 0) {
    writer.VarBytes(script);
    return;
  }
  Append(kept, script.subspan(kept_from));
  writer.VarBytes(kept);
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
    constexpr size_t kBytesPerInput = 41;
    bytes_.reserve(tx_.inputs.size() * kBytesPerInput + script_code_.size() +
                   tx_.stripped_size / 2);
    writer_.I32(tx_.version);
    WriteInputs();
    WriteOutputs();
    writer_.U32(tx_.lock_time).I32(hash_type_);
    return crypto::Sha256dOf(bytes_);
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
      AppendScriptCode(writer_, script_code_);
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
  Bytes bytes_;
  Writer writer_{bytes_};
};

}  // namespace

crypto::Digest LegacySighash(const Transaction& tx, size_t input, ByteSpan script_code,
                             int32_t hash_type) {
  const bool single = (hash_type & kSighashOutputMask) == kSighashSingle;
  if (input >= tx.inputs.size() || (single && input >= tx.outputs.size())) return One();
  return LegacyMessage(tx, input, script_code, hash_type).Hash();
}

}  // namespace cairn::consensus
