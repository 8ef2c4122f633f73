#include "consensus/script/digest_set.h"

#include <algorithm>

#include "cairn/base/endian.h"

namespace cairn::consensus {

DigestSet::DigestSet(size_t bytes)
    : sets_(std::max<size_t>(2, bytes / (sizeof(Set) + sizeof(added_[0])))),
      table_(std::make_unique<Set[]>(sets_)),
      added_(std::make_unique<std::atomic<uint32_t>[]>(sets_)) {}

DigestSet::Words DigestSet::WordsOf(const crypto::Digest& digest) {
  Words words;
  for (size_t i = 0; i < kWords; ++i) words[i] = LoadLittle<uint64_t>(&digest[i * sizeof words[0]]);
  return words;
}

bool DigestSet::Set::Has(const Words& words) const {
  return std::any_of(entries.begin(), entries.end(), [&](const auto& held) {
    return std::equal(words.begin(), words.end(), held.begin(),
                      [](uint64_t word, const std::atomic<uint64_t>& other) {
                        return word == other.load(std::memory_order_relaxed);
                      });
  });
}

bool DigestSet::Contains(const Words& words) const {
  return table_[words[0] % sets_].Has(words) || table_[words[1] % sets_].Has(words);
}

bool DigestSet::Contains(const crypto::Digest& digest) const { return Contains(WordsOf(digest)); }

void DigestSet::Add(const crypto::Digest& digest) {
  const Words words = WordsOf(digest);
  if (Contains(words)) return;
  size_t set = words[0] % sets_;
  const size_t other = words[1] % sets_;
  if (added_[other].load(std::memory_order_relaxed) < added_[set].load(std::memory_order_relaxed)) {
    set = other;
  }
  auto& oldest = table_[set].entries[added_[set].fetch_add(1, std::memory_order_relaxed) % kWays];
  for (size_t i = 0; i < kWords; ++i) oldest[i].store(words[i], std::memory_order_relaxed);
}

}  // namespace cairn::consensus
