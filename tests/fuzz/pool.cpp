// The whole pool on a chain that grows and is taken back, under any operations, against what must
// hold of any pool, reckoned anew from the transactions alone.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/crypto/sha256.h"
#include "cairn/mempool/mempool.h"
#include "cairn/primitives/script.h"
#include "tests/fuzz/chains.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/model_ledger.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

using mempool::AdmissionResult;
using mempool::FeeRate;
using mempool::PackageResult;
using mempool::PoolEntry;
using mempool::PoolEvent;

constexpr size_t kMostOperations = 80;
constexpr int kRewards = 10;
constexpr size_t kMostReorganised = 3;  // blocks at once
constexpr int64_t kExpiry = 3600;
constexpr std::string_view kFull = "mempool full";

const consensus::Params& Regtest() {
  static const consensus::Params params = [] {
    consensus::Params regtest = genesis::BuiltInChain("regtest").value();
    regtest.coinbase_maturity = 2;
    return regtest;
  }();
  return params;
}

/// Anybody can spend it, by a standard input.
Bytes OpenOutput() {
  static const Bytes script = ScriptBuilder().Op(OP_0).Push(crypto::Sha256Of(Bytes{OP_1})).Take();
  return script;
}

/// Low limits, so that they are reached.
mempool::PolicyOptions Policy(Input& input) {
  mempool::PolicyOptions policy;
  policy.limits = {
      .ancestors = 5, .ancestor_vsize = 900, .descendants = 6, .descendant_vsize = 1100};
  const uint8_t choice = input.Byte();
  policy.max_bytes = (choice & 1) != 0 ? 7000 : 1'000'000;
  policy.full_rbf = (choice & 2) == 0;
  policy.expiry = std::chrono::seconds(kExpiry);
  return policy;
}

/// The pool at one moment, as it says itself.
struct Picture {
  std::map<Txid, PoolEntry> entries;
  uint64_t sequence = 0;

  Amount ModifiedFees(const std::vector<TransactionPtr>& transactions) const {
    Amount fees = 0;
    for (const TransactionPtr& tx : transactions) fees += entries.at(tx->txid).modified_fee;
    return fees;
  }
};

class Session {
 public:
  explicit Session(ByteSpan bytes) : input_(bytes), policy_(Policy(input_)), ledger_(Regtest()) {
    clock_.SetMock(now_);
    for (int i = 0; i < kRewards; ++i) ledger_.Connect({}, OpenOutput());
    pool_ = mempool::Mempool::Open(policy_, ledger_, clock_);
    pool_->Listen([this](const PoolEvent& event) { Hear(event); });
  }

  void Run() {
    for (size_t i = 0; i < kMostOperations && !input_.empty(); ++i) {
      before_ = Look();
      switch (input_.Below(12)) {
        case 0:
        case 1:
        case 2:
        case 3: SubmitOne(); break;
        case 4:
        case 5: SubmitPackage(); break;
        case 6: Try(); break;
        case 7: Prioritise(); break;
        case 8: MineSelection(); break;
        case 9: MineRivals(); break;
        case 10: Reorganise(); break;
        default: LetTimePass(); break;
      }
      pool_->Synchronize();
      CheckAll();
    }
  }

 private:
  /// The pool's thread; this one waits for it, or asks only when it rests.
  void Hear(const PoolEvent& event) {
    CAIRN_ASSERT(event.sequence >= heard_);
    heard_ = event.sequence;
    if (event.added) {
      CAIRN_ASSERT(present_.emplace(event.tx->txid, event.tx).second);
    } else {
      CAIRN_ASSERT(present_.erase(event.tx->txid) == 1);
    }
  }

  Picture Look() const {
    Picture picture;
    for (PoolEntry& entry : pool_->Entries(&picture.sequence)) {
      picture.entries.emplace(entry.tx->txid, std::move(entry));
    }
    return picture;
  }

  // ---- What is submitted ----

  struct Coin {
    OutPoint outpoint;
    Amount value = 0;
  };

