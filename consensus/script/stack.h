// The stack of a running script.
//
// Items are immutable. One that a push or a witness put there is a view into that memory; one that
// an opcode computed is held in the item itself, since no opcode computes more than 32 bytes. So no
// opcode allocates, and memory is bounded by the number of items.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "cairn/base/bytes.h"

namespace cairn::consensus {

class StackItem {
 public:
  StackItem() = default;
  /// A view: `bytes` must outlive the run.
  explicit StackItem(ByteSpan bytes) : outside_(bytes.data()), size_(bytes.size()) {}
  /// A copy of at most 32 bytes.
  static StackItem Computed(ByteSpan bytes) {
    StackItem item;
    item.size_ = bytes.size();
    std::copy(bytes.begin(), bytes.end(), item.inside_.begin());
    return item;
  }
  /// True is the byte 1, false is empty.
  static StackItem Bool(bool value) {
    StackItem item;
    item.size_ = value ? 1 : 0;
    item.inside_[0] = 1;
    return item;
  }

  ByteSpan span() const { return {outside_ != nullptr ? outside_ : inside_.data(), size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// False is any encoding of zero, negative zero included.
  bool IsTrue() const;

 private:
  const uint8_t* outside_ = nullptr;
  size_t size_ = 0;
  std::array<uint8_t, 32> inside_{};
};

class Stack {
 public:
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }

  /// The item at a depth: 1 is the top. The depth must not exceed the size.
  const StackItem& Top(size_t depth = 1) const { return items_[items_.size() - depth]; }

  void Push(const StackItem& item) { items_.push_back(item); }
  /// Pushes a copy of the item at a depth.
  void PushCopy(size_t depth) { items_.push_back(StackItem(Top(depth))); }
  void Pop(size_t count = 1) { items_.resize(items_.size() - count); }
  /// Takes out the item at a depth.
  StackItem Take(size_t depth = 1) {
    const StackItem item = Top(depth);
    items_.erase(items_.end() - static_cast<std::ptrdiff_t>(depth));
    return item;
  }
  void Insert(size_t depth, const StackItem& item) {
    items_.insert(items_.end() - static_cast<std::ptrdiff_t>(depth), item);
  }
  void Swap(size_t a, size_t b) { std::swap(items_[items_.size() - a], items_[items_.size() - b]); }

  const std::vector<StackItem>& items() const { return items_; }

 private:
  std::vector<StackItem> items_;
};

}  // namespace cairn::consensus
