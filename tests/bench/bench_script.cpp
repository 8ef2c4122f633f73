// What an input costs to verify, beside what libsecp256k1 takes of it.
//
// Transactions of each kind are signed here and run through `CheckScripts`. "Raw" is the thread's
// CPU time inside libsecp256k1, parsing included: the calls that the very same inputs make, made
// again with nothing between them (secp256k1_replay.h). Whole runs and raw ones take turns, so that
// a machine whose speed drifts troubles both alike, and no clock runs inside of either. Figures are
// medians of three rounds, in which all kinds take turns. The last column is the cost of an input
// of a transaction of 1,000 inputs over that of one of 10.
//
// No signature occurs twice in a row of a thousand: verified again and again, the same few run up
// to a tenth faster, since the CPU learns their branches.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cairn/crypto/hash.h"
#include "consensus/rules/scripts.h"
#include "tests/bench/measure.h"
#include "tests/bench/secp256k1_replay.h"
#include "tests/support/input_signer.h"

namespace {

using cairn::Bytes;
using cairn::ByteSpan;
using cairn::Coin;
using cairn::ScriptBuilder;
using cairn::TransactionDraft;
using cairn::TransactionPtr;
using cairn::bench::Median;
using cairn::bench::ThreadCpuSeconds;
using cairn::test::InputSigner;
using cairn::test::TaprootOutput;
using cairn::test::TestKey;
namespace bench = cairn::bench;
namespace consensus = cairn::consensus;
namespace crypto = cairn::crypto;

constexpr size_t kFewInputs = 10;
constexpr size_t kManyInputs = 1000;
constexpr int kRounds = 3;

/// A way to be paid, and to spend it.
struct Kind {
  std::string name;
  double most_over_raw;
  Bytes output;
  std::function<void(const InputSigner&, size_t input, TransactionDraft::Input&)> sign;
};

/// A transaction whose inputs are all of one kind, with its coins.
class SignedSpend {
 public:
  /// The lock time tells transactions of the same kind and size apart.
  SignedSpend(const Kind& kind, size_t inputs, uint32_t lock_time = 0) : output_(kind.output) {
    constexpr cairn::Amount kValue = 100'000;
    TransactionDraft draft;
    draft.lock_time = lock_time;
    for (size_t i = 0; i < inputs; ++i) {
      auto& input = draft.inputs.emplace_back();
      input.prevout.txid.bytes = crypto::Sha256Of(cairn::AsBytes(kind.name));
      input.prevout.index = static_cast<uint32_t>(i);
    }
    draft.outputs = {{kValue, kind.output}, {kValue, kind.output}};
    const std::vector<TransactionDraft::Output> coins(inputs, {kValue, kind.output});
    const InputSigner signer(draft, coins);
    for (size_t i = 0; i < inputs; ++i) kind.sign(signer, i, draft.inputs[i]);
    tx_ = draft.Finish();
    coin_ = {kValue, 1, false, output_};
    coins_.assign(inputs, &coin_);
  }
  SignedSpend(const SignedSpend&) = delete;
  SignedSpend& operator=(const SignedSpend&) = delete;

  void Check(consensus::SignatureVerifier& verifier) const {
    using Flags = consensus::ScriptFlags;
    constexpr uint32_t kConsensus = Flags::kP2sh | Flags::kDersig | Flags::kNullDummy |
                                    Flags::kCheckLockTimeVerify | Flags::kCheckSequenceVerify |
                                    Flags::kWitness | Flags::kTaproot;
    const auto verdict = consensus::CheckScripts(*tx_, coins_, kConsensus, verifier);
    if (verdict) return;
    std::fprintf(stderr, "a signed input fails: %s\n", verdict.error().ToString().c_str());
    std::exit(1);
  }

