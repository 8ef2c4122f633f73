// The stack of a running script.
//
// Items are immutable. One that a push or a witness put there is a view into that memory; one that
// an opcode computed is held in the item itself, since no opcode computes more than 32 bytes. So
// memory is bounded by the number of items. The first few of them lie inside the stack, which is
// all that common scripts need: those allocate nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

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
  std::array<uint8_t, 32> inside_;  // what lies behind `size_` is never looked at
};

class Stack {
 public:
  Stack() = default;
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// The item at a depth: 1 is the top. The depth must not exceed the size.
  const StackItem& Top(size_t depth = 1) const { return items()[size_ - depth]; }

  void Push(const StackItem& item) {
    if (size_ == capacity_) Grow();
    Items()[size_++] = item;
  }
  /// Pushes a copy of the item at a depth.
  void PushCopy(size_t depth) { Push(StackItem(Top(depth))); }
  void Pop(size_t count = 1) { size_ -= count; }
  void Clear() { size_ = 0; }
  /// Takes out the item at a depth.
  StackItem Take(size_t depth = 1) {
    StackItem* const end = Items() + size_;
    const StackItem item = *(end - depth);
    std::move(end - depth + 1, end, end - depth);
    --size_;
    return item;
  }
  void Insert(size_t depth, const StackItem& item) {
    Push(item);
    StackItem* const end = Items() + size_;
    std::rotate(end - depth - 1, end - 1, end);
  }
  void Swap(size_t a, size_t b) { std::swap(Items()[size_ - a], Items()[size_ - b]); }

 private:
  static constexpr size_t kInside = 8;

  const StackItem* items() const { return outside_ ? outside_.get() : inside_.data(); }
  StackItem* Items() { return outside_ ? outside_.get() : inside_.data(); }

  void Grow();

  size_t size_ = 0;
  size_t capacity_ = kInside;
  std::unique_ptr<StackItem[]> outside_;  // in place of `inside_` once that is full
  std::array<StackItem, kInside> inside_;
};

}  // namespace cairn::consensus
