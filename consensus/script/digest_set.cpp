#include "consensus/script/digest_set.h"

#include <algorithm>

#include "cairn/base/endian.h"

namespace cairn::consensus {

DigestSet::DigestSet(size_t bytes)
    : sets_(std::max<size_t>(1, bytes / sizeof(Set))), table_(std::make_unique<Set[]>(sets_)) {}

DigestSet::Words DigestSet::WordsOf(const crypto::Digest& digest) {
  Words words;
  for (size_t i = 0; i < kWords; ++i) words[i] = LoadLittle<uint64_t>(&digest[i * sizeof words[0]]);
  return words;
}

bool DigestSet::Contains(const crypto::Digest& digest) const {
  const Words words = WordsOf(digest);
  const Set& set = SetOf(words);
  return std::any_of(set.entries.begin(), set.entries.end(), [&](const auto& held) {
    return std::equal(words.begin(), words.end(), held.begin(),
                      [](uint64_t word, const std::atomic<uint64_t>& other) {
                        return word == other.load(std::memory_order_relaxed);
                      });
  });
}

void DigestSet::Add(const crypto::Digest& digest) {
  if (Contains(digest)) return;
  const Words words = WordsOf(digest);
  Set& set = SetOf(words);
  auto& oldest = set.entries[set.added.fetch_add(1, std::memory_order_relaxed) % kWays];
  for (size_t i = 0; i < kWords; ++i) oldest[i].store(words[i], std::memory_order_relaxed);
}

}  // namespace cairn::consensus
