// The facts of the five networks, against what is known of them from elsewhere.
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/base/json.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/primitives/block.h"
#include "consensus/rules/block.h"
#include "tests/support/vectors.h"

namespace cairn::genesis {
namespace {

using consensus::Params;

Params Chain(std::string_view name) {
  const auto params = BuiltInChain(name);
  EXPECT_TRUE(params.has_value()) << params.error().message;
  return params ? *params : Params();
}

struct Network {
  const char *file, *rpc, *folder, *section, *genesis, *merkle_root, *magic;
  uint16_t p2p, rpc_port, onion;
  uint32_t limit_bits;
  const char* hrp;
  int subsidy_interval, window, threshold;
};

constexpr const char* kTimesRoot =
    "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

constexpr Network kNetworks[] = {
    {"mainnet", "main", "", "main",
     "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", kTimesRoot, "f9beb4d9",
     8333, 8332, 8334, 0x1d00ffff, "bc", 210000, 2016, 1815},
    {"testnet3", "test", "testnet3", "test",
     "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943", kTimesRoot, "0b110907",
     18333, 18332, 18334, 0x1d00ffff, "tb", 210000, 2016, 1512},
    {"testnet4", "testnet4", "testnet4", "testnet4",
     "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
     "7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e", "1c163f28", 48333, 48332,
     48334, 0x1d00ffff, "tb", 210000, 2016, 1512},
    {"signet", "signet", "signet", "signet",
     "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6", kTimesRoot, "0a03cf40",
     38333, 38332, 38334, 0x1e0377ae, "tb", 210000, 2016, 1815},
    {"regtest", "regtest", "regtest", "regtest",
     "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", kTimesRoot, "fabfb5da",
     18444, 18443, 18445, 0x207fffff, "bcrt", 150, 144, 108},
};

TEST(BuiltInChains, NamesAndNumbers) {
  std::vector<std::string> names;
  for (const Network& network : kNetworks) {
    const Params params = Chain(network.file);
    names.push_back(network.file);
    EXPECT_EQ(params.name, network.file);
    EXPECT_EQ(params.rpc_name, network.rpc);
    EXPECT_EQ(params.folder, network.folder);
    EXPECT_EQ(params.config_section, network.section);
    EXPECT_EQ(ToHex(params.magic), network.magic);
    EXPECT_EQ(params.p2p_port, network.p2p);
    EXPECT_EQ(params.rpc_port, network.rpc_port);
    EXPECT_EQ(params.onion_port, network.onion);
    EXPECT_EQ(params.retarget.limit_bits, network.limit_bits);
    EXPECT_EQ(params.retarget.Interval(), 2016);
    EXPECT_EQ(params.prefixes.bech32_hrp, network.hrp);
    EXPECT_EQ(params.subsidy_interval, network.subsidy_interval);
    EXPECT_EQ(params.initial_subsidy, 50 * kCoin);
    EXPECT_EQ(params.coinbase_maturity, 100);
    EXPECT_EQ(params.signalling_window, network.window);
    EXPECT_EQ(params.signalling_threshold, network.threshold);
    EXPECT_EQ(Chain(network.rpc).name, network.file) << "known by Bitcoin Core's name too";
  }
  EXPECT_EQ(BuiltInChainNames(), names);
  const auto unknown = BuiltInChain("testnet");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
}

TEST(BuiltInChains, GenesisBlocks) {
  for (const Network& network : kNetworks) {
    const Params params = Chain(network.file);
    EXPECT_EQ(params.genesis_hash.ToString(), network.genesis);
    const auto block = Block::Parse(params.genesis_block);
    ASSERT_TRUE(block);
    EXPECT_EQ((*block)->header().merkle_root.ToString(), network.merkle_root);
    EXPECT_EQ((*block)->header().bits, network.limit_bits);
    EXPECT_TRUE(consensus::CheckBlock(*block, params)) << network.file;
  }
}

TEST(BuiltInChains, Prefixes) {
  const Params main = Chain("main");
  EXPECT_EQ(main.prefixes.pubkey_hash, 0);
  EXPECT_EQ(main.prefixes.script_hash, 5);
  EXPECT_EQ(main.prefixes.secret_key, 128);
  EXPECT_EQ(ToHex(main.prefixes.ext_public), "0488b21e");
  EXPECT_EQ(ToHex(main.prefixes.ext_secret), "0488ade4");
  for (const char* name : {"testnet3", "testnet4", "signet", "regtest"}) {
    const Params test = Chain(name);
    EXPECT_EQ(test.prefixes.pubkey_hash, 111);
    EXPECT_EQ(test.prefixes.script_hash, 196);
    EXPECT_EQ(test.prefixes.secret_key, 239);
    EXPECT_EQ(ToHex(test.prefixes.ext_public), "043587cf");
    EXPECT_EQ(ToHex(test.prefixes.ext_secret), "04358394");
  }
}

TEST(BuiltInChains, Kinds) {
  EXPECT_FALSE(Chain("main").is_test);
  EXPECT_EQ(Chain("main").prune_after_height, 100000);
  for (const char* name : {"testnet3", "testnet4", "signet", "regtest"}) {
    EXPECT_TRUE(Chain(name).is_test) << name;
    EXPECT_EQ(Chain(name).prune_after_height, 1000) << name;
  }
  for (const Network& network : kNetworks) {
    const Params params = Chain(network.file);
    const std::string name = network.file;
    EXPECT_TRUE(params.require_standard);
    EXPECT_EQ(params.mine_on_demand, name == "regtest");
    EXPECT_EQ(params.retarget.never, name == "regtest");
    EXPECT_EQ(params.retarget.allow_min_difficulty,
              name == "testnet3" || name == "testnet4" || name == "regtest");
    EXPECT_EQ(params.retarget.from_first_block, name == "testnet4");
    EXPECT_EQ(params.retarget.timewarp_guard, name == "testnet4");
    EXPECT_EQ(params.signet_challenge.has_value(), name == "signet");
  }
}

TEST(BuiltInChains, SoftForks) {
  const auto heights = [](std::string_view name) {
    const consensus::BuriedHeights h = Chain(name).heights;
    return std::vector<int>{h.bip34, h.bip65, h.bip66, h.csv, h.segwit};
  };
  EXPECT_EQ(heights("main"), (std::vector<int>{227931, 388381, 363725, 419328, 481824}));
  EXPECT_EQ(heights("test"), (std::vector<int>{21111, 581885, 330776, 770112, 834624}));
  EXPECT_EQ(heights("testnet4"), (std::vector<int>{1, 1, 1, 1, 1}));
  EXPECT_EQ(heights("signet"), (std::vector<int>{1, 1, 1, 1, 1}));
  EXPECT_EQ(heights("regtest"), (std::vector<int>{1, 1, 1, 1, 0}));

  using Bip9 = consensus::Bip9Deployment;
  for (const Network& network : kNetworks) {
    const Params params = Chain(network.file);
    const std::string name = network.file;
    ASSERT_EQ(params.deployments.size(), 2u);
    const Bip9& dummy = params.deployments[0];
    const Bip9& taproot = params.deployments[1];
    EXPECT_EQ(dummy.name, "testdummy");
    EXPECT_EQ(dummy.bit, 28);
    EXPECT_EQ(dummy.start_time, name == "regtest" ? 0 : Bip9::kNeverActive);
    EXPECT_EQ(dummy.timeout, Bip9::kNoTimeout);
    EXPECT_EQ(taproot.name, "taproot");
    EXPECT_EQ(taproot.bit, 2);
    const bool voted = name == "mainnet" || name == "testnet3";
    EXPECT_EQ(taproot.start_time, voted ? 1619222400 : Bip9::kAlwaysActive);
    EXPECT_EQ(taproot.timeout, voted ? 1628640000 : Bip9::kNoTimeout);
    EXPECT_EQ(taproot.min_activation_height, name == "mainnet" ? 709632 : 0);
  }
}

TEST(BuiltInChains, Activity) {
  const consensus::Activity main = Chain("main").activity;
  EXPECT_EQ(main.time, 1723649144);
  EXPECT_EQ(main.transactions, 1059312821u);
  EXPECT_NEAR(main.per_second, 6.721086701157182, 1e-6);
  EXPECT_EQ(Chain("regtest").activity.transactions, 0u);
  for (const Network& network : kNetworks) {
    const Params params = Chain(network.file);
    const bool lasted = std::string(network.file) != "regtest";
    EXPECT_EQ(params.activity.per_second > 0, lasted) << network.file;
    EXPECT_EQ(params.activity.time > 1'723'000'000, lasted) << network.file;
  }
  EXPECT_EQ(Chain("main").warn_of_votes_from, 711648);
  EXPECT_EQ(Chain("test").warn_of_votes_from, 2013984);
  EXPECT_EQ(Chain("testnet4").warn_of_votes_from, 0);
}

TEST(BuiltInChains, ScriptFlagExceptions) {
  const auto flags = [](std::string_view chain, std::string_view hash) {
    return Chain(chain).script_flag_exceptions.at(BlockHash::FromText(hash).value());
  };
  using Flags = consensus::ScriptFlags;
  EXPECT_EQ(flags("main", "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"),
            Flags());
  EXPECT_EQ(flags("main", "0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"),
            Flags(Flags::kP2sh | Flags::kWitness));
  EXPECT_EQ(flags("test", "00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105"),
            Flags());
  EXPECT_EQ(Chain("main").script_flag_exceptions.size(), 2u);
  EXPECT_EQ(Chain("test").script_flag_exceptions.size(), 1u);
  EXPECT_TRUE(Chain("regtest").script_flag_exceptions.empty());
}

/// The hash of a header that the vectors hold, or nothing.
std::optional<BlockHash> VectorHeader(const std::string& file, int first, int height) {
  const Bytes headers = test::ReadBinary(test::VectorPath("headers/" + file));
  const size_t at = static_cast<size_t>(height - first) * Header::kSize;
  if (height < first || at + Header::kSize > headers.size()) return std::nullopt;
  return Header::From(ByteSpan(headers).subspan(at).first<Header::kSize>()).Hash();
}

TEST(BuiltInChains, AgreeWithTheHeaderVectors) {
  CAIRN_NEED_VECTORS();
  EXPECT_EQ(VectorHeader("mainnet_0_10236.bin", 0, 0), Chain("main").genesis_hash);
  EXPECT_EQ(VectorHeader("testnet3_0_9999.bin", 0, 0), Chain("test").genesis_hash);
  EXPECT_EQ(VectorHeader("testnet4_0_100.bin", 0, 0), Chain("testnet4").genesis_hash);
  EXPECT_EQ(VectorHeader("signet_0_2015.bin", 0, 0), Chain("signet").genesis_hash);
  const consensus::Checkpoint first = Chain("test").checkpoints.at(0);
  EXPECT_EQ(VectorHeader("testnet3_0_9999.bin", 0, first.height), first.hash);
}

/// Hashes of the chain file by height: checkpoints, the BIP30 exceptions, the block at BIP34's
/// height.
std::map<int, BlockHash> KnownHashes(const Params& params) {
  std::map<int, BlockHash> known;
  for (const auto& checkpoint : params.checkpoints) known[checkpoint.height] = checkpoint.hash;
  for (const auto& exception : params.bip30_exceptions) known[exception.height] = exception.hash;
  if (!params.bip34_hash.IsZero()) known[params.heights.bip34] = params.bip34_hash;
  return known;
}

TEST(BuiltInChains, KnownHashesAgreeWithTheBlockVectors) {
  CAIRN_NEED_VECTORS();
  const auto index = json::Parse(test::ReadText(test::VectorPath("blocks/index.json")));
  ASSERT_TRUE(index);
  int compared = 0;
  for (const json::Value& block : index->Items()) {
    const auto known = KnownHashes(Chain(block.Find("network")->Text()));
    const auto hash = known.find(static_cast<int>(block.Find("height")->AsInt().value()));
    if (hash == known.end()) continue;
    EXPECT_EQ(hash->second.ToString(), block.Find("hash")->Text());
    ++compared;
  }
  EXPECT_GE(compared, 3) << "91842, 91880 and 210000 of mainnet";
}

/// Minimum chain work must lie between what the checkpoints before and after its block have.
TEST(BuiltInChains, MinimumWorkAgreesWithTheCheckpointVectors) {
  CAIRN_NEED_VECTORS();
  struct Assumed {
    const char* chain;
    int height;  // of the assumed valid block, whose work the minimum is
  };
  for (const Assumed& assumed :
       {Assumed{"mainnet", 856760}, Assumed{"testnet3", 2873500}, Assumed{"signet", 208800}}) {
    const U256 work = Chain(assumed.chain).minimum_chain_work;
    std::ifstream lines(
        test::VectorPath("headers/" + std::string(assumed.chain) + "_checkpoints.jsonl"));
    U256 before;
    U256 after;
    for (std::string line; after.IsZero() && std::getline(lines, line);) {
      const auto point = json::Parse(line);
      ASSERT_TRUE(point);
      const U256 here = U256::FromHex(point->Find("chainwork_hex")->Text()).value();
      (point->Find("height")->AsInt().value() <= assumed.height ? before : after) = here;
    }
    EXPECT_FALSE(before.IsZero());
    EXPECT_LE(before, work) << assumed.chain;
    EXPECT_LT(work, after) << assumed.chain;
  }
}

TEST(BuiltInChains, MagicsAreThoseOfTheChainVectors) {
  CAIRN_NEED_VECTORS();
  for (const auto& [file, chain] :
       {std::pair{"mainnet_0_599.dat", "mainnet"}, std::pair{"signet_0_120.dat", "signet"},
        std::pair{"regtest_0_206.dat", "regtest"}}) {
    const Params params = Chain(chain);
    const Bytes bytes = test::ReadBinary(test::VectorPath("chains/" + std::string(file)));
    const ByteSpan all(bytes);
    ASSERT_GT(bytes.size(), 8 + params.genesis_block.size());
    EXPECT_TRUE(Equal(all.first(4), params.magic)) << file;
    EXPECT_TRUE(Equal(all.subspan(8, params.genesis_block.size()), params.genesis_block)) << file;
  }
}

TEST(SignetChallenge, GivesTheMagicAndForgetsTheDefaultNetwork) {
  Params params = Chain("signet");
  const Bytes challenge = *params.signet_challenge;
  params.magic = {};
  ApplySignetChallenge(params, challenge);
  EXPECT_EQ(ToHex(params.magic), "0a03cf40");
  EXPECT_EQ(params.signet_challenge, challenge);
  EXPECT_TRUE(params.minimum_chain_work.IsZero());
  EXPECT_TRUE(params.assumed_valid.IsZero());
  EXPECT_TRUE(params.dns_seeds.empty());
  EXPECT_TRUE(params.fixed_seeds.empty());
  EXPECT_EQ(params.activity.transactions, 0u);

  ApplySignetChallenge(params, FromHex("51").value());
  EXPECT_EQ(ToHex(params.magic), "54d26fbd") << "OP_TRUE";
  EXPECT_EQ(params.genesis_hash, Chain("signet").genesis_hash);
}

}  // namespace
}  // namespace cairn::genesis