  /// Of the chain, of one in the pool, one that another in the pool spends, or of any that ever was
  /// made.
  Coin AnyCoin() {
    const uint8_t choice = input_.Byte();
    const size_t number = choice / 4;
    if (choice % 4 == 0 || made_.empty() || (choice % 4 == 3 && number % 4 != 0)) {
      auto coin = ledger_.coins().begin();
      std::advance(coin, number % ledger_.coins().size());
      return {coin->first, coin->second.value};
    }
    if (choice % 4 == 3 || before_.entries.empty()) {
      return OutputOf(*made_[made_.size() - 1 - number % made_.size()], number);
    }
    auto entry = before_.entries.begin();
    std::advance(entry, number % before_.entries.size());
    const Transaction& tx = *entry->second.tx;
    if (choice % 4 == 1) return OutputOf(tx, number / 8);
    const OutPoint& spent = tx.inputs[number / 8 % tx.inputs.size()].prevout;
    const auto coin = ledger_.coins().find(spent);
    if (coin != ledger_.coins().end()) return {spent, coin->second.value};
    const auto parent = before_.entries.find(spent.txid);
    if (parent != before_.entries.end()) {
      return OutputOf(*parent->second.tx, spent.index);
    }
    return {spent, 1000};  // of a block that has just been taken off
  }

  static Coin OutputOf(const Transaction& tx, size_t number) {
    const auto index = static_cast<uint32_t>(number % tx.outputs.size());
    return {{tx.txid, index}, tx.outputs[index].value};
  }

  TransactionPtr Make(const std::vector<TransactionPtr>& parents) {
    TransactionDraft draft;
    const uint8_t form = input_.Byte();
    draft.version = form % 4 == 3 ? mempool::kTrucVersion : 2;
    draft.lock_time = ++count_;  // without effect where sequences are final
    std::map<OutPoint, Amount> coins;
    if (!parents.empty()) {
      for (const TransactionPtr& parent : parents) {
        coins[{parent->txid, 0}] = parent->outputs[0].value;
      }
    }
    if (parents.empty() || form / 4 % 4 == 0) {
      for (size_t count = 1 + form / 16 % 3; count > 0; --count) {
        const Coin coin = AnyCoin();
        coins[coin.outpoint] = coin.value;
      }
    }
    Amount value = 0;
    for (const auto& [outpoint, worth] : coins) {
      TransactionDraft::Input& input = draft.inputs.emplace_back();
      input.prevout = outpoint;
      input.witness = {Bytes{OP_1}};
      value += worth;
    }
    const Amount fee = Fee();
    const size_t outputs = 1 + form / 64;
    for (size_t i = 0; i < outputs; ++i) {
      draft.outputs.push_back(
          {std::max<Amount>(0, value - fee) / static_cast<Amount>(outputs), OpenOutput()});
    }
    const TransactionPtr tx = draft.Finish();
    made_.push_back(tx);
    return tx;
  }

