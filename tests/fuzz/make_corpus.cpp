// Writes the seeds of every fuzz target into FOLDER/TARGET/NAME, always the same ones.
//
// They are small and of our own making: each shows the fuzzer one thing that mutation alone would
// hardly find, such as a whole transaction or a checksum that fits.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "cairn/base/hex.h"
#include "cairn/base/writer.h"
#include "cairn/crypto/muhash.h"
#include "cairn/p2p/ban_list.h"
#include "cairn/p2p/peers_file.h"
#include "cairn/primitives/bip32.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/primitives/golomb_set.h"
#include "cairn/primitives/merkle_proof.h"
#include "cairn/storage/block_store.h"
#include "cairn/wire/bloom_filter.h"
#include "cairn/wire/compact_block.h"
#include "cairn/wire/frame.h"
#include "src/genesis/embedded_chains.h"
#include "src/ledger/undo.h"
#include "src/primitives/base58.h"
#include "src/primitives/bech32.h"
#include "tests/fuzz/chains.h"
#include "tests/fuzz/spend.h"
#include "tests/fuzz/stratum_seeds.h"
#include "tests/fuzz/targets.h"
#include "tests/support/block_maker.h"
#include "tests/support/wire_samples.h"

namespace {

using namespace cairn;  // NOLINT(google-build-using-namespace): this is a script
using consensus::ScriptFlags;
using fuzz::Decoder;
using fuzz::Wrapping;
using test::TestKey;

enum Chain : uint8_t { kMainnet, kTestnet3, kTestnet4, kSignet, kRegtest, kOpenSignet };

constexpr uint32_t kConsensusFlags = ScriptFlags::kP2sh | ScriptFlags::kDersig |
                                     ScriptFlags::kNullDummy | ScriptFlags::kCheckLockTimeVerify |
                                     ScriptFlags::kCheckSequenceVerify | ScriptFlags::kWitness |
                                     ScriptFlags::kTaproot;

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void Add(const std::string& target, const std::string& name, ByteSpan bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream(folder_ / target / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  }
  void Add(const std::string& target, const std::string& name, std::string_view text) const {
    Add(target, name, AsBytes(text));
  }

  /// For the dispatching target.
  void AddDecoder(Decoder decoder, const std::string& name, ByteSpan bytes) const {
    Bytes with_choice = {static_cast<uint8_t>(decoder)};
    Append(with_choice, bytes);
    Add("decoders", name, with_choice);
  }
  void AddDecoder(Decoder decoder, const std::string& name, std::string_view text) const {
    AddDecoder(decoder, name, AsBytes(text));
  }

 private:
  std::filesystem::path folder_;
};

TransactionDraft PlainDraft(size_t inputs, size_t outputs) {
  TransactionDraft draft;
  for (size_t i = 0; i < inputs; ++i) {
    auto& input = draft.inputs.emplace_back();
    input.prevout = {Txid{crypto::Sha256Of(AsBytes("a coin"))}, static_cast<uint32_t>(i)};
    input.script_sig = ScriptBuilder().Push(TestKey(1).Compressed()).Take();
  }
  for (size_t i = 0; i < outputs; ++i) {
    draft.outputs.push_back({1000, fuzz::PayToScriptHash(TestKey(2).Compressed())});
  }
  return draft;
}

TransactionDraft WitnessDraft() {
  TransactionDraft draft = PlainDraft(2, 1);
  draft.inputs[1].script_sig.clear();
  draft.inputs[1].witness = {{}, TestKey(1).Compressed(), Bytes(300, 7)};
  return draft;
}

void AddTransactions(const Corpus& corpus) {
  const Bytes plain = PlainDraft(1, 2).Serialize();
  const Bytes witness = WitnessDraft().Serialize();
  corpus.Add("transaction", "plain", plain);
  corpus.Add("transaction", "witness", witness);
  corpus.Add("transaction", "many_parts", PlainDraft(20, 30).Serialize());
  corpus.Add("transaction", "no_inputs_one_output", PlainDraft(0, 1).Serialize());
  corpus.Add("transaction", "empty", TransactionDraft().Serialize());
  corpus.Add("transaction", "cut_short", ByteSpan(witness).first(witness.size() - 5));
  Bytes marker_without_witness = plain;
  marker_without_witness.insert(marker_without_witness.begin() + 4, {0, 1});
  corpus.Add("transaction", "marker_without_witness", marker_without_witness);
  TransactionDraft coinbase = WitnessDraft();
  coinbase.inputs.resize(1);
  coinbase.inputs[0].prevout = {};
  coinbase.inputs[0].witness = {Bytes(32)};
  corpus.Add("transaction", "coinbase", coinbase.Serialize());
  corpus.AddDecoder(Decoder::kTransaction, "transaction", witness);
}

/// What `FuzzBlock` reads before the block: chain, flags, height of the parent, one ancestor.
Bytes BlockInput(Chain chain, int parent_height, ByteSpan block) {
  Bytes bytes;
  Writer(bytes).U8(chain).U32(kConsensusFlags).U32(static_cast<uint32_t>(parent_height));
  Writer(bytes).U8(0).I32(4).U32(1'500'000'000).U32(0x207fffff).Raw(block);
  return bytes;
}

void AddBlocks(const Corpus& corpus) {
  const consensus::Params& regtest = fuzz::Chains()[kRegtest];
  const test::Place genesis = test::Place::Genesis(regtest);
  corpus.Add("block", "genesis", BlockInput(kRegtest, 0, regtest.genesis_block));
  const auto add = [&](const std::string& name, Chain chain, const test::BlockPlan& plan) {
    const test::MadeBlock made = test::MakeBlock(regtest, genesis, plan);
    corpus.Add("block", name, BlockInput(chain, 0, made.block->bytes()));
  };
  test::BlockPlan plan;
  add("coinbase_only", kRegtest, plan);
  add("open_signet", kOpenSignet, plan);
  plan.edit_coinbase = [](TransactionDraft& draft) {
    // A solution of an empty scriptSig and one witness item.
    Append(draft.outputs.back().script,
           ScriptBuilder().Push(Bytes{0xec, 0xc7, 0xda, 0xa2, 0, 1, 1, 1}).Take());
  };
  add("signet_solution", kSignet, plan);
  plan.edit_coinbase = nullptr;
  plan.transactions = {PlainDraft(2, 2).Finish(), WitnessDraft().Finish()};
  add("spends", kRegtest, plan);
  plan.transactions.push_back(plan.transactions.back());
  add("repeated_transaction", kRegtest, plan);
  plan.transactions = {PlainDraft(1, 1).Finish()};
  plan.commit_to_witness = false;
  add("without_commitment", kMainnet, plan);
  corpus.AddDecoder(Decoder::kBlock, "block", BlockInput(kRegtest, 0, regtest.genesis_block));
}

void AddHeaders(const Corpus& corpus) {
  const auto raw = ByteSpan(fuzz::Chains()[kMainnet].genesis_block).first(Header::kSize);
  const uint32_t heights[] = {0, 5, 2014, 2015, 40319, 227930, 363724, 388380};
  for (uint8_t chain = kMainnet; chain <= kRegtest; ++chain) {
    for (const uint32_t height : heights) {
      Bytes bytes;
      Writer writer(bytes);
      writer.U8(chain).U8(3).U32(height).U32(1'600'000'000).U32(0).Raw(raw);
      writer.U8(2);
      for (uint32_t i = 0; i < 3; ++i) writer.I32(4).U32(1'231'006'000 + 600 * i).U32(0x1c123456);
      corpus.Add("header", std::to_string(chain) + "_" + std::to_string(height), bytes);
    }
  }
  Bytes short_one = {kTestnet4, 1};
  corpus.Add("header", "short", short_one);
  corpus.AddDecoder(Decoder::kHeader, "header", short_one);
}

/// What `FuzzScript` reads before the parts of the spend.
Bytes ScriptInput(size_t wrapping, uint32_t flags) {
  Bytes bytes;
  Writer writer(bytes);
  writer.U8(static_cast<uint8_t>(wrapping)).U32(flags).U32(ScriptFlags::kAll).U8(1);
  writer.U8(2).U32(100).U32(10).U8(50);  // version, lock time, sequence, value
  return bytes;
}

struct ScriptSeed {
  const char* name;
  Bytes script;
  std::vector<Bytes> arguments;
};

std::vector<ScriptSeed> ScriptSeeds() {
  const Bytes key = TestKey(1).Compressed();
  const Bytes signature = {0x30, 6, 2, 1, 1, 2, 1, 1, 1};
  const auto script = [] { return ScriptBuilder(); };
  return {
      {"true", script().Op(OP_1).Take(), {}},
      {"branches",
       script()
           .Op(OP_IF)
           .Number(2)
           .Op(OP_ELSE)
           .Number(3)
           .Op(OP_ENDIF)
           .Number(3)
           .Op(OP_EQUAL)
           .Take(),
       {{}}},
      {"arithmetic",
       script().Op(OP_ADD).Op(OP_1SUB).Op(OP_ABS).Op(OP_NEGATE).Number(-1).Op(OP_WITHIN).Take(),
       {{5}, {6}, {7}, {0x81}}},
      {"stack",
       script()
           .Op(OP_2DUP)
           .Op(OP_3DUP)
           .Op(OP_2ROT)
           .Op(OP_TUCK)
           .Number(2)
           .Op(OP_ROLL)
           .Number(1)
           .Op(OP_PICK)
           .Op(OP_TOALTSTACK)
           .Op(OP_FROMALTSTACK)
           .Op(OP_DEPTH)
           .Take(),
       {{1}, {2}, {3}, {4}}},
      {"hashes",
       script()
           .Op(OP_SHA256)
           .Op(OP_HASH160)
           .Op(OP_SHA1)
           .Op(OP_RIPEMD160)
           .Op(OP_HASH256)
           .Op(OP_SIZE)
           .Number(32)
           .Op(OP_EQUAL)
           .Take(),
       {Bytes(520, 1)}},
      {"lock_times",
       script()
           .Number(90)
           .Op(OP_CHECKLOCKTIMEVERIFY)
           .Op(OP_DROP)
           .Number(9)
           .Op(OP_CHECKSEQUENCEVERIFY)
           .Take(),
       {}},
      {"signature", script().Push(key).Op(OP_CODESEPARATOR).Op(OP_CHECKSIG).Take(), {signature}},
      {"schnorr", script().Push(TestKey(1).XOnly()).Op(OP_CHECKSIG).Take(), {Bytes(64, 3)}},
      {"counted",
       script()
           .Op(OP_0)
           .Push(TestKey(1).XOnly())
           .Op(OP_CHECKSIGADD)
           .Op(OP_1)
           .Op(OP_NUMEQUAL)
           .Take(),
       {Bytes(65, 1)}},
      {"multisig",
       script().Number(2).Push(key).Push(key).Push(key).Number(3).Op(OP_CHECKMULTISIG).Take(),
       {{}, signature, signature}},
      {"signature_in_script", script().Push(signature).Push(key).Op(OP_CHECKSIG).Take(), {}},
      {"success_opcode", {0xbb}, {}},
      {"cut_push", {OP_PUSHDATA2, 0xff, 0xff, 1}, {}},
  };
}

void AddScripts(const Corpus& corpus) {
  for (const ScriptSeed& seed : ScriptSeeds()) {
    for (size_t wrapping = 0; wrapping < fuzz::kWrappings; ++wrapping) {
      Bytes bytes = ScriptInput(wrapping, kConsensusFlags);
      Writer writer(bytes);
      writer.U8(0).U8(static_cast<uint8_t>(seed.arguments.size()));
      for (const Bytes& argument : seed.arguments) {
        // Lengths have one byte here.
        const ByteSpan most = ByteSpan(argument).first(std::min<size_t>(255, argument.size()));
        writer.U8(static_cast<uint8_t>(most.size())).Raw(most);
      }
      writer.Raw(seed.script);
      corpus.Add("script", std::string(seed.name) + "_" + std::to_string(wrapping), bytes);
    }
    corpus.AddDecoder(Decoder::kScript, std::string("script_") + seed.name, seed.script);
  }
  // Freely: a P2SH spend of OP_1 whose parts are given one by one.
  Bytes bytes = ScriptInput(fuzz::kWrappings, kConsensusFlags);
  const Bytes redeem = {OP_1};
  Writer(bytes).U8(0).Little<uint16_t>(1).U8(OP_1).Raw(fuzz::PayToScriptHash(redeem));
  corpus.Add("script", "free", bytes);
}

/// Every kind of output, with choices that nobody chose.
void AddDeferring(const Corpus& corpus) {
  constexpr uint8_t kKinds = 9;
  constexpr int kEach = 8;
  std::mt19937 random(3);
  for (uint8_t kind = 0; kind < kKinds; ++kind) {
    for (int i = 0; i < kEach; ++i) {
      Bytes bytes;
      Writer writer(bytes);
      writer.U32(kConsensusFlags).U8(1).U8(0).U8(0).U8(0);  // version, lock time, one input
      writer.U8(1).U8(100).U8(0).U8(90).U8(kind);           // sequence, value, one output
      for (int choice = 0; choice < 40; ++choice) writer.U8(static_cast<uint8_t>(random() % 64));
      corpus.Add("deferring", std::to_string(kind) + "_" + std::to_string(i), bytes);
    }
  }
}

void AddAddresses(const Corpus& corpus) {
  const Bytes key = TestKey(1).Compressed();
  const Bytes outputs[] = {
      fuzz::PayToScriptHash(key),
      fuzz::PayToWitnessScriptHash(key),
      ScriptBuilder().Op(OP_0).Push(crypto::Hash160Of(key)).Take(),
      ScriptBuilder().Op(OP_1).Push(TestKey(1).XOnly()).Take(),
      ScriptBuilder().Op(OP_16).Push(Bytes{1, 2}).Take(),
      ScriptBuilder().Op(OP_1).Push(Bytes{0x4e, 0x73}).Take(),
      ScriptBuilder()
          .Op(OP_DUP)
          .Op(OP_HASH160)
          .Push(crypto::Hash160Of(key))
          .Op(OP_EQUALVERIFY)
          .Op(OP_CHECKSIG)
          .Take(),
  };
  for (const Chain chain : {kMainnet, kSignet, kRegtest}) {
    const AddressPrefixes& prefixes = fuzz::Chains()[chain].prefixes;
    const std::string front = std::to_string(chain) + "_";
    for (size_t i = 0; i < std::size(outputs); ++i) {
      const std::string address = EncodeAddress(outputs[i], prefixes).value();
      corpus.Add("address", front + std::to_string(i), address);
      std::string mistyped = address;
      mistyped[mistyped.size() / 2] = mistyped[mistyped.size() / 2] == 'q' ? 'p' : 'q';
      corpus.Add("address", front + std::to_string(i) + "_mistyped", mistyped);
    }
    DecodedSecret secret{{}, true};
    secret.key[31] = 1;
    corpus.Add("address", front + "secret", EncodeSecret(secret, prefixes));
  }
  for (size_t i = 0; i < std::size(outputs); ++i) {
    corpus.Add("address", "script_" + std::to_string(i), outputs[i]);
  }
  corpus.AddDecoder(Decoder::kAddress, "address",
                    EncodeAddress(outputs[0], fuzz::Chains()[kMainnet].prefixes).value());
}

void AddChainFiles(const Corpus& corpus) {
  for (const genesis::EmbeddedChain& chain : genesis::EmbeddedChains()) {
    const std::string name(chain.name);
    corpus.Add("chain_file", name, chain.text);
    if (name != "regtest") continue;
    corpus.Add("chain_file", "cut_short", chain.text.substr(0, chain.text.size() / 2));
    corpus.AddDecoder(Decoder::kChainFile, "chain_file", chain.text);
  }
  corpus.Add("chain_file", "empty_object", "{}");
  corpus.Add("chain_file", "no_object", "[1, 2]");
  corpus.Add("chain_file", "wrong_types", R"({"magic": 7, "p2p_port": "8333", "retarget": []})");
}

void AddStoredForms(const Corpus& corpus) {
  storage::HeaderRow row;
  row.height = 300'000;
  row.validity = 4;
  row.body_sequence = 12345;
  row.body_size = 999'999;
  corpus.AddDecoder(Decoder::kHeaderRow, "header_row", storage::EncodeHeaderRow(row));

  const Bytes script = fuzz::PayToScriptHash(TestKey(1).Compressed());
  const Bytes odd_script = {OP_1, OP_2DUP};
  const Coin coins[] = {{50 * kCoin, 100, true, script}, {546, 800'000, false, odd_script}};
  for (size_t i = 0; i < std::size(coins); ++i) {
    Bytes bytes;
    storage::AppendCoin(bytes, coins[i]);
    corpus.AddDecoder(Decoder::kCoin, "coin_" + std::to_string(i), bytes);
  }
  const Coin* const spent[] = {&coins[0], &coins[1]};
  corpus.AddDecoder(Decoder::kUndo, "undo",
                    ledger::EncodeUndo(BlockHash{crypto::Sha256Of(script)}, spent));

  const consensus::Params& regtest = fuzz::Chains()[kRegtest];
  Bytes file;
  for (int i = 0; i < 2; ++i) {
    Writer(file).Raw(regtest.magic).U32(static_cast<uint32_t>(regtest.genesis_block.size()));
    Writer(file).Raw(regtest.genesis_block);
  }
  corpus.AddDecoder(Decoder::kBootstrap, "bootstrap", file);
  Append(file, Bytes(20));
  corpus.AddDecoder(Decoder::kBootstrap, "bootstrap_padded", file);
}

void AddTexts(const Corpus& corpus) {
  corpus.AddDecoder(Decoder::kAmount, "amount", "20999999.97690000");
  corpus.AddDecoder(Decoder::kAmount, "amount_exponent", "-1.5e-3");
  corpus.AddDecoder(Decoder::kJson, "json",
                    R"({"a": [1, -2.5e+10, true, null, "\u00e9\ud83d\ude00\n"], "b": {"c": {}}})");
  corpus.AddDecoder(Decoder::kJson, "json_nested", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
  corpus.AddDecoder(Decoder::kHex, "hex", "00ffA5");
  corpus.AddDecoder(Decoder::kHex, "hex_hash", std::string(64, '7'));
  corpus.AddDecoder(Decoder::kBase58, "base58", EncodeBase58Check(Bytes(21, 5)));
  const Bech32Text text{Bech32Encoding::kBech32m, "bc", GroupsFromBytes(Bytes(20, 9))};
  corpus.AddDecoder(Decoder::kBech32, "bech32", EncodeBech32(text));
  Bytes signature = TestKey(1).Compressed();
  Append(signature, TestKey(1).SignEcdsa({}));
  signature.push_back(1);
  corpus.AddDecoder(Decoder::kSignature, "signature", signature);
}

void AddMerkleProofs(const Corpus& corpus) {
  test::BlockPlan plan;
  for (uint32_t i = 0; i < 6; ++i) plan.transactions.push_back(test::MakeSpend({{}, i}, i));
  const consensus::Params& regtest = fuzz::Chains()[kRegtest];
  const test::MadeBlock made = test::MakeBlock(regtest, test::Place::Genesis(regtest), plan);
  const auto add = [&](const std::string& name, const std::vector<bool>& wanted) {
    corpus.AddDecoder(Decoder::kMerkleProof, name,
                      MerkleProof::Of(*made.block, wanted).Serialize());
  };
  add("merkle_proof", {false, false, true, false, false, false, true});
  add("merkle_proof_of_all", std::vector<bool>(7, true));
  add("merkle_proof_of_none", std::vector<bool>(7, false));
}

void AddDescriptors(const Corpus& corpus) {
  const AddressPrefixes& prefixes = fuzz::Chains()[kMainnet].prefixes;
  const std::string key = ToHex(TestKey(1).Compressed());
  const std::string other = ToHex(TestKey(2).Uncompressed());
  const std::string x_only = ToHex(TestKey(1).XOnly());
  const ExtendedSecretKey root = ExtendedSecretKey::FromSeed(Bytes(16, 1)).value();
  const std::string xprv = EncodeExtendedKey(root, prefixes);
  const std::string xpub = EncodeExtendedKey(root.Public(), prefixes);
  DecodedSecret secret{{}, true};
  secret.key[31] = 1;
  const auto add = [&](const std::string& name, const std::string& descriptor) {
    corpus.Add("descriptor", name, descriptor);
  };
  add("combo", "combo([d34db33f/44h/0']" + key + ")");
  add("multi", "sh(sortedmulti(1," + key + "," + other + "))");
  add("nested", "sh(wsh(pkh(" + key + ")))");
  add("taproot", "tr(" + x_only + ")");
  add("raw", WithChecksum("raw(5121" + key + "51ae)"));
  add("address", "addr(" + EncodeAddress(fuzz::PayToScriptHash(Bytes{1}), prefixes).value() + ")");
  add("private", "wpkh(" + EncodeSecret(secret, prefixes) + ")");
  add("range", "wpkh([00000001/84h]" + xpub + "/0/*)");
  add("hardened", "pkh(" + xprv + "/44'/0h/*h)");
  add("multipath", "wsh(multi(2," + xpub + "/<0;1h>/*," + xprv + "/<2;3>," + key + "))");
  add("tree", "tr(" + xpub + "/*,{pk(" + x_only + "),{sortedmulti_a(1," + x_only + "," + xpub +
                  "),pkh(" + key + ")}})");
  add("rawtr", "rawtr(" + x_only + ")");
  corpus.AddDecoder(Decoder::kDescriptor, "descriptor", "wpkh([00000001/84h]" + xpub + "/0/*)");
}

void AddSets(const Corpus& corpus) {
  std::vector<Bytes> elements;
  for (uint8_t i = 0; i < 8; ++i) elements.push_back(Bytes(22, i));
  const std::vector<ByteSpan> spans(elements.begin(), elements.end());
  const Bytes set = EncodeGolombSet({1, 2, 19, 784'931}, spans);
  corpus.AddDecoder(Decoder::kGolombSet, "golomb_set", set);
  corpus.AddDecoder(Decoder::kGolombSet, "golomb_set_empty", Bytes{0});
  const crypto::MuHash hash = crypto::MuHash().Insert(elements[0]).Remove(elements[1]);
  corpus.AddDecoder(Decoder::kMuHash, "muhash", hash.Serialize());
  corpus.AddDecoder(Decoder::kMuHash, "muhash_quotient", hash.SerializeQuotient());
}

/// A message of each command as the target takes it: the place of the command, and the payload.
void AddWire(const Corpus& corpus) {
  const auto add = [&](size_t choice, const std::string& name, ByteSpan rest) {
    Bytes bytes = {static_cast<uint8_t>(choice)};
    Append(bytes, rest);
    corpus.Add("wire", name, bytes);
  };
  const size_t commands = wire::KnownCommands().size();
  const auto samples = test::SampleMessages();
  for (size_t i = 0; i < commands; ++i) {
    add(i, std::string(wire::CommandOf(samples[i])), wire::EncodePayload(samples[i]));
  }
  add(commands, "frame", wire::EncodeFrame({0xfa, 0xbf, 0xb5, 0xda}, samples[0]));
  const wire::Message compact = test::SampleCompactBlock();
  add(commands + 1, "assembly", wire::EncodePayload(compact));
  const BlockPtr block = test::SampleBlock(6);
  add(commands + 1, "assembly_of_block",
      wire::EncodePayload(wire::MakeCompactBlock(block, 0x1122334455667788)));
  // All prefilled, so that a block comes of it.
  wire::CompactBlock whole;
  whole.header = test::HeaderNumbered(1);
  const auto transactions = test::TransactionsNumbered(0, 5);
  whole.header.merkle_root = test::RootOf(transactions);
  for (uint16_t i = 0; i < transactions.size(); ++i)
    whole.prefilled.push_back({i, transactions[i]});
  add(commands + 1, "assembly_whole", wire::EncodePayload(whole));
  // The filter, and a block that it is held against.
  auto filter = wire::BloomFilter::For(4, 0.01, 7, wire::FilterLoad::kAll);
  filter.Insert(block->transactions()[2].txid.span());
  filter.Insert(TestKey(1).Compressed());
  Bytes bloom = wire::EncodePayload(filter.load());
  Append(bloom, block->bytes());
  add(commands + 2, "bloom", bloom);
}

/// The first byte chooses what the rest is.
void AddPeers(const Corpus& corpus) {
  const char* onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";
  const auto add = [&](uint8_t choice, const std::string& name, ByteSpan bytes) {
    Bytes with_choice = {choice};
    Append(with_choice, bytes);
    corpus.Add("peers", name, with_choice);
  };
  p2p::AddressBook book{p2p::Random(1)};
  const std::vector<wire::PeerAddress> peers = {{*wire::Endpoint::Parse("20.0.0.1:8333"), 1, 5},
                                                {*wire::Endpoint::Parse("[1a1b::1]:1"), 9, 6},
                                                {*wire::Endpoint::Parse(onion), 1, 7}};
  book.Add(peers, wire::NetAddress::Internal("seed"), 0, 7);
  book.Good(peers[1].endpoint, 8);
  const Bytes stored = p2p::EncodePeers(book, {});
  add(0, "file", stored);
  add(1, "records", ByteSpan(stored).first(stored.size() - 32));
  add(2, "anchors", p2p::EncodeAnchors({peers[0].endpoint, peers[2].endpoint}, {}));
  for (const std::string_view text : {std::string_view("1.2.3.4:8333"), std::string_view("[::1]"),
                                      std::string_view("ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpva"
                                                       "mvfx7dnkdq.b32.i2p"),
                                      std::string_view(onion)}) {
    add(3, "text_" + std::to_string(text.size()), AsBytes(text));
  }
  add(4, "subnet", AsBytes("1.2.3.0/24"));
  add(4, "subnet_mask", AsBytes("fe80::/ffc0::"));
  p2p::BanList bans;
  bans.Add(*wire::Subnet::Parse("1.2.3.0/24"), 9, 1);
  add(5, "bans", AsBytes(bans.ToJson()));
  Bytes life;
  std::mt19937 random(4);
  for (int i = 0; i < 600; ++i) life.push_back(static_cast<uint8_t>(random()));
  add(6, "life", life);
}

/// Operations on a pool: a byte that chooses, and what it is about.
void AddPools(const Corpus& corpus) {
  const auto arrival = [](uint8_t operation, uint8_t coin, uint8_t from, uint8_t fee) {
    return Bytes{operation, 0, coin, from, fee, 3, 4};
  };
  Bytes chain{0};
  for (uint8_t i = 0; i < 7; ++i) Append(chain, arrival(0, 1, i, i));
  Bytes fan{0};
  for (uint8_t i = 0; i < 7; ++i) Append(fan, arrival(1, static_cast<uint8_t>(1 + 4 * i), 0, i));
  corpus.Add("mempool", "chain", chain);
  corpus.Add("mempool", "fan", fan);
  Bytes replaced = fan;
  Append(replaced, arrival(3, 1, 0, 200));
  corpus.Add("mempool", "replaced", replaced);
  for (const Bytes& tail : {Bytes{4, 4}, Bytes{5, 3, 6, 6}, Bytes{7, 2, 9, 9, 4}}) {
    Bytes bytes = chain;
    Append(bytes, tail);
    corpus.Add("mempool", "chain_then_" + std::to_string(tail[0]), bytes);
  }
}

/// Lives of a whole pool, with and without room and the wish for signals.
void AddWholePools(const Corpus& corpus) {
  std::mt19937 random(5);
  for (uint8_t policy = 0; policy < 8; ++policy) {
    Bytes life{policy};
    for (int i = 0; i < 500; ++i) life.push_back(static_cast<uint8_t>(random()));
    corpus.Add("pool", "life_" + std::to_string(policy), life);
  }
}

void AddStratum(const Corpus& corpus) {
  for (const auto& [name, bytes] : fuzz::StratumSeeds()) corpus.Add("stratum", name, bytes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_make_corpus FOLDER\n");
    return 2;
  }
  const Corpus corpus(argv[1]);
  AddTransactions(corpus);
  AddBlocks(corpus);
  AddHeaders(corpus);
  AddScripts(corpus);
  AddDeferring(corpus);
  AddAddresses(corpus);
  AddChainFiles(corpus);
  AddStoredForms(corpus);
  AddTexts(corpus);
  AddPools(corpus);
  AddWholePools(corpus);
  AddMerkleProofs(corpus);
  AddDescriptors(corpus);
  AddSets(corpus);
  AddWire(corpus);
  AddPeers(corpus);
  AddStratum(corpus);
  return 0;
}
