#include "consensus/script/signature_cache.h"

#include <vector>

namespace cairn::consensus {

SignatureCache::SignatureCache(size_t bytes, const crypto::Digest& salt) : set_(bytes) {
  salted_.Update(salt).Update(salt);
}

SignatureCache::Entry SignatureCache::EntryOf(const SignatureCheck& check) const {
  // The parts cannot be cut otherwise than they are: only the signature has no known length.
  const uint8_t front[] = {static_cast<uint8_t>(check.kind),
                           static_cast<uint8_t>(check.key.size())};
  crypto::Sha256 hasher = salted_;
  return hasher.Update(front)
      .Update(check.key)
      .Update(check.message)
      .Update(check.signature)
      .Finish();
}

template <typename Ask>
bool CachingVerifier::Recall(const SignatureCheck& check, const Ask& ask) {
  const SignatureCache::Entry entry = cache_.EntryOf(check);
  if (cache_.Contains(entry)) {
    ++hits_;
    return true;
  }
  const bool valid = ask();
  if (valid) cache_.Add(entry);
  return valid;
}

bool CachingVerifier::Verify(const SignatureCheck& check) {
  return Recall(check, [&] { return next_.Verify(check); });
}

bool CachingVerifier::VerifyOneOfMany(const SignatureCheck& check) {
  return Recall(check, [&] { return next_.VerifyOneOfMany(check); });
}

void CachingVerifier::VerifyBatch(std::span<BatchedCheck> checks) {
  struct Unknown {
    BatchedCheck* check;
    SignatureCache::Entry entry;
  };
  std::vector<Unknown> unknown;
  std::vector<BatchedCheck> batch;
  for (BatchedCheck& check : checks) {
    const SignatureCache::Entry entry = cache_.EntryOf(check.check);
    check.valid = cache_.Contains(entry);
    if (check.valid) {
      ++hits_;
      continue;
    }
    unknown.push_back({&check, entry});
    batch.push_back({check.check});
  }
  if (batch.empty()) return;
  next_.VerifyBatch(batch);
  for (size_t i = 0; i < batch.size(); ++i) {
    unknown[i].check->valid = batch[i].valid;
    if (batch[i].valid) cache_.Add(unknown[i].entry);
  }
}

}  // namespace cairn::consensus
