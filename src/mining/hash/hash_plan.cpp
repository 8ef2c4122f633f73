#include "src/mining/hash/hash_plan.h"

namespace cairn::mining {
namespace {

constexpr HashPlan MakeDigestPlan() {
  uint32_t word[kFirstWords] = {};
  word[8] = 0x80000000u;
  word[15] = crypto::kDigestBlock.bits;
  return MakeHashPlan(crypto::kInitialState, word, kDigestWords, 0);
}

}  // namespace

constinit const HashPlan kDigestPlan = MakeDigestPlan();

}  // namespace cairn::mining
