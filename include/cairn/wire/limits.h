// How long messages may be.
#pragma once

#include <cstddef>

namespace cairn::wire {

/// No payload is longer, whatever the message: who announces a longer one is cut off. A shorter one
/// is read however much longer it is than we need, for what follows the fields that we know may be
/// those of a later version.
inline constexpr size_t kMostPayload = 4'000'000;

}  // namespace cairn::wire