 private:
  Bytes output_;
  TransactionPtr tx_;
  Coin coin_;
  std::vector<const Coin*> coins_;
};

constexpr uint8_t kAll = consensus::kSighashAll;

Bytes KeyHashScript(const TestKey& key) {
  return ScriptBuilder()
      .Op(cairn::OP_DUP)
      .Op(cairn::OP_HASH160)
      .Push(crypto::Hash160Of(key.Compressed()))
      .Op(cairn::OP_EQUALVERIFY)
      .Op(cairn::OP_CHECKSIG)
      .Take();
}

Bytes WitnessKeyHashScript(const TestKey& key) {
  return ScriptBuilder().Op(cairn::OP_0).Push(crypto::Hash160Of(key.Compressed())).Take();
}

Kind PubkeyHash(const TestKey& key) {
  const Bytes script = KeyHashScript(key);
  return {
      "P2PKH", 1.10, script, [=](const InputSigner& signer, size_t i, auto& input) {
        input.script_sig =
            ScriptBuilder().Push(signer.Legacy(i, key, script, kAll)).Push(key.Compressed()).Take();
      }};
}

Kind WitnessKeyHash(const TestKey& key) {
  return {"P2WPKH", 1.10, WitnessKeyHashScript(key),
          [=](const InputSigner& signer, size_t i, auto& input) {
            input.witness = {signer.Segwit(i, key, KeyHashScript(key), kAll), key.Compressed()};
          }};
}

Kind NestedWitnessKeyHash(const TestKey& key) {
  const Bytes redeem = WitnessKeyHashScript(key);
  const Bytes output = ScriptBuilder()
                           .Op(cairn::OP_HASH160)
                           .Push(crypto::Hash160Of(redeem))
                           .Op(cairn::OP_EQUAL)
                           .Take();
  return {"P2SH-P2WPKH", 1.10, output, [=](const InputSigner& signer, size_t i, auto& input) {
            input.script_sig = ScriptBuilder().Push(redeem).Take();
            input.witness = {signer.Segwit(i, key, KeyHashScript(key), kAll), key.Compressed()};
          }};
}

Kind WitnessMultisig(const TestKey& a, const TestKey& b, const TestKey& c) {
  const Bytes script = ScriptBuilder()
                           .Number(2)
                           .Push(a.Compressed())
                           .Push(b.Compressed())
                           .Push(c.Compressed())
                           .Number(3)
                           .Op(cairn::OP_CHECKMULTISIG)
                           .Take();
  const Bytes output = ScriptBuilder().Op(cairn::OP_0).Push(crypto::Sha256Of(script)).Take();
  return {"P2WSH 2-of-3", 1.20, output, [=](const InputSigner& signer, size_t i, auto& input) {
            input.witness = {
                {}, signer.Segwit(i, a, script, kAll), signer.Segwit(i, b, script, kAll), script};
          }};
}

Kind TaprootKeyPath(const TestKey& key) {
  const TaprootOutput output(key);
  return {"P2TR key path", 1.10, output.script,
          [=](const InputSigner& signer, size_t i, auto& input) {
            input.witness = {signer.TaprootKey(i, key, output.tweak, consensus::kSighashDefault)};
          }};
}

Kind TaprootScriptPath(const TestKey& internal, const TestKey& a, const TestKey& b) {
  const Bytes script = ScriptBuilder()
                           .Push(a.XOnly())
                           .Op(cairn::OP_CHECKSIG)
                           .Push(b.XOnly())
                           .Op(cairn::OP_CHECKSIGADD)
                           .Number(2)
                           .Op(cairn::OP_NUMEQUAL)
                           .Take();
  const TaprootOutput output(internal, script);
  return {"P2TR script 2-of-2", 1.20, output.script,
          [=](const InputSigner& signer, size_t i, auto& input) {
            constexpr uint8_t kDefault = consensus::kSighashDefault;
            input.witness = {signer.Tapscript(i, b, output.leaf, kDefault),
                             signer.Tapscript(i, a, output.leaf, kDefault), script, output.control};
          }};
}

std::vector<Kind> AllKinds() {
  const TestKey a(1);
  const TestKey b(2);
  const TestKey c(3);
  return {PubkeyHash(a),           WitnessKeyHash(a),
          NestedWitnessKeyHash(a), WitnessMultisig(a, b, c),
          TaprootKeyPath(a),       TaprootScriptPath(c, a, b)};
}

/// As many inputs in one transaction and in many.
struct Spends {
  std::vector<std::unique_ptr<SignedSpend>> small;
  SignedSpend large;

  explicit Spends(const Kind& kind) : large(kind, kManyInputs) {
    for (uint32_t i = 0; i < kManyInputs / kFewInputs; ++i) {
      small.push_back(std::make_unique<SignedSpend>(kind, kFewInputs, i));
    }
  }

