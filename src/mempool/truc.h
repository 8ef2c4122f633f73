// The families of version 3 (BIP431): a parent and one small child, so that nobody can hold them
// up.
#pragma once

#include <string_view>

#include "src/mempool/pricing.h"

namespace cairn::mempool {

inline constexpr std::string_view kTrucViolation = "TRUC-violation";

/// Nothing where the rules are kept, or where the one sibling can make room: it becomes a rival
/// then.
Objection CheckTruc(const PricedLoose& priced, Family* family);

}  // namespace cairn::mempool
