// A second reader of transactions, slow and plain, to hold the real one against.
#pragma once

#include <optional>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/transaction.h"

namespace cairn::test {

/// Reads one transaction as BIP144 describes it, byte by byte, into an owning draft.
class NaiveReader {
 public:
  explicit NaiveReader(ByteSpan bytes) : bytes_(bytes) {}

  /// Nothing if the bytes are not exactly one transaction.
  std::optional<TransactionDraft> ReadWhole(WitnessEncoding encoding) {
    TransactionDraft draft;
    draft.version = static_cast<int32_t>(Number(4));
    bool witness = false;
    if (encoding == WitnessEncoding::kAllowed && left() >= 2 && bytes_[at_] == 0 &&
        bytes_[at_ + 1] != 0) {
      witness = true;
      if (bytes_[at_ + 1] != 1) return std::nullopt;
      at_ += 2;
    }
    ReadParts(draft, witness);
    if (!good_ || at_ != bytes_.size()) return std::nullopt;
    if (witness && !draft.HasWitness()) return std::nullopt;
    return draft;
  }

 private:
  size_t left() const { return bytes_.size() - at_; }

  uint64_t Number(size_t size) {
    if (!good_ || left() < size) {
      good_ = false;
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= uint64_t{bytes_[at_++]} << (8 * i);
    return value;
  }

  uint64_t Size() {
    const uint64_t first = Number(1);
    if (first < 253) return first;
    const uint64_t value = Number(first == 253 ? 2 : first == 254 ? 4 : 8);
    const uint64_t least = first == 253 ? 253 : first == 254 ? 0x10000 : 0x100000000;
    if (value < least || value > 0x02000000) good_ = false;
    return good_ ? value : 0;
  }

  Bytes Blob(uint64_t size) {
    if (!good_ || left() < size) {
      good_ = false;
      return {};
    }
    const ByteSpan taken = bytes_.subspan(at_, size);
    at_ += size;
    return Bytes(taken.begin(), taken.end());
  }

  void ReadParts(TransactionDraft& draft, bool witness) {
    const uint64_t inputs = Size();
    for (uint64_t i = 0; i < inputs && good_; ++i) {
      TransactionDraft::Input input;
      const Bytes txid = Blob(32);
      if (good_) input.prevout.txid = Txid::From(txid);
      input.prevout.index = static_cast<uint32_t>(Number(4));
      input.script_sig = Blob(Size());
      input.sequence = static_cast<uint32_t>(Number(4));
      draft.inputs.push_back(input);
    }
    const uint64_t outputs = Size();
    for (uint64_t i = 0; i < outputs && good_; ++i) {
      TransactionDraft::Output output;
      output.value = static_cast<Amount>(Number(8));
      output.script = Blob(Size());
      draft.outputs.push_back(output);
    }
    for (size_t i = 0; witness && i < draft.inputs.size() && good_; ++i) {
      const uint64_t items = Size();
      for (uint64_t item = 0; item < items && good_; ++item) {
        draft.inputs[i].witness.push_back(Blob(Size()));
      }
    }
    draft.lock_time = static_cast<uint32_t>(Number(4));
  }

  ByteSpan bytes_;
  size_t at_ = 0;
  bool good_ = true;
};

}  // namespace cairn::test
