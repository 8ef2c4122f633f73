#include "cairn/primitives/address.h"

#include <algorithm>

#include "tests/fuzz/chains.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

void CheckAddress(std::string_view text, const AddressPrefixes& prefixes) {
  const auto script = DecodeAddress(text, prefixes);
  if (script) {
    const auto address = EncodeAddress(*script, prefixes);
    CAIRN_ASSERT(address.has_value());
    CAIRN_ASSERT(DecodeAddress(*address, prefixes) == *script);
    return;
  }
  CAIRN_ASSERT(!script.error().message.empty());
  const std::vector<int> wrong = AddressErrorPositions(text, prefixes);
  CAIRN_ASSERT(std::is_sorted(wrong.begin(), wrong.end()));
  CAIRN_ASSERT(wrong.empty() ||
               (wrong.front() >= 0 && static_cast<size_t>(wrong.back()) < text.size()));
}

void CheckSecret(std::string_view text, const AddressPrefixes& prefixes) {
  const auto secret = DecodeSecret(text, prefixes);
  if (!secret) return;
  const auto again = DecodeSecret(EncodeSecret(*secret, prefixes), prefixes);
  CAIRN_ASSERT(again && again->key == secret->key && again->compressed == secret->compressed);
}

void CheckScript(ByteSpan script, const AddressPrefixes& prefixes) {
  const auto address = EncodeAddress(script, prefixes);
  if (!address) return;
  const auto decoded = DecodeAddress(*address, prefixes);
  CAIRN_ASSERT(decoded && Equal(*decoded, script));
}

}  // namespace

void FuzzAddress(ByteSpan input) {
  for (const consensus::Params& params : Chains()) {
    CheckAddress(AsText(input), params.prefixes);
    CheckSecret(AsText(input), params.prefixes);
    CheckScript(input, params.prefixes);
  }
}

}  // namespace cairn::fuzz
