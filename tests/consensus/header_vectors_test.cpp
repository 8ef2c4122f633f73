// Every header run of the vectors keeps the header rules of its network, as far as its ancestors
// are known; the same headers with one thing changed do not.

#include <cstdio>
#include <sstream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/genesis/chain_file.h"
#include "consensus/rules/header.h"
#include "consensus/work.h"
#include "tests/support/header_map.h"
#include "tests/support/vectors.h"

namespace cairn::test {
namespace {

using consensus::Reject;

constexpr UnixSeconds kLater = 4'000'000'000;

consensus::Params ChainNamed(const std::string& name) {
  auto params = genesis::BuiltInChain(name);
  EXPECT_TRUE(params.has_value()) << (params ? "" : params.error().message);
  return *std::move(params);
}

Header HeaderFromHex(const std::string& hex) {
  const auto bytes = FromHex(hex);
  EXPECT_TRUE(bytes && bytes->size() == Header::kSize) << hex;
  return Header::From(ByteSpan(*bytes).first<Header::kSize>());
}

void AddRun(HeaderMap& headers, const std::string& file, int first) {
  const Bytes raw = ReadBinary(VectorPath("headers/" + file));
  ASSERT_EQ(raw.size() % Header::kSize, 0u);
  for (size_t at = 0; at < raw.size(); at += Header::kSize) {
    headers.Add(first + static_cast<int>(at / Header::kSize),
                Header::From(ByteSpan(raw).subspan(at).first<Header::kSize>()));
  }
}

/// One JSON object per line.
std::vector<json::Value> ReadJsonLines(const std::string& file) {
  std::istringstream lines(ReadText(VectorPath(file)));
  std::vector<json::Value> values;
  for (std::string line; std::getline(lines, line);) {
    auto value = json::Parse(line);
    EXPECT_TRUE(value.has_value()) << line;
    if (value) values.push_back(*std::move(value));
  }
  return values;
}

consensus::Verdict Check(const HeaderMap& headers, int height, const Header& header,
                         const consensus::Params& params) {
  const MappedAncestors ancestors(headers, height - 1);
  const BlockHash hash = header.Hash();
  return consensus::CheckHeader({header, hash, params, ancestors, kLater, 0});
}

struct HeaderRun {
  const char* chain;
  const char* file;
  int first;
  int count;
  int fully_checked;  // all but those whose ancestors are not known
};

class HeaderRuns : public testing::TestWithParam<HeaderRun> {};

TEST_P(HeaderRuns, KeepAllRules) {
  CAIRN_NEED_VECTORS();
  const HeaderRun run = GetParam();
  const consensus::Params params = ChainNamed(run.chain);
  HeaderMap headers;
  const std::string checkpoints = "headers/" + std::string(run.chain) + "_checkpoints.jsonl";
  if (std::filesystem::exists(VectorPath(checkpoints))) {
    for (const json::Value& line : ReadJsonLines(checkpoints)) {
      headers.Add(static_cast<int>(*line.Find("height")->AsInt()),
                  HeaderFromHex(line.Find("header_hex")->Text()));
    }
  }
  AddRun(headers, run.file, run.first);
  int checked = 0;
  int retargets = 0;
  for (int height = run.first; height < run.first + run.count; ++height) {
    ASSERT_TRUE(headers.Has(height));
    const Header& header = headers.At(height);
    if (headers.Has(height - 1)) {
      ASSERT_EQ(header.previous, headers.At(height - 1).Hash());
    }
    ASSERT_TRUE(consensus::MeetsTarget(header.Hash(), header.bits, params.retarget)) << height;
    if (height == 0 || !headers.KnowsContextOf(height, params.retarget)) continue;
    const auto verdict = Check(headers, height, header, params);
    ASSERT_TRUE(verdict.has_value()) << height << ": " << verdict.error().ToString();
    ++checked;
    retargets += height % params.retarget.Interval() == 0 ? 1 : 0;

    Header changed = header;
    changed.bits ^= 1;
    ASSERT_FALSE(Check(headers, height, changed, params).has_value()) << height;
  }
  EXPECT_EQ(checked, run.fully_checked);
  std::printf("%s: %d headers, %d with all rules, %d retargets\n", run.file, run.count, checked,
              retargets);
}

INSTANTIATE_TEST_SUITE_P(
    All, HeaderRuns,
    testing::Values(HeaderRun{"mainnet", "mainnet_0_10236.bin", 0, 10237, 10236},
                    HeaderRun{"mainnet", "mainnet_40000_49999.bin", 40000, 10000, 9989},
                    HeaderRun{"mainnet", "mainnet_586657_589289.bin", 586657, 2633, 2623},
                    HeaderRun{"mainnet", "mainnet_832001_833097.bin", 832001, 1097, 1086},
                    HeaderRun{"testnet3", "testnet3_0_9999.bin", 0, 10000, 9999},
                    HeaderRun{"signet", "signet_0_2015.bin", 0, 2016, 2015},
                    HeaderRun{"testnet4", "testnet4_0_100.bin", 0, 101, 100}),
    [](const auto& test) {
      const std::string name = test.param.file;
      return name.substr(0, name.find('.'));
    });

TEST(HeaderContexts, RealHeadersKeepAllRules) {
  CAIRN_NEED_VECTORS();
  const consensus::Params params = ChainNamed("mainnet");
  const auto file = json::Parse(ReadText(VectorPath("headers/mainnet_contexts.json")));
  ASSERT_TRUE(file.has_value());
  int checked = 0;
  for (const json::Value& entry : file->Items()) {
    const int height = static_cast<int>(*entry.Find("height")->AsInt());
    const Header header = HeaderFromHex(entry.Find("header_hex")->Text());
    ASSERT_EQ(header.Hash().ToString(), entry.Find("hash")->Text());

    HeaderMap headers;
    const auto& times = entry.Find("prev_11_timestamps")->Items();
    const uint32_t bits = EncodeCompact(*U256::FromHex(entry.Find("prev_target_hex")->Text()));
    for (size_t i = 0; i < times.size(); ++i) {
      Header ancestor;
      ancestor.version = header.version;
      ancestor.time = static_cast<uint32_t>(*times[i].AsInt());
      ancestor.bits = bits;
      headers.Add(height - static_cast<int>(times.size() - i), ancestor);
    }
    Header first = headers.At(height - 1);
    first.time = static_cast<uint32_t>(*entry.Find("epoch_start_time")->AsInt());
    if (entry.Find("retarget_boundary")->AsBool()) headers.Add(height - 2016, first);

    const auto verdict = Check(headers, height, header, params);
    ASSERT_TRUE(verdict.has_value()) << height << ": " << verdict.error().ToString();
    const U256 before = *U256::FromHex(entry.Find("prev_chainwork_hex")->Text());
    EXPECT_EQ((before + consensus::WorkOf(header.bits)).ToString(),
              entry.Find("chainwork_hex")->Text());
    ++checked;
  }
  EXPECT_EQ(checked, 21);
}

TEST(HeaderContexts, ChainWorkGrowsAsTheCheckpointsSay) {
  CAIRN_NEED_VECTORS();
  for (const char* chain : {"mainnet", "signet"}) {
    const auto lines = ReadJsonLines("headers/" + std::string(chain) + "_checkpoints.jsonl");
    for (size_t i = 1; i < lines.size(); ++i) {
      const Header before = HeaderFromHex(lines[i - 1].Find("header_hex")->Text());
      const Header header = HeaderFromHex(lines[i].Find("header_hex")->Text());
      const U256 work = *U256::FromHex(lines[i - 1].Find("chainwork_hex")->Text()) +
                        consensus::WorkOf(before.bits) * 2015 + consensus::WorkOf(header.bits);
      ASSERT_EQ(work, *U256::FromHex(lines[i].Find("chainwork_hex")->Text())) << chain << " " << i;
    }
  }
}

TEST(HeaderContexts, ForkOfTestnet3) {
  CAIRN_NEED_VECTORS();
  const consensus::Params params = ChainNamed("testnet3");
  HeaderMap chain;
  HeaderMap fork;
  const Header genesis = Header::From(ByteSpan(params.genesis_block).first<Header::kSize>());
  chain.Add(0, genesis);
  fork.Add(0, genesis);
  int height = 0;
  int fork_height = 0;
  std::istringstream lines(ReadText(VectorPath("headers/testnet3_fork_core.hex")));
  for (std::string line; std::getline(lines, line);) {
    const bool is_fork = line.starts_with("fork:");
    const Header header = HeaderFromHex(is_fork ? line.substr(5) : line);
    HeaderMap& headers = is_fork ? fork : chain;
    int& at = is_fork ? fork_height : height;
    const auto verdict = Check(headers, at + 1, header, params);
    ASSERT_TRUE(verdict.has_value()) << line << ": " << verdict.error().ToString();
    headers.Add(++at, header);
  }
  EXPECT_EQ(height, 546);
  EXPECT_EQ(fork_height, 2);
  // With the checkpoint at 546 known, the fork is refused.
  const MappedAncestors ancestors(fork, 0);
  const BlockHash hash = fork.At(1).Hash();
  const auto verdict =
      consensus::CheckHeader({fork.At(1), hash, params, ancestors, kLater, height});
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().reject, Reject::kForkPriorToCheckpoint);
}

}  // namespace
}  // namespace cairn::test
