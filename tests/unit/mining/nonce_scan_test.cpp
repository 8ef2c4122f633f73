// Every kernel finds what plain hashing finds, no more, no less, and in the same order.
#include "cairn/mining/nonce_scan.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/support/effort.h"
#include "tests/support/vectors.h"

namespace cairn::mining {
namespace {

U256 HashOf(const Header& header) { return U256::FromLittle(header.Hash().span()); }

std::vector<ScanHit> PlainHits(Header header, const U256& target, uint32_t first, uint64_t count,
                               const std::vector<int32_t>& versions) {
  std::vector<ScanHit> hits;
  for (uint64_t i = 0; i < count; ++i) {
    header.nonce = first + static_cast<uint32_t>(i);
    for (const int32_t version : versions) {
      header.version = version;
      if (HashOf(header) <= target) hits.push_back({version, header.nonce});
    }
  }
  return hits;
}

std::vector<ScanHit> Hits(const NonceScan& scan, uint32_t first, uint64_t count,
                          uint64_t expected_hashes) {
  std::vector<ScanHit> hits;
  EXPECT_EQ(scan.Run(first, count, hits), expected_hashes);
  return hits;
}

Header RandomHeader(std::mt19937& random) {
  std::array<uint8_t, Header::kSize> raw;
  for (uint8_t& byte : raw) byte = static_cast<uint8_t>(random());
  return Header::From(raw);
}

/// That about one hash in `one_in` meets.
U256 RandomTarget(std::mt19937& random, uint32_t one_in) {
  std::array<uint8_t, 32> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return U256::FromLittle(bytes) / U256(one_in);
}

std::vector<int32_t> RandomVersions(std::mt19937& random, size_t count) {
  std::vector<int32_t> versions;
  for (size_t i = 0; i < count; ++i) versions.push_back(static_cast<int32_t>(random()));
  return versions;
}

class NonceScanOfKernel : public testing::TestWithParam<ScanKernel> {
 protected:
  /// Compares the kernel with plain hashing.
  void Compare(const Header& header, const U256& target, uint32_t first, uint64_t count,
               const std::vector<int32_t>& versions) {
    const NonceScan scan(GetParam(), header, target, versions);
    ASSERT_EQ(Hits(scan, first, count, count * versions.size()),
              PlainHits(header, target, first, count, versions))
        << "from " << first << ", " << count << " nonces, " << versions.size() << " versions";
  }
};

constexpr const char* kRealHeaders[] = {
    "headers/mainnet_0_10236.bin", "headers/mainnet_40000_49999.bin",
    "headers/mainnet_586657_589289.bin", "headers/mainnet_832001_833097.bin"};

/// 25 headers of each file, evenly spread.
std::vector<Header> RealHeaders() {
  constexpr size_t kOfEach = 25;
  std::vector<Header> headers;
  for (const char* name : kRealHeaders) {
    const Bytes raw = test::ReadBinary(test::VectorPath(name));
    const size_t step = raw.size() / Header::kSize / kOfEach;
    for (size_t i = 0; i < kOfEach; ++i) {
      headers.push_back(
          Header::From(ByteSpan(raw).subspan(i * step * Header::kSize).first<Header::kSize>()));
    }
  }
  return headers;
}

/// How far below its nonce a search begins. Vectors take long where every access is watched.
constexpr uint32_t kBelow = test::Stride() == 1 ? 10'000 : 200;

TEST_P(NonceScanOfKernel, FindsTheNoncesOfRealHeaders) {
  CAIRN_NEED_VECTORS();
  for (const Header& header : RealHeaders()) {
    const NonceScan scan(GetParam(), header, DecodeCompact(header.bits).target);
    const std::vector<ScanHit> expected = {{header.version, header.nonce}};
    ASSERT_EQ(Hits(scan, header.nonce - kBelow, kBelow + 1, kBelow + 1), expected);
    ASSERT_EQ(Hits(scan, header.nonce - kBelow, kBelow, kBelow), std::vector<ScanHit>());
  }
}

TEST_P(NonceScanOfKernel, FindsTheNoncesOfRealHeadersAmongVersions) {
  CAIRN_NEED_VECTORS();
  const uint32_t below = kBelow / static_cast<uint32_t>(GetParam().versions);
  std::mt19937 random(1);
  for (const Header& header : RealHeaders()) {
    std::vector<int32_t> versions = RandomVersions(random, GetParam().versions);
    versions[random() % versions.size()] = header.version;
    const NonceScan scan(GetParam(), header, DecodeCompact(header.bits).target, versions);
    const std::vector<ScanHit> expected = {{header.version, header.nonce}};
    ASSERT_EQ(Hits(scan, header.nonce - below, below + 1, (below + 1) * versions.size()), expected);
  }
}

TEST_P(NonceScanOfKernel, FindsWhatPlainHashingFinds) {
  std::mt19937 random(2);
  for (int i = 0; i < 200; ++i) {
    const Header header = RandomHeader(random);
    Compare(header, RandomTarget(random, 1u << random() % 8), random(), random() % 150,
            {header.version});
  }
}

TEST_P(NonceScanOfKernel, FindsWhatPlainHashingFindsAmongVersions) {
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    Compare(RandomHeader(random), RandomTarget(random, 1u << random() % 8), random(), random() % 40,
            RandomVersions(random, 1 + random() % 70));
  }
}

TEST_P(NonceScanOfKernel, GoesOnAtZeroBehindTheLastNonce) {
  std::mt19937 random(4);
  for (uint32_t before = 0; before < 40; ++before) {
    const Header header = RandomHeader(random);
    const U256 target = RandomTarget(random, 4);
    Compare(header, target, uint32_t{0} - before, 70, {header.version});
    Compare(header, target, uint32_t{0} - before, before, {header.version});
    Compare(header, target, uint32_t{0} - before, 45, RandomVersions(random, GetParam().versions));
  }
}

TEST_P(NonceScanOfKernel, ReportsEveryHashIfAllMeetTheTarget) {
  std::mt19937 random(5);
  const Header header = RandomHeader(random);
  Compare(header, ~U256(), 5, 1000, {header.version});
  Compare(header, ~U256(), 5, 100, RandomVersions(random, 3 * GetParam().versions + 1));
}

TEST_P(NonceScanOfKernel, ComparesAllBitsOfAHash) {
  std::mt19937 random(6);
  for (int i = 0; i < 50; ++i) {
    Header header = RandomHeader(random);
    const uint32_t first = header.nonce - static_cast<uint32_t>(random() % 64);
    // The lowest hash of the range, which meets itself and nothing below.
    std::vector<int32_t> versions = RandomVersions(random, GetParam().versions);
    U256 lowest = ~U256();
    for (uint64_t n = 0; n < 64; ++n) {
      header.nonce = first + static_cast<uint32_t>(n);
      lowest = std::min(lowest, HashOf(header));
    }
    const NonceScan meets(GetParam(), header, lowest);
    EXPECT_EQ(Hits(meets, first, 64, 64).size(), 1u);
    const NonceScan misses(GetParam(), header, lowest - U256(1));
    EXPECT_EQ(Hits(misses, first, 64, 64).size(), 0u);
    versions[0] = header.version;
    Compare(header, lowest, first, 64, versions);
  }
}

TEST_P(NonceScanOfKernel, HashesNothingIfNothingIsAsked) {
  std::mt19937 random(7);
  const Header header = RandomHeader(random);
  Compare(header, ~U256(), 1, 0, {header.version});
  Compare(header, ~U256(), 1, 10, {});
}

TEST_P(NonceScanOfKernel, AppendsToWhatWasFoundBefore) {
  std::mt19937 random(8);
  const Header header = RandomHeader(random);
  const NonceScan scan(GetParam(), header, ~U256());
  std::vector<ScanHit> hits;
  scan.Run(7, 2, hits);
  scan.Run(3, 1, hits);
  EXPECT_EQ(hits,
            (std::vector<ScanHit>{{header.version, 7}, {header.version, 8}, {header.version, 3}}));
}

std::string NameOfKernel(const testing::TestParamInfo<ScanKernel>& kernel) {
  return std::string(kernel.param.name);
}

INSTANTIATE_TEST_SUITE_P(Kernels, NonceScanOfKernel, testing::ValuesIn(AvailableScanKernels()),
                         NameOfKernel);

TEST(ScanKernels, HaveNamesAndThePortableOneFirst) {
  const std::vector<ScanKernel>& kernels = AvailableScanKernels();
  ASSERT_FALSE(kernels.empty());
  EXPECT_EQ(kernels[0].name, "portable");
  for (const ScanKernel& kernel : kernels) EXPECT_EQ(FindScanKernel(kernel.name), &kernel);
  EXPECT_EQ(FindScanKernel("abacus"), nullptr);
}

TEST(ScanKernels, TheFastestIsChosenUnlessOneIsForced) {
  for (const ScanMode mode : {ScanMode::kNonceOnly, ScanMode::kVersionRolling}) {
    const ScanChoice fastest = ChooseScanKernel(mode);
    for (const ScanKernel& kernel : AvailableScanKernels()) {
      ASSERT_TRUE(ForceScanKernel(kernel.name));
      EXPECT_EQ(ChooseScanKernel(mode).kernel, &kernel);
      EXPECT_GE(ChooseScanKernel(mode).nanoseconds, fastest.nanoseconds);
      EXPECT_FALSE(ForceScanKernel("abacus"));
      EXPECT_EQ(ChooseScanKernel(mode).kernel, &kernel);
    }
    ASSERT_TRUE(ForceScanKernel("auto"));
    EXPECT_EQ(ChooseScanKernel(mode).kernel, fastest.kernel);
  }
}

}  // namespace
}  // namespace cairn::mining
