#include "cairn/crypto/sha256_constants.h"

#include <algorithm>
#include <iterator>

namespace cairn::crypto {
namespace {

constexpr LaneTables MakeLaneTables() {
  LaneTables tables{};
  std::copy(std::begin(kInitialState), std::end(kInitialState), tables.initial_state);
  tables.message = RoundTableOf(kMessageBlock);
  tables.header_tail = RoundTableOf(kHeaderTail);
  tables.digest = RoundTableOf(kDigestBlock);
  tables.padding_of_64_bytes = RoundTableOf(kPaddingOf64Bytes);
  return tables;
}

}  // namespace

constinit const LaneTables kLaneTables = MakeLaneTables();

}  // namespace cairn::crypto
