// How long messages may be.
#pragma once

#include <cstddef>

namespace cairn::wire {

/// No payload is longer; who announces a longer one is cut off.
inline constexpr size_t kMostPayloadOfAny = 4'000'000;

/// For messages of a few fields: what follows these is ignored, so there is room for more of them.
inline constexpr size_t kSmallPayload = 4096;

/// The longest payload of a list: the items, and as many again so that a list that is too long can
/// be told from a message that is.
constexpr size_t ListPayload(size_t items, size_t item_size) {
  const size_t bytes = 64 + 2 * items * item_size;
  return bytes < kMostPayloadOfAny ? bytes : kMostPayloadOfAny;
}

}  // namespace cairn::wire
