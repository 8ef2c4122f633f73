#include "consensus/script/script_cache.h"

#include "cairn/base/endian.h"

namespace cairn::consensus {

ScriptCache::ScriptCache(size_t bytes, const crypto::Digest& salt) : set_(bytes) {
  salted_.Update(salt).Update(salt);
}

crypto::Digest ScriptCache::EntryOf(const Wtxid& wtxid, ScriptFlags flags) const {
  uint8_t rules[sizeof(uint32_t)];
  StoreLittle(rules, flags.bits());
  crypto::Sha256 hasher = salted_;
  return hasher.Update(wtxid.span()).Update(rules).Finish();
}

bool ScriptCache::Contains(const Wtxid& wtxid, ScriptFlags flags) const {
  return IsUsed() && set_.Contains(EntryOf(wtxid, flags));
}

void ScriptCache::Add(const Wtxid& wtxid, ScriptFlags flags) {
  set_.Add(EntryOf(wtxid, flags));
  used_.store(true, std::memory_order_relaxed);
}

}  // namespace cairn::consensus
