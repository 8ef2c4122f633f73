#include "cairn/primitives/block.h"

#include <memory>

#include "cairn/base/writer.h"
#include "consensus/rules/signet.h"
#include "consensus/rules/spending.h"
#include "consensus/work.h"
#include "tests/fuzz/chains.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

constexpr size_t kRootOffset = 36;

void CheckRoundTrip(const BlockPtr& block, ByteSpan input) {
  CAIRN_ASSERT(Equal(block->bytes(), input));
  std::vector<TransactionPtr> transactions;
  size_t stripped = Header::kSize + CompactSizeLength(block->transactions().size());
  for (const Transaction& tx : block->transactions()) {
    const auto alone = ParseTransaction(Copy(tx.bytes));
    CAIRN_ASSERT(alone.has_value());
    CAIRN_ASSERT((*alone)->txid == tx.txid && (*alone)->wtxid == tx.wtxid);
    transactions.push_back(*alone);
    stripped += tx.stripped_size;
  }
  CAIRN_ASSERT(Equal(SerializeBlock(block->header(), transactions), input));
  CAIRN_ASSERT(block->stripped_size() == stripped);
  CAIRN_ASSERT(block->hash().bytes == crypto::Sha256dOf(input.first(Header::kSize)));
}

void Overwrite(Bytes& bytes, size_t at, ByteSpan with) {
  std::copy(with.begin(), with.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

/// The same block with the witness commitment and the merkle root that its transactions have, so
/// that the rules behind those two are reached.
BlockPtr Repair(const Block& block) {
  Bytes bytes = Copy(block.bytes());
  const auto transactions = block.transactions();
  const int commitment =
      transactions.empty() ? -1 : consensus::FindWitnessCommitment(transactions[0]);
  if (commitment >= 0 && transactions[0].IsCoinbase() &&
      transactions[0].inputs[0].witness.size() == 1) {
    const Bytes script = consensus::WitnessCommitmentScript(consensus::WitnessMerkleRoot(block),
                                                            transactions[0].inputs[0].witness[0]);
    const uint8_t* place = transactions[0].outputs[static_cast<size_t>(commitment)].script.data();
    Overwrite(bytes, static_cast<size_t>(place - block.bytes().data()), script);
  }
  const BlockPtr committed = Block::Parse(bytes).value();
  Overwrite(bytes, kRootOffset, consensus::TransactionMerkleRoot(*committed).root);
  return Block::Parse(std::move(bytes)).value();
}

/// Coins whose properties are those that their outpoints spell.
class InventedCoins {
 public:
  InventedCoins(const Block& block, int height) {
    const auto transactions = block.transactions();
    for (const Transaction& tx : transactions.subspan(1)) {
      for (const TxIn& input : tx.inputs) {
        const auto& bytes = input.prevout.txid.bytes;
        Coin coin;
        coin.value = LoadLittle<int64_t>(&bytes[0]) % (kMaxMoney + 2);
        coin.height =
            static_cast<int>(LoadLittle<uint32_t>(&bytes[8]) % static_cast<uint32_t>(height));
        coin.coinbase = bytes[12] % 4 == 1;
        const auto outputs = transactions[bytes[13] % transactions.size()].outputs;
        coin.script = outputs[bytes[14] % outputs.size()].script;
        coins_.push_back(coin);
        missing_.push_back(bytes[15] % 16 == 1);
      }
    }
  }

  std::vector<const Coin*> Pointers() const {
    std::vector<const Coin*> pointers;
    for (size_t i = 0; i < coins_.size(); ++i) {
      pointers.push_back(missing_[i] ? nullptr : &coins_[i]);
    }
    return pointers;
  }

 private:
  std::vector<Coin> coins_;
  std::vector<bool> missing_;
};

void CheckMoney(const Block& block, const consensus::Params& params,
                const RepeatedAncestors& ancestors, consensus::ScriptFlags flags) {
  const InventedCoins coins(block, ancestors.Height() + 1);
  const auto pointers = coins.Pointers();
  const consensus::FundedBlock funded{block, params, ancestors, flags, pointers, false};
  const auto fees = consensus::ConnectBlock(funded);
  if (fees) {
    CAIRN_ASSERT(IsMoney(*fees));
  } else {
    CAIRN_ASSERT(!fees.error().ToString().empty());
  }
}

void CheckRules(const BlockPtr& block, const consensus::Params& params,
                const RepeatedAncestors& ancestors, consensus::ScriptFlags flags) {
  const consensus::Verdict verdict = consensus::CheckBlockBody(*block, params);
  const auto checked = consensus::CheckBlock(block, params);
  if (!verdict) {
    CAIRN_ASSERT(!verdict.error().ToString().empty() && !checked);
    return;
  }
  // What a solved block has beyond a template.
  const bool solved =
      consensus::MeetsTarget(block->hash(), block->header().bits, params.retarget) &&
      consensus::HasSignetSolution(*block, params);
  CAIRN_ASSERT(checked.has_value() == solved);
  const consensus::Verdict placed = consensus::AcceptBlock({*block, params, ancestors});
  CAIRN_ASSERT(placed || !placed.error().ToString().empty());
  CheckMoney(*block, params, ancestors, flags);
}

}  // namespace

void FuzzBlock(ByteSpan bytes) {
  Input input(bytes);
  const consensus::Params& params = Chains()[input.Below(Chains().size())];
  const consensus::ScriptFlags flags = input.Number<uint32_t>() & consensus::ScriptFlags::kAll;
  constexpr int kMostHeight = 3'000'000;
  const auto height = static_cast<int>(input.Number<uint32_t>() % kMostHeight);
  const RepeatedAncestors ancestors(height, input);
  const ByteSpan raw = input.Rest();

  const auto parsed = Block::Parse(Copy(raw));
  if (!parsed) {
    CAIRN_ASSERT(!parsed.error().message.empty());
    return;
  }
  CheckRoundTrip(*parsed, raw);
  consensus::HasAmbiguousMerkleTree(**parsed);
  CheckRules(*parsed, params, ancestors, flags);
  CheckRules(Repair(**parsed), params, ancestors, flags);
}

}  // namespace cairn::fuzz
