#include "src/p2p/header_presync.h"

#include <gtest/gtest.h>

#include "cairn/genesis/chain_file.h"
#include "consensus/work.h"
#include "tests/support/block_maker.h"
#include "tests/support/ledger_world.h"

namespace cairn::p2p {
namespace {

constexpr size_t kMost = 2000;  // headers in a message

/// A chain of headers of the easiest target on regtest's genesis.
class HeaderPresyncTest : public testing::Test {
 protected:
  HeaderPresyncTest() {
    genesis_.header = Header::From(ByteSpan(params_.genesis_block).first<Header::kSize>());
    genesis_.hash = params_.genesis_hash;
    genesis_.chain_work = consensus::WorkOf(genesis_.header.bits);
    genesis_.median_time = genesis_.header.time;
  }

  std::vector<Header> Chain(size_t length, uint32_t salt = 0) const {
    return test::HeadersOn(params_, test::Place::Of(&genesis_), length, salt, genesis_.header.bits);
  }

  U256 WorkOf(size_t headers) const {
    return genesis_.chain_work +
           consensus::WorkOf(genesis_.header.bits) * static_cast<uint32_t>(headers);
  }

  HeaderPresync Make(const U256& minimum, uint64_t salt = 5) const {
    return HeaderPresync(params_, genesis_, minimum, salt, genesis_.header.time + 1'000'000);
  }

  consensus::Params params_ = test::ChainNamed("regtest");
  ledger::HeaderEntry genesis_;
};

using Headers = std::vector<Header>;

HeaderPresync::Progress Offer(HeaderPresync& presync, std::span<const Header> headers, bool full) {
  std::vector<BlockHash> hashes;
  for (const Header& header : headers) hashes.push_back(header.Hash());
  return presync.Process(headers, hashes, full);
}

std::span<const Header> Piece(const Headers& headers, size_t from) {
  return std::span(headers).subspan(from, std::min(kMost, headers.size() - from));
}

TEST_F(HeaderPresyncTest, ReleasesAChainOnlyAfterItHasShownItsWorkTwice) {
  const Headers chain = Chain(20'500);
  HeaderPresync presync = Make(WorkOf(20'000));
  size_t at = 0;
  while (presync.phase() == HeaderPresync::Phase::kFirstPass) {
    const auto progress = Offer(presync, Piece(chain, at), true);
    ASSERT_TRUE(progress.ok) << progress.reason;
    EXPECT_TRUE(progress.more);
    EXPECT_TRUE(progress.released.empty());
    EXPECT_LT(presync.MemoryUse(), 100u);
    at += kMost;
  }
  EXPECT_EQ(at, 20'000u);
  EXPECT_EQ(presync.Locator(), std::vector<BlockHash>{genesis_.hash});

  Headers released;
  for (at = 0; presync.phase() == HeaderPresync::Phase::kSecondPass; at += kMost) {
    const auto progress = Offer(presync, Piece(chain, at), true);
    ASSERT_TRUE(progress.ok) << progress.reason;
    released.insert(released.end(), progress.released.begin(), progress.released.end());
    if (presync.phase() == HeaderPresync::Phase::kSecondPass) {
      EXPECT_LE(released.size() + HeaderPresync::kReleaseBehind,
                std::max<size_t>(at + kMost, 15'002));
    }
  }
  EXPECT_EQ(released, Headers(chain.begin(), chain.begin() + 20'000));
}

TEST_F(HeaderPresyncTest, RefusesAnotherChainInTheSecondPass) {
  const Headers chain = Chain(20'000);
  const Headers other = Chain(20'000, 1);
  int caught = 0;
  for (uint64_t salt = 1; salt <= 8; ++salt) {
    HeaderPresync presync = Make(WorkOf(20'000), salt * 1'000'003);
    for (size_t at = 0; at < chain.size(); at += kMost) {
      ASSERT_TRUE(Offer(presync, Piece(chain, at), true).ok);
    }
    bool ok = true;
    size_t released = 0;
    for (size_t at = 0; at < other.size() && ok; at += kMost) {
      const auto progress = Offer(presync, Piece(other, at), true);
      ok = progress.ok;
      released += progress.released.size();
    }
    if (!ok) {
      ++caught;
      EXPECT_EQ(released, 0u);
    }
  }
  EXPECT_EQ(caught, 8);  // each of some thirty bits tells it with one half
}

TEST_F(HeaderPresyncTest, AChainThatEndsTooEarlyIsOfNoUse) {
  const Headers chain = Chain(2'100);
  HeaderPresync presync = Make(WorkOf(5'000));
  EXPECT_TRUE(Offer(presync, Piece(chain, 0), true).more);
  const auto progress = Offer(presync, Piece(chain, kMost), false);
  EXPECT_FALSE(progress.ok);
  EXPECT_EQ(progress.reason, "its chain has too little work");
}

TEST_F(HeaderPresyncTest, HeadersMustContinueWhereTheyEnded) {
  const Headers chain = Chain(4'100);
  HeaderPresync presync = Make(WorkOf(4'000));
  EXPECT_TRUE(Offer(presync, Piece(chain, 0), true).ok);
  EXPECT_FALSE(Offer(presync, Piece(chain, kMost + 1), true).ok);
}

TEST_F(HeaderPresyncTest, NoMoreHeadersThanTimeAllows) {
  const Headers chain = Chain(45'000);
  // Two hours and a little at six blocks per second.
  HeaderPresync presync(params_, genesis_, WorkOf(100'000), 5, genesis_.header.time);
  std::string reason;
  size_t at = 0;
  for (; at < chain.size() && reason.empty(); at += kMost) {
    reason = Offer(presync, Piece(chain, at), true).reason;
  }
  EXPECT_EQ(reason, "more headers than time allows");
  EXPECT_LE(at, 46'000u);
  EXPECT_GE(at, 40'000u);
}

TEST_F(HeaderPresyncTest, DifficultyMovesByAFactorOfFourAtMostAndAtRetargetsOnly) {
  params_.retarget.allow_min_difficulty = false;
  params_.retarget.timespan_seconds = 10 * params_.retarget.spacing_seconds;
  genesis_.header.bits = 0x1f00ffff;  // a target that can get easier
  Headers chain = Chain(10);
  HeaderPresync steady = Make(WorkOf(1000));
  EXPECT_TRUE(Offer(steady, chain, true).ok);

  const uint32_t bits_before = chain[4].bits;
  chain[4].bits = 0x1f00fffe;
  HeaderPresync jumps = Make(WorkOf(1000));
  EXPECT_EQ(Offer(jumps, std::span(chain).first(5), true).reason,
            "impossible change of difficulty");

  chain[4].bits = bits_before;

  for (const auto& [bits, permitted] : std::vector<std::pair<uint32_t, bool>>{
           {0x1f03fffc, true}, {0x1f03fffd, false}, {0x1e3fffc0, true}, {0x1e3fffbf, false}}) {
    chain[9].bits = bits;
    HeaderPresync retargets = Make(WorkOf(1000));
    ASSERT_TRUE(Offer(retargets, std::span(chain).first(9), true).ok);
    EXPECT_EQ(Offer(retargets, std::span(chain).subspan(9, 1), true).ok, permitted) << bits;
  }
}

}  // namespace
}  // namespace cairn::p2p
