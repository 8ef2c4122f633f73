#include "cairn/mining/payout.h"

namespace cairn::mining {

Result<Bytes> PayoutScript(const std::vector<Descriptor>& descriptors) {
  if (descriptors.size() > 1) {
    return Fail(ErrorCode::kInvalid, "Multipath descriptor not accepted");
  }
  if (descriptors.front().IsRange()) {
    return Fail(ErrorCode::kInvalid,
                "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?");
  }
  const auto scripts = descriptors.front().Scripts(0);
  if (!scripts) return Fail(ErrorCode::kNotFound, "Cannot derive script without private keys");
  // The order of combo() is pk, pkh, wpkh, sh(wpkh); the last two only of a compressed key.
  return (*scripts)[scripts->size() / 2];
}

Result<Bytes> ParsePayout(std::string_view text, const AddressPrefixes& prefixes) {
  if (const auto descriptors = Descriptor::Parse(text, prefixes)) return PayoutScript(*descriptors);
  return DecodeAddress(text, prefixes);
}

}  // namespace cairn::mining
