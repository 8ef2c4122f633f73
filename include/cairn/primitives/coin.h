// An unspent output, as rules see it.
#pragma once

#include "cairn/base/bytes.h"
#include "cairn/primitives/amount.h"

namespace cairn {

/// The script is a view: whoever hands out the coin says how long it lives.
struct Coin {
  Amount value = 0;
  int height = 0;         // of the block that created it
  bool coinbase = false;  // created by a coinbase
  ByteSpan script;
};

}  // namespace cairn
