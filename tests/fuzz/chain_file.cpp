#include "cairn/genesis/chain_file.h"

#include "cairn/base/assert.h"
#include "cairn/primitives/block.h"
#include "consensus/work.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

/// What the rules count on without asking.
void CheckUsable(const consensus::Params& params) {
  CAIRN_ASSERT(params.retarget.Interval() >= 1);
  CAIRN_ASSERT(params.retarget.spacing_seconds >= 1);
  CAIRN_ASSERT(params.subsidy_interval >= 1);
  CAIRN_ASSERT(params.coinbase_maturity >= 0);
  CAIRN_ASSERT(IsMoney(params.initial_subsidy));
  CAIRN_ASSERT(params.signalling_window >= 1);
  CAIRN_ASSERT(!params.retarget.limit.IsZero());
  CAIRN_ASSERT(!consensus::WorkOf(params.retarget.limit_bits).IsZero());
  const auto genesis = Block::Parse(params.genesis_block);
  CAIRN_ASSERT(genesis && (*genesis)->hash() == params.genesis_hash);
}

}  // namespace

void FuzzChainFile(ByteSpan input) {
  const auto params = genesis::LoadChainText(AsText(input), "folder/fuzzed.json");
  if (params) return CheckUsable(*params);
  const std::string& message = params.error().message;
  const std::string_view front = "folder/fuzzed.json:";
  CAIRN_ASSERT(message.starts_with(front));
  CAIRN_ASSERT(message[front.size()] >= '1' && message[front.size()] <= '9');
}

}  // namespace cairn::fuzz
