#include "consensus/rules/header.h"

#include "consensus/work.h"
#include "tests/fuzz/chains.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

using consensus::HeaderContext;

constexpr int kMostHeight = 5'000'000;

void CheckCompact(uint32_t bits) {
  const CompactTarget compact = DecodeCompact(bits);
  if (compact.negative || compact.overflow) {
    CAIRN_ASSERT(consensus::WorkOf(bits).IsZero());
    return;
  }
  CAIRN_ASSERT(consensus::WorkOf(bits).IsZero() == compact.target.IsZero());
  const CompactTarget again = DecodeCompact(EncodeCompact(compact.target));
  CAIRN_ASSERT(again.target == compact.target && !again.negative && !again.overflow);
}

/// What every accepted header has, said in another way than by its rules.
void CheckAccepted(const HeaderContext& context) {
  const Header& header = context.header;
  const auto& rules = context.params.retarget;
  CAIRN_ASSERT(consensus::MeetsTarget(context.hash, header.bits, rules));
  CAIRN_ASSERT(header.time > consensus::MedianTimePast(context.ancestors));
  CAIRN_ASSERT(header.time <= context.now + consensus::kMaxFutureSeconds);
  HeaderContext later = context;
  later.now += 1;
  CAIRN_ASSERT(consensus::CheckHeader(later).has_value());
}

}  // namespace

void FuzzHeader(ByteSpan bytes) {
  Input input(bytes);
  const consensus::Params& params = Chains()[input.Below(Chains().size())];
  const uint8_t mode = input.Byte();
  const auto height = static_cast<int>(input.Number<uint32_t>() % kMostHeight);
  const auto now = UnixSeconds{input.Number<uint32_t>()};
  const auto checkpointed_height = static_cast<int>(input.Number<uint32_t>() % kMostHeight);
  std::array<uint8_t, Header::kSize> raw{};
  const ByteSpan taken = input.Take(raw.size());
  std::copy(taken.begin(), taken.end(), raw.begin());
  Header header = Header::From(raw);
  const RepeatedAncestors ancestors(height, input);

  const uint32_t required = consensus::NextBits(ancestors, header.time, params.retarget);
  CheckCompact(header.bits);
  CheckCompact(required);
  const bool new_period = (height + 1) % params.retarget.Interval() == 0;
  if (new_period && !params.retarget.never) {
    CAIRN_ASSERT(DecodeCompact(required).target <= params.retarget.limit);
  }
  // Hardly any input has the right target, and none has work: these modes give them away.
  if ((mode & 1) != 0) header.bits = required;
  const BlockHash hash = (mode & 2) != 0 ? BlockHash{} : header.Hash();
  const HeaderContext context{header, hash, params, ancestors, now, checkpointed_height};
  const consensus::Verdict verdict = consensus::CheckHeader(context);
  if (verdict) return CheckAccepted(context);
  CAIRN_ASSERT(!verdict.error().ToString().empty());
  CAIRN_ASSERT(consensus::CheckHeader(context).error().reject == verdict.error().reject);
}

}  // namespace cairn::fuzz
