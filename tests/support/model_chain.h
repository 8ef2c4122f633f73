// A random regtest chain that spends and creates coins of all kinds, with its unspent outputs kept
// in a plain map: what a ledger must agree with.
//
// A `ModelChain` is a value: a copy goes its own way from there, as a fork does.
#pragma once

#include <map>
#include <random>
#include <vector>

#include "cairn/crypto/hash.h"
#include "tests/support/block_maker.h"

namespace cairn::test {

struct ModelCoin {
  Amount value = 0;
  int height = 0;
  bool coinbase = false;
  Bytes script;

  friend bool operator==(const ModelCoin&, const ModelCoin&) = default;
};

class ModelChain {
 public:
  explicit ModelChain(const consensus::Params& params)
      : params_(&params), tip_(Place::Genesis(params)) {}

  const Place& tip() const { return tip_; }
  /// All blocks above genesis.
  const std::vector<BlockPtr>& blocks() const { return blocks_; }
  const std::map<OutPoint, ModelCoin>& coins() const { return coins_; }

  /// Adds blocks with up to three transactions each, some of which spend each other.
  void Grow(int count, std::mt19937& random) {
    for (int i = 0; i < count; ++i) {
      BlockPlan plan;
      plan.tag = static_cast<uint32_t>(random());
      plan.payout = RandomScript(random, nullptr);
      for (unsigned spends = random() % 4; spends > 0; --spends) AddSpend(plan, random);
      const MadeBlock made = MakeBlock(*params_, tip_, plan);
      CreateCoins(made.block->transactions()[0], made.place.height, true);
      blocks_.push_back(made.block);
      tip_ = made.place;
    }
  }

 private:
  /// How to satisfy the scripts that `RandomScript` makes; false for those that nobody can.
  static bool Satisfy(TransactionDraft::Input& input, const Bytes& script) {
    if (!script.empty() && script.back() == OP_1) return true;
    if (IsPayToScriptHash(script)) {
      input.script_sig = ScriptBuilder().Push(Bytes{OP_1}).Take();
      return true;
    }
    if (script.size() == 34 && script[0] == OP_0) {
      input.witness = {Bytes{OP_1}};
      return true;
    }
    return false;
  }

  /// Anybody can spend most of them: bare, behind data, P2SH and P2WSH. The others stay for ever.
  static Bytes RandomScript(std::mt19937& random, bool* unspendable) {
    const Bytes anyone = {OP_1};
    Bytes junk(random() % 90, static_cast<uint8_t>(random()));
    const auto script_hash = crypto::Hash160Of(anyone);
    const auto witness_hash = crypto::Sha256Of(anyone);
    Bytes hash20(20, static_cast<uint8_t>(random()));
    switch (random() % 9) {
      case 0: return ScriptBuilder().Op(OP_HASH160).Push(script_hash).Op(OP_EQUAL).Take();
      case 1: return ScriptBuilder().Op(OP_0).Push(witness_hash).Take();
      case 2: return ScriptBuilder().Op(OP_0).Push(hash20).Take();
      case 3:
        return ScriptBuilder()
            .Op(OP_DUP)
            .Op(OP_HASH160)
            .Push(hash20)
            .Op(OP_EQUALVERIFY)
            .Op(OP_CHECKSIG)
            .Take();
      case 4:
        if (unspendable != nullptr) {
          *unspendable = true;
          return ScriptBuilder().Op(OP_RETURN).Push(junk).Take();
        }
        return anyone;
      case 5:
      case 6: return ScriptBuilder().Push(junk).Op(OP_DROP).Op(OP_1).Take();
      default: return anyone;
    }
  }

  /// Spends one or two coins, mature ones or such as this block makes, to up to three new ones.
  void AddSpend(BlockPlan& plan, std::mt19937& random) {
    const int height = tip_.height + 1;
    TransactionDraft draft;
    Amount left = 0;
    for (unsigned inputs = 1 + random() % 2; inputs > 0; --inputs) {
      const auto coin = PickCoin(height, random);
      if (coin == coins_.end()) break;
      TransactionDraft::Input input;
      input.prevout = coin->first;
      Satisfy(input, coin->second.script);
      draft.inputs.push_back(std::move(input));
      left += coin->second.value;
      coins_.erase(coin);
    }
    if (draft.inputs.empty()) return;
    const Amount fee = left / 100;
    plan.fees += fee;
    left -= fee;
    for (unsigned outputs = random() % 3; outputs > 0; --outputs) {
      bool unspendable = false;
      Bytes script = RandomScript(random, &unspendable);
      const Amount value = unspendable ? 0 : left / 3;
      draft.outputs.push_back({value, std::move(script)});
      left -= value;
    }
    draft.outputs.push_back({left, {OP_1}});
    plan.transactions.push_back(draft.Finish());
    CreateCoins(*plan.transactions.back(), height, false);
  }

  /// A coin that can be spent at `height`, from a random place on; the end if there is none.
  std::map<OutPoint, ModelCoin>::iterator PickCoin(int height, std::mt19937& random) {
    OutPoint from;
    for (uint8_t& byte : from.txid.bytes) byte = static_cast<uint8_t>(random());
    auto at = coins_.lower_bound(from);
    for (size_t tried = 0; tried < coins_.size(); ++tried, ++at) {
      if (at == coins_.end()) at = coins_.begin();
      TransactionDraft::Input ignored;
      const ModelCoin& coin = at->second;
      const bool mature = !coin.coinbase || height - coin.height >= params_->coinbase_maturity;
      if (mature && coin.value > 1000 && Satisfy(ignored, coin.script)) return at;
    }
    return coins_.end();
  }

  void CreateCoins(const Transaction& tx, int height, bool coinbase) {
    for (uint32_t i = 0; i < tx.outputs.size(); ++i) {
      const TxOut& output = tx.outputs[i];
      if (IsUnspendable(output.script)) continue;
      coins_[{tx.txid, i}] = {output.value, height, coinbase,
                              Bytes(output.script.begin(), output.script.end())};
    }
  }

  const consensus::Params* params_;
  Place tip_;
  std::vector<BlockPtr> blocks_;
  std::map<OutPoint, ModelCoin> coins_;
};

/// The chain with `count` more random blocks.
inline ModelChain GrownBy(ModelChain chain, int count, unsigned seed) {
  std::mt19937 random(seed);
  chain.Grow(count, random);
  return chain;
}

}  // namespace cairn::test
