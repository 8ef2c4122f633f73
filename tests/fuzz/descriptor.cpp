#include "cairn/primitives/descriptor.h"

#include <algorithm>

#include "tests/fuzz/chains.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

using Descriptors = Result<std::vector<Descriptor>>;

/// Canonical forms are read again as what they are, and change no more.
void CheckTexts(const Descriptor& descriptor, const AddressPrefixes& prefixes) {
  const Descriptors again =
      Descriptor::Parse(descriptor.ToString(), prefixes, ChecksumRule::kRequired);
  CAIRN_ASSERT(again && again->size() == 1);
  CAIRN_ASSERT(again->front().ToString() == descriptor.ToString());
  CAIRN_ASSERT(again->front().IsRange() == descriptor.IsRange());
  CAIRN_ASSERT(!again->front().HasPrivateKeys());
  const auto secret = descriptor.ToPrivateString();
  if (!secret) return;
  const Descriptors with_keys = Descriptor::Parse(*secret, prefixes, ChecksumRule::kRequired);
  CAIRN_ASSERT(with_keys && with_keys->front().ToPrivateString() == secret);
  CAIRN_ASSERT(with_keys->front().ToString() == descriptor.ToString());
}

/// The descriptor of one script stands for that script. Of raw() it may name a key that is no point
/// of the curve, as Bitcoin Core's does.
void CheckScripts(const Descriptor& descriptor, uint32_t index, const AddressPrefixes& prefixes) {
  const auto scripts = descriptor.Scripts(index);
  const auto texts = descriptor.ScriptDescriptors(index);
  CAIRN_ASSERT(scripts.has_value() == texts.has_value());
  if (!scripts) return;
  CAIRN_ASSERT(scripts->size() == texts->size());
  for (size_t i = 0; i < scripts->size(); ++i) {
    const Descriptors again = Descriptor::Parse((*texts)[i], prefixes);
    CAIRN_ASSERT(again || !descriptor.IsSolvable());
    if (!again) continue;
    CAIRN_ASSERT(!again->front().IsRange());
    CAIRN_ASSERT(again->front().Scripts(0) == std::vector<Bytes>{(*scripts)[i]});
  }
}

}  // namespace

void FuzzDescriptor(ByteSpan input) {
  // More of the same only takes longer.
  constexpr size_t kMostText = 10'000;
  constexpr size_t kMostWays = 3;
  constexpr uint32_t kLastIndex = 0x7fff'ffff;
  if (input.size() > kMostText) return;
  const consensus::Params& mainnet = Chains().front();
  const consensus::Params& other = Chains().back();
  for (const AddressPrefixes* prefixes : {&mainnet.prefixes, &other.prefixes}) {
    const Descriptors parsed = Descriptor::Parse(AsText(input), *prefixes);
    CAIRN_ASSERT(parsed ? !parsed->empty() : !parsed.error().message.empty());
    if (!parsed) continue;
    for (size_t way = 0; way < std::min(parsed->size(), kMostWays); ++way) {
      const Descriptor& descriptor = (*parsed)[way];
      CheckTexts(descriptor, *prefixes);
      CheckScripts(descriptor, 0, *prefixes);
      if (descriptor.IsRange()) CheckScripts(descriptor, kLastIndex, *prefixes);
    }
  }
}

}  // namespace cairn::fuzz
