#include "consensus/script/stack.h"

namespace cairn::consensus {

bool StackItem::IsTrue() const {
  const ByteSpan bytes = span();
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != 0) return !(i == bytes.size() - 1 && bytes[i] == 0x80);
  }
  return false;
}

void Stack::Grow() {
  auto larger = std::make_unique<StackItem[]>(2 * capacity_);
  std::copy(items(), items() + size_, larger.get());
  outside_ = std::move(larger);
  capacity_ *= 2;
}

}  // namespace cairn::consensus