  void CheckSmall(consensus::SignatureVerifier& verifier) const {
    for (const auto& spend : small) spend->Check(verifier);
  }
};

std::vector<std::unique_ptr<Spends>> SignAll(const std::vector<Kind>& kinds) {
  std::vector<std::unique_ptr<Spends>> all;
  for (const Kind& kind : kinds) all.push_back(std::make_unique<Spends>(kind));
  return all;
}

/// Seconds per input.
struct Cost {
  double all = 0;
  double raw = 0;
};

/// The calls of libsecp256k1 that each of the small transactions makes.
std::vector<bench::CurveCalls> RecordCalls(const Spends& spends) {
  std::vector<bench::CurveCalls> calls(spends.small.size());
  consensus::ExactVerifier verifier;
  for (size_t i = 0; i < calls.size(); ++i) {
    const bench::CurveRecorder recorder(calls[i]);
    spends.small[i]->Check(verifier);
  }
  return calls;
}

Cost MeasureSmall(const Spends& spends, const std::vector<bench::CurveCalls>& calls, int turns) {
  // Some milliseconds: what troubles a machine lasts longer.
  constexpr size_t kStretch = 10;
  consensus::ExactVerifier verifier;
  Cost cost;
  const auto measure = [&](double& sum, size_t from, const auto& work) {
    const double start = ThreadCpuSeconds();
    for (size_t i = from; i < from + kStretch; ++i) work(i);
    sum += ThreadCpuSeconds() - start;
  };
  for (int turn = 0; turn < turns; ++turn) {
    for (size_t from = 0; from < calls.size(); from += kStretch) {
      const auto whole = [&] {
        measure(cost.all, from, [&](size_t i) { spends.small[i]->Check(verifier); });
      };
      // Neither of them always comes first.
      const bool whole_first = (turn + from / kStretch) % 2 == 0;
      if (whole_first) whole();
      measure(cost.raw, from, [&](size_t i) { bench::Replay(calls[i]); });
      if (!whole_first) whole();
    }
  }
  const double inputs = static_cast<double>(kManyInputs) * turns;
  return {cost.all / inputs, cost.raw / inputs};
}

/// An input of the large transaction over one of a small one. They take turns, so that a busy
/// machine troubles both alike.
double MeasureGrowth(const Spends& spends, int turns) {
  consensus::ExactVerifier verifier;
  double seconds_small = 0;
  double seconds_large = 0;
  for (int turn = 0; turn < turns; ++turn) {
    const double start = ThreadCpuSeconds();
    spends.large.Check(verifier);
    const double middle = ThreadCpuSeconds();
    spends.CheckSmall(verifier);
    seconds_large += middle - start;
    seconds_small += ThreadCpuSeconds() - middle;
  }
  return seconds_large / seconds_small;
}

struct Figures {
  std::vector<double> all, raw, over_raw, growth;
};

void Print(const Kind& kind, const Figures& figures) {
  constexpr double kMicro = 1e6;
  std::printf("%-20s %9.2f %9.2f %9.3f %8.2f %12.3f\n", kind.name.c_str(),
              Median(figures.all) * kMicro, Median(figures.raw) * kMicro, Median(figures.over_raw),
              kind.most_over_raw, Median(figures.growth));
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  if (argc > 1 && !quick) {
    std::fprintf(stderr, "usage: bench_script [--quick]\n");
    return 1;
  }
  const int turns = quick ? 1 : 16;
  const std::vector<Kind> kinds = AllKinds();
  const std::vector<std::unique_ptr<Spends>> spends = SignAll(kinds);
  std::vector<std::vector<bench::CurveCalls>> calls;
  for (const auto& each : spends) calls.push_back(RecordCalls(*each));
  std::vector<Figures> figures(kinds.size());
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < kinds.size(); ++i) {
      const Cost cost = MeasureSmall(*spends[i], calls[i], turns);
      figures[i].all.push_back(cost.all);
      figures[i].raw.push_back(cost.raw);
      figures[i].over_raw.push_back(cost.all / cost.raw);
      figures[i].growth.push_back(MeasureGrowth(*spends[i], turns));
    }
  }
  std::printf("%zu inputs, 2 outputs; thread CPU time, median of %d rounds\n\n", kFewInputs,
              kRounds);
  std::printf("%-20s %9s %9s %9s %8s %12s\n", "", "us/input", "us raw", "over raw", "at most",
              "1000 over 10");
  for (size_t i = 0; i < kinds.size(); ++i) Print(kinds[i], figures[i]);
  return 0;
}