  Amount Fee() {
    constexpr Amount kFees[] = {0, 100, 200, 300, 500, 1000, 3000, 20'000};
    return kFees[input_.Below(8)] + input_.Below(50);
  }

  void SubmitOne() {
    const bool known = !made_.empty() && input_.Byte() % 16 == 0;
    const TransactionPtr tx =
        known ? made_[made_.size() - 1 - input_.Below(made_.size())] : Make({});
    const AdmissionResult result = pool_->Submit(tx, {});
    CAIRN_ASSERT(result.outcome != mempool::Admission::kAccepted || pool_->Contains(tx->wtxid));
    CAIRN_ASSERT(result.Accepted() || result.replaced.empty() || result.reason == kFull);
    if (!result.Accepted()) {
      CAIRN_ASSERT(before_.entries.contains(tx->txid) == pool_->Contains(tx->txid));
      return;
    }
    CAIRN_ASSERT(!before_.entries.contains(tx->txid));
    swept_ = now_;
    CheckReplacement(result.replaced, result.modified_fee, result.vsize);
  }

  /// Who replaces pays for all that leaves, and for its own way.
  void CheckReplacement(const std::vector<TransactionPtr>& replaced, Amount fees, int64_t vsize) {
    if (replaced.empty()) return;
    for (const TransactionPtr& tx : replaced) CAIRN_ASSERT(!pool_->Contains(tx->txid));
    const Amount wanted = before_.ModifiedFees(replaced) + policy_.incremental_fee.For(vsize);
    CAIRN_ASSERT(fees >= wanted);
  }

  std::vector<TransactionPtr> MakePackage() {
    std::vector<TransactionPtr> package;
    for (size_t parents = input_.Byte() % 4 == 0 ? 2 : 1; parents > 0; --parents) {
      package.push_back(Make({}));
    }
    package.push_back(Make(package));
    return package;
  }

  void SubmitPackage() {
    const std::vector<TransactionPtr> package = MakePackage();
    const PackageResult result = pool_->SubmitPackage(package, {});
    CAIRN_ASSERT(result.results.empty() || result.results.size() == package.size());
    Amount fees = 0;
    int64_t vsize = 0;
    std::vector<TransactionPtr> replaced;
    bool together = false;
    for (size_t i = 0; i < result.results.size(); ++i) {
      const AdmissionResult& one = result.results[i];
      CAIRN_ASSERT(!one.Accepted() || pool_->Contains(package[i]->wtxid));
      CAIRN_ASSERT(one.Judged());
      if (result.message == "success") CAIRN_ASSERT(pool_->Contains(package[i]->txid));
      if (!one.Accepted() || one.paid_with.empty()) continue;
      together = true;
      fees += one.modified_fee;
      vsize += one.vsize;
      replaced.insert(replaced.end(), one.replaced.begin(), one.replaced.end());
    }
    // One by one others may have left before, which is checked where one is submitted.
    const bool all_known = std::all_of(replaced.begin(), replaced.end(), [&](const auto& tx) {
      return before_.entries.contains(tx->txid);
    });
    if (together && all_known) CheckReplacement(replaced, fees, vsize);
  }

  /// A trial changes nothing.
  void Try() {
    const std::vector<TransactionPtr> package = MakePackage();
    const PackageResult result = pool_->Test(package);
    const AdmissionResult single = pool_->Test(package[0]);
    CAIRN_ASSERT(pool_->Sequence() == before_.sequence);
    const bool all = !result.results.empty() &&
                     std::all_of(result.results.begin(), result.results.end(),
                                 [](const AdmissionResult& one) { return one.Accepted(); });
    if (all) CAIRN_ASSERT(single.Accepted());
    if (input_.Flag()) return;
    // What a trial says holds.
    const AdmissionResult real = pool_->Submit(package[0], {});
    CAIRN_ASSERT(real.outcome == single.outcome || real.reason == kFull);
  }

  // ---- What else happens ----

  void Prioritise() {
    if (made_.empty()) return;
    const TransactionPtr& tx = made_[made_.size() - 1 - input_.Below(made_.size())];
    pool_->Prioritise(tx->txid, Amount{input_.Number<uint16_t>()} - 20'000);
  }

  void MineSelection() {
    mempool::SelectionLimits limits;
    limits.weight = 400 + 400 * input_.Below(16);
    limits.sigops_cost = 80'000;
    limits.min_rate = FeeRate(500 * static_cast<Amount>(input_.Below(4)));
    std::vector<TransactionPtr> block;
    for (const auto& one : CheckedSelection(limits)) block.push_back(one.tx);
    ledger_.Connect(block, OpenOutput());
  }

  std::vector<mempool::SelectedTransaction> CheckedSelection(
      const mempool::SelectionLimits& limits) const {
    const mempool::Selection selection = pool_->Select(limits);
    CAIRN_ASSERT(selection.tip == ledger_.View()->tip);
    std::set<Txid> taken;
    std::set<OutPoint> spent;
    uint64_t weight = 0;
    for (const auto& one : selection.transactions) {
      const PoolEntry& entry = before_.entries.at(one.tx->txid);
      CAIRN_ASSERT(one.fee == entry.fee);
      for (const TxIn& input : one.tx->inputs) {
        CAIRN_ASSERT(spent.insert(input.prevout).second);
        CAIRN_ASSERT(ledger_.coins().contains(input.prevout) || taken.contains(input.prevout.txid));
      }
      CAIRN_ASSERT(taken.insert(one.tx->txid).second);
      weight += one.tx->Weight();
    }
    CAIRN_ASSERT(weight <= limits.weight);
    return selection.transactions;
  }

  bool IsMature(const ledger::FoundCoin& coin) const {
    return !coin.coinbase ||
           ledger_.View()->Height() + 1 - coin.height >= Regtest().coinbase_maturity;
  }

  /// A block takes some that the pool does not know, whatever they pay.
  void MineRivals() {
    std::vector<TransactionPtr> block;
    std::set<OutPoint> spent;
    for (size_t count = 1 + input_.Below(3); count > 0; --count) {
      const TransactionPtr tx = Make({});
      const bool fits = std::all_of(tx->inputs.begin(), tx->inputs.end(), [&](const TxIn& input) {
        const auto coin = ledger_.coins().find(input.prevout);
        return coin != ledger_.coins().end() && IsMature(coin->second) &&
               !spent.contains(input.prevout);
      });
      if (!fits) continue;
      for (const TxIn& input : tx->inputs) spent.insert(input.prevout);
      block.push_back(tx);
    }
    ledger_.Connect(block, OpenOutput());
  }

  void Reorganise() {
    const size_t depth = 1 + input_.Below(kMostReorganised);
    for (size_t i = 0; i < depth && ledger_.View()->Height() > kRewards / 2; ++i) {
      ledger_.Disconnect();
    }
    reorganised_ = true;
    if (input_.Flag()) MineRivals();
  }

  void LetTimePass() {
    now_ += 60 * static_cast<UnixSeconds>(1 + input_.Byte());
    clock_.SetMock(now_);
  }

  // ---- What must hold ----

  static std::set<Txid> Close(const Picture& picture, const Txid& from,
                              std::vector<Txid> PoolEntry::*next) {
    std::set<Txid> found{from};
    for (std::vector<Txid> left{from}; !left.empty();) {
      const PoolEntry& entry = picture.entries.at(left.back());
      left.pop_back();
      for (const Txid& txid : entry.*next) {
        if (found.insert(txid).second) left.push_back(txid);
      }
    }
    return found;
  }

  void CheckAll() const {
    const Picture now = Look();
    CAIRN_ASSERT(pool_->Tip() == ledger_.View()->tip);
    std::map<Txid, Amount> deltas;
    for (const mempool::Priority& priority : pool_->Priorities()) {
      deltas[priority.txid] = priority.delta;
    }
    CheckMoney(now, deltas);
    for (const auto& [txid, entry] : now.entries) CheckFamily(now, entry);
    CheckTotals(now);
    CheckChanges(now);
  }

  void CheckMoney(const Picture& now, const std::map<Txid, Amount>& deltas) const {
    std::set<OutPoint> spent;
    for (const auto& [txid, entry] : now.entries) {
      Amount value = 0;
      std::set<Txid> parents;
      for (const TxIn& input : entry.tx->inputs) {
        CAIRN_ASSERT(spent.insert(input.prevout).second);
        CAIRN_ASSERT(pool_->SpenderOf(input.prevout) == entry.tx);
        const auto parent = now.entries.find(input.prevout.txid);
        if (parent != now.entries.end()) {
          const auto& outputs = parent->second.tx->outputs;
          CAIRN_ASSERT(input.prevout.index < outputs.size());
          value += outputs[input.prevout.index].value;
          parents.insert(input.prevout.txid);
          continue;
        }
        const auto coin = ledger_.coins().find(input.prevout);
        CAIRN_ASSERT(coin != ledger_.coins().end());
        CAIRN_ASSERT(IsMature(coin->second));
        value += coin->second.value;
      }
      for (const TxOut& output : entry.tx->outputs) value -= output.value;
      CAIRN_ASSERT(value >= 0 && entry.fee == value);
      const auto delta = deltas.find(txid);
      CAIRN_ASSERT(entry.modified_fee == value + (delta != deltas.end() ? delta->second : 0));
      CAIRN_ASSERT(entry.vsize == static_cast<int64_t>(entry.tx->VirtualSize()));
      CAIRN_ASSERT(std::set<Txid>(entry.parents.begin(), entry.parents.end()) == parents);
      CAIRN_ASSERT(entry.parents.size() == parents.size());
      for (const Txid& child : entry.children) {
        const auto& of_child = now.entries.at(child).parents;
        CAIRN_ASSERT(std::find(of_child.begin(), of_child.end(), txid) != of_child.end());
      }
    }
  }

  void CheckFamily(const Picture& now, const PoolEntry& entry) const {
    const auto sum = [&](const std::set<Txid>& ids, int64_t* vsize, Amount* fees) {
      for (const Txid& id : ids) {
        *vsize += now.entries.at(id).vsize;
        *fees += now.entries.at(id).modified_fee;
      }
    };
    int64_t vsize = 0;
    Amount fees = 0;
    const std::set<Txid> ancestors = Close(now, entry.tx->txid, &PoolEntry::parents);
    sum(ancestors, &vsize, &fees);
    CAIRN_ASSERT(entry.ancestor_count == ancestors.size());
    CAIRN_ASSERT(entry.ancestor_vsize == vsize && entry.ancestor_fees == fees);
    const std::set<Txid> descendants = Close(now, entry.tx->txid, &PoolEntry::children);
    vsize = fees = 0;
    sum(descendants, &vsize, &fees);
    CAIRN_ASSERT(entry.descendant_count == descendants.size());
    CAIRN_ASSERT(entry.descendant_vsize == vsize && entry.descendant_fees == fees);

    CAIRN_ASSERT(ancestors.size() <= policy_.limits.ancestors);
    // What a block gives back may join more than would have been let in one by one.
    if (reorganised_) return;
    // One more by the carve-out, and one for a rival that leaves another family.
    CAIRN_ASSERT(descendants.size() <= policy_.limits.descendants + 2);
    const bool is_truc = entry.tx->version == mempool::kTrucVersion;
    for (const Txid& id : ancestors) {
      CAIRN_ASSERT(is_truc == (now.entries.at(id).tx->version == mempool::kTrucVersion));
    }
    if (is_truc) CAIRN_ASSERT(ancestors.size() + descendants.size() - 1 <= mempool::kTrucMaxFamily);
  }

  void CheckTotals(const Picture& now) const {
    const mempool::PoolInfo info = pool_->Info();
    int64_t vsize = 0;
    Amount fees = 0;
    for (const auto& [txid, entry] : now.entries) {
      vsize += entry.vsize;
      fees += entry.fee;
      CAIRN_ASSERT(entry.time + kExpiry >= swept_);
    }
    CAIRN_ASSERT(info.count == now.entries.size());
    CAIRN_ASSERT(info.vsize == vsize && info.fees == fees);
    // What is said of priorities makes no room for itself.
    const uint64_t most = static_cast<uint64_t>(policy_.max_bytes) + 128 * made_.size();
    CAIRN_ASSERT(now.entries.empty() || info.usage <= most);
    const std::vector<TransactionPtr> ordered = pool_->Transactions();
    std::set<Txid> seen;
    for (const TransactionPtr& tx : ordered) {
      for (const Txid& parent : now.entries.at(tx->txid).parents) {
        CAIRN_ASSERT(seen.contains(parent));
      }
      seen.insert(tx->txid);
    }
    CAIRN_ASSERT(seen.size() == now.entries.size());
  }

  /// Who listens knows the pool.
  void CheckChanges(const Picture& now) const {
    CAIRN_ASSERT(now.sequence >= before_.sequence && heard_ <= now.sequence);
    CAIRN_ASSERT(present_.size() == now.entries.size());
    for (const auto& [txid, tx] : present_) {
      const auto entry = now.entries.find(txid);
      CAIRN_ASSERT(entry != now.entries.end() && entry->second.tx->wtxid == tx->wtxid);
    }
  }

  Input input_;
  const mempool::PolicyOptions policy_;
  UnixSeconds now_ = 1'700'000'000;
  UnixSeconds swept_ = 0;
  Clock clock_;
  ModelLedger ledger_;
  std::vector<TransactionPtr> made_;  // all that ever were
  uint32_t count_ = 0;
  bool reorganised_ = false;
  Picture before_;
  std::map<Txid, TransactionPtr> present_;  // by what was heard
  uint64_t heard_ = 0;
  std::unique_ptr<mempool::Mempool> pool_;  // the first to go: its thread tells us of changes
};

}  // namespace

void FuzzPool(ByteSpan input) { Session(input).Run(); }

}  // namespace cairn::fuzz
