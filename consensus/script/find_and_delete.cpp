#include "consensus/script/find_and_delete.h"

#include <array>

#include "cairn/base/endian.h"
#include "cairn/primitives/script.h"

namespace cairn::consensus {
namespace {

/// The push of some data in its shortest form: opcode and length, and the data behind them.
class PushPattern {
 public:
  explicit PushPattern(ByteSpan data) : data_(data) {
    const size_t size = data.size();
    StoreLittle(&front_[1], static_cast<uint32_t>(size));
    if (size < OP_PUSHDATA1) {
      front_[0] = static_cast<uint8_t>(size);
    } else {
      front_[0] = size <= 0xff ? OP_PUSHDATA1 : size <= 0xffff ? OP_PUSHDATA2 : OP_PUSHDATA4;
      front_size_ += size_t{1} << (front_[0] - OP_PUSHDATA1);
    }
  }

  size_t size() const { return front_size_ + data_.size(); }
  bool IsAt(ByteSpan script) const {
    return script.size() >= size() && Equal(script.first(front_size_), Front()) &&
           Equal(script.subspan(front_size_, data_.size()), data_);
  }

 private:
  ByteSpan Front() const { return ByteSpan(front_).first(front_size_); }

  const ByteSpan data_;
  std::array<uint8_t, 5> front_{};
  size_t front_size_ = 1;
};

}  // namespace

bool FindAndDelete(ByteSpan script, ByteSpan data, Bytes& kept) {
  const PushPattern pattern(data);
  if (pattern.size() > script.size()) return false;
  bool found = false;
  size_t kept_from = 0;  // what lies before is copied or cut
  size_t at = 0;         // where an opcode begins
  while (true) {
    while (pattern.IsAt(script.subspan(at))) {
      Append(kept, script.subspan(kept_from, at - kept_from));
      at += pattern.size();
      kept_from = at;
      found = true;
    }
    if (at == script.size()) break;
    ScriptCursor cursor(script.subspan(at));
    ScriptElement element;
    if (!cursor.Next(element)) break;  // a malformed push: the rest stays as it is
    at += cursor.Position();
  }
  if (found) Append(kept, script.subspan(kept_from));
  return found;
}

}  // namespace cairn::consensus
