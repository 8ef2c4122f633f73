#include "tests/bench/reader_load/chain_samples.h"

#include <fstream>

#include "cairn/base/endian.h"
#include "tests/bench/chain_maker/random.h"

namespace cairn::bench {
namespace {

constexpr size_t kFramePrefix = 8;  // magic and length
constexpr uint32_t kMostBytes = 4'000'000;
constexpr int kOutputsPerBlock = 64;

BlockSample Sample(const Block& block, Random& random) {
  BlockSample sample{block.hash(), {}};
  if (block.header().previous.IsZero()) return sample;
  const auto transactions = block.transactions();
  for (int i = 0; i < kOutputsPerBlock; ++i) {
    const Transaction& tx = transactions[random.Below(transactions.size())];
    sample.outputs.push_back({tx.txid, static_cast<uint32_t>(random.Below(tx.outputs.size()))});
  }
  return sample;
}

}  // namespace

Result<std::vector<BlockSample>> SampleChain(const std::filesystem::path& file, uint64_t seed) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Fail(ErrorCode::kIo, "cannot read " + file.string());
  Random random(seed);
  std::vector<BlockSample> samples;
  uint8_t prefix[kFramePrefix];
  while (stream.read(reinterpret_cast<char*>(prefix), sizeof prefix)) {
    const auto length = LoadLittle<uint32_t>(prefix + 4);
    if (length > kMostBytes) return Invalid(file.string() + " is no bootstrap file");
    Bytes bytes(length);
    stream.read(reinterpret_cast<char*>(bytes.data()), length);
    const auto block = Block::Parse(std::move(bytes));
    if (!stream || !block) return Invalid(file.string() + " has a broken block");
    samples.push_back(Sample(**block, random));
  }
  if (samples.size() < 2) return Invalid(file.string() + " has no blocks above genesis");
  return samples;
}

}  // namespace cairn::bench
