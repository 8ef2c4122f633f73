// How a child enters with the parents that it pays for: all of them or none.
#include <algorithm>
#include <deque>
#include <utility>

#include "cairn/base/log.h"
#include "src/mempool/package_replacement.h"
#include "src/mempool/pool_thread.h"
#include "src/mempool/pricing.h"
#include "src/mempool/truc.h"

namespace cairn::mempool {
namespace {

constexpr int kMostTries = 10;

PackageResult StoppedResult() { return {"the node stops", {}}; }

/// What the rest of its package may change.
bool MayBeHelped(const AdmissionResult& result) {
  return result.kind == RejectKind::kReconsiderable || result.MissesInputs();
}

/// A parent that is here already, or whose witness alone differs, is as good as one that enters.
bool IsIn(const AdmissionResult& result) {
  return result.outcome != Admission::kRejected || result.kind == RejectKind::kConflict;
}

bool Has(const std::vector<const Node*>& nodes, const Node* node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

/// BIP431: it does not go together with its parent or a sibling, which is of the package too. That
/// is a fault of the package, of none of them alone.
bool IsUnfitForFamily(const Proposal& member, const std::vector<const Node*>& entered) {
  const bool too_big = member.tx->version == kTrucVersion && member.result.vsize > kTrucMaxVsize;
  if (member.result.reason != kTrucViolation || too_big) return false;
  const auto& parents = member.family.parents;
  return std::any_of(entered.begin(), entered.end(), [&](const Node* node) {
    return Has(parents, node) || std::any_of(parents.begin(), parents.end(), [&](const Node* one) {
             return Has(one->children, node);
           });
  });
}

}  // namespace

PackageResult PoolThread::SubmitPackage(std::vector<TransactionPtr> package, const Origin& origin) {
  PackageResult result = StoppedResult();
  Ask([&] { result = AdmitPackage(package, origin); });
  return result;
}

void PoolThread::SubmitPackage(std::vector<TransactionPtr> package, const Origin& origin,
                               std::function<void(const PackageResult&)> done) {
  const bool taken = inbox_.Push(
      [this, package = std::move(package), origin, done] { done(AdmitPackage(package, origin)); });
  if (!taken) done(StoppedResult());
}

PackageResult PoolThread::AdmitPackage(const std::vector<TransactionPtr>& package,
                                       const Origin& origin) {
  if (std::string wrong = CheckPackage(package); !wrong.empty()) return {std::move(wrong), {}};
  if (!IsChildWithParents(package)) return {"package-not-child-with-parents", {}};
  CatchUp();
  if (HasUnknownParent(package)) return {"package-not-child-with-unconfirmed-parents", {}};
  PackageResult result;
  result.results.resize(package.size());
  Together together;
  bool hopeless = false;
  // By themselves first: nobody pays for what pays for itself.
  for (size_t i = 0; i < package.size(); ++i) {
    AdmissionResult& single = result.results[i];
    Proposal proposal = Propose(package[i], origin);
    proposal.has_company = true;
    single = Admit(std::move(proposal), false);
    // One of the chain is no more in the pool than one that is refused.
    if (single.reason == kInTheChain) single.outcome = Admission::kRejected;
    if (single.kind == RejectKind::kConflict) {
      if (const Node* other = graph_.Find(package[i]->txid)) single.other = other->tx->wtxid;
    }
    if (IsIn(single)) continue;
    hopeless |= !MayBeHelped(single);
    together.transactions.push_back(package[i]);
    together.results.push_back(&single);
  }
  if (!hopeless && together.transactions.size() > 1) AdmitTogether(&together, origin);
  // The pool is full: those that came later, or the whole of them, may have driven some out again.
  for (size_t i = 0; i < package.size(); ++i) {
    AdmissionResult& single = result.results[i];
    if (!IsIn(single) || graph_.Find(package[i]->txid) != nullptr) continue;
    Refuse({RejectKind::kReconsiderable, "mempool full"}, &single);
  }
  const bool all_in = std::all_of(result.results.begin(), result.results.end(), IsIn);
  result.message = all_in ? "success" : "transaction failed";
  if (!together.message.empty()) result.message = together.message;
  return result;
}

/// Whether the child spends what is neither in the chain nor of the package.
bool PoolThread::HasUnknownParent(const std::vector<TransactionPtr>& package) const {
  const auto& inputs = package.back()->inputs;
  return std::any_of(inputs.begin(), inputs.end(), [&](const TxIn& input) {
    const bool among = std::any_of(package.begin(), package.end(), [&](const TransactionPtr& tx) {
      return tx->txid == input.prevout.txid;
    });
    if (among) return false;
    const auto coin = ledger_.FindCoin(input.prevout);
    return coin.has_value() && !*coin;
  });
}

void PoolThread::AdmitTogether(Together* together, const Origin& origin) {
  std::vector<AdmissionResult> alone;
  for (const AdmissionResult* result : together->results) alone.push_back(*result);
  for (int i = 0; i < kMostTries; ++i) {
    CatchUp();
    for (size_t k = 0; k < alone.size(); ++k) *together->results[k] = alone[k];
    together->members = ProposeAll(together->transactions, origin);
    for (Proposal& member : together->members) member.in_package = true;
    together->evicted = {};
    together->message.clear();
    bool stale = false;
    if (!WeighTogether(together)) {
      stale = ledger_.View()->tip != view_->tip;  // the refusal may hold at the old tip only
    } else if (EnterTogether(together, &stale)) {
      break;
    }
    if (!stale) break;
  }
  Deliver();
}

/// What needs no place in the graph, so that nobody waits meanwhile: what they pay together, and
/// then, if that is enough, their scripts.
bool PoolThread::WeighTogether(Together* together) const {
  Amount fees = 0;
  int64_t vsize = 0;
  std::vector<Wtxid> wtxids;
  std::deque<SpentCoins> coins;
  const auto refuse = [together](size_t index, Rejection rejection) {
    Refuse(std::move(rejection), together->results[index]);
    return false;
  };
  const size_t count = together->members.size();
  for (size_t i = 0; i < count; ++i) {
    Proposal& member = together->members[i];
    auto objection = admitter_.Weigh(&member, together->transactions, &coins.emplace_back());
    if (objection) return refuse(i, *std::move(objection));
    fees += member.result.modified_fee;
    vsize += member.result.vsize;
    wtxids.push_back(member.tx->wtxid);
  }
  for (AdmissionResult* result : together->results) {
    result->paid_with = wtxids;
    result->package_rate = FeeRate::Of(fees, vsize);
  }
  const FeeRate minimum = together->members[0].pool_minimum;
  if (auto objection = CheckPackageFees(options_, minimum, fees, vsize)) {
    return refuse(count - 1, *std::move(objection));
  }
  const std::span<const TransactionPtr> package = together->transactions;
  Objection of_all = CheckPackageLimits(package, vsize, options_.limits, graph_);
  if (!of_all) of_all = CheckReplacing(together);
  if (of_all) {
    together->message = of_all->ToString();
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    if (auto objection = admitter_.Prove(together->members[i], coins[i])) {
      return refuse(i, *std::move(objection));
    }
  }
  return true;
}

/// Whether they may drive out those whose coins they spend, and all descendants of those.
Objection PoolThread::CheckReplacing(Together* together) const {
  PackageReplacement replacement{options_, graph_, {}, {}, {}};
  for (const Proposal& member : together->members) {
    replacement.members.push_back({*member.tx, member.result.modified_fee, member.result.vsize});
    for (const Node* rival : member.family.rivals) replacement.direct.Add(rival);
  }
  if (replacement.direct.empty()) return std::nullopt;
  for (const Node* rival : replacement.direct.list()) {
    graph_.AddDescendants(rival, replacement.evicted);
  }
  Objection objection = CheckPackageReplacement(replacement);
  if (!objection) together->evicted = std::move(replacement.evicted);
  return objection;
}

/// Puts them into the graph in the place of those that they replace, which nobody sees until all
/// are there. `stale`: the ledger's tip has moved on.
bool PoolThread::EnterTogether(Together* together, bool* stale) {
  base::MutexLock lock(mutex_);
  const uint64_t sequence = sequence_;
  const std::vector<Node> replaced = SetAside(together->evicted);
  together->evicted = {};
  std::vector<const Node*> entered;
  if (!PlaceTogether(together, &entered, stale)) {
    TakeOut(entered);
    PutBack(replaced);
    return false;
  }
  for (size_t i = 0; i < replaced.size(); ++i) {
    LOG_DEBUG(log::kMempool, "replacing mempool tx {} (wtxid={}) with a package of {}",
              replaced[i].txid(), replaced[i].tx->wtxid, together->transactions.back()->txid);
    RecordRemoval(replaced[i], RemovalReason::kReplaced, sequence + i);
    together->members[0].result.replaced.push_back(replaced[i].tx);
  }
  for (const Node* node : entered) Announce(node, together->members[0].origin);
  LimitSize();
  for (size_t i = 0; i < together->members.size(); ++i) {
    AdmissionResult& result = *together->results[i];
    const AdmissionResult weighed = result;
    result = together->members[i].result;
    result.paid_with = weighed.paid_with;
    result.package_rate = weighed.package_rate;
  }
  return true;
}

/// One after the other, up to the first that is refused.
bool PoolThread::PlaceTogether(Together* together, std::vector<const Node*>* entered, bool* stale) {
  for (size_t i = 0; i < together->members.size(); ++i) {
    Proposal& member = together->members[i];
    *stale = !admitter_.Judge(&member);
    if (*stale) return false;
    if (!member.result.Accepted()) {
      if (IsUnfitForFamily(member, *entered)) {
        together->message = member.result.ToString();
      } else {
        member.result.paid_with = together->results[i]->paid_with;
        member.result.package_rate = together->results[i]->package_rate;
        *together->results[i] = member.result;
      }
      return false;
    }
    entered->push_back(Place(member));
  }
  return true;
}

// ---- Trials ----

PackageResult PoolThread::Test(std::vector<TransactionPtr> package) {
  PackageResult result = StoppedResult();
  Ask([&] { result = TryPackage(package); });
  return result;
}

PackageResult PoolThread::TryPackage(const std::vector<TransactionPtr>& package) {
  if (package.size() == 1) return {"", {Admit(package[0], {}, true)}};
  if (std::string wrong = CheckPackage(package); !wrong.empty()) return {std::move(wrong), {}};
  PackageResult result;
  std::vector<Proposal> members;
  for (int i = 0; i < kMostTries; ++i) {
    CatchUp();
    members = ProposeAll(package, {});
    for (Proposal& member : members) member.in_trial = true;
    std::deque<SpentCoins> coins;
    result.message.clear();
    if (!TryInGraph(package, &members, &coins, &result.message)) continue;
    if (!result.message.empty()) return result;
    TryScripts(&members, coins);
    if (ledger_.View()->tip == view_->tip) break;
  }
  for (Proposal& member : members) result.results.push_back(std::move(member.result));
  return result;
}

/// Puts one after the other into the graph, up to the first that does not fit, and takes all out
/// again before anybody sees it. False if the ledger's tip has moved on. `message`: what is wrong
/// with them as a package.
bool PoolThread::TryInGraph(std::span<const TransactionPtr> package, std::vector<Proposal>* members,
                            std::deque<SpentCoins>* coins, std::string* message) {
  base::MutexLock lock(mutex_);
  std::vector<const Node*> entered;
  std::string unfit;
  int64_t vsize = 0;
  bool fresh = true;
  for (Proposal& member : *members) {
    fresh = admitter_.JudgeUnproven(&member, &coins->emplace_back());
    if (!fresh || !member.result.Accepted()) {
      if (fresh && IsUnfitForFamily(member, entered)) unfit = member.result.ToString();
      break;
    }
    vsize += member.result.vsize;
    entered.push_back(Place(member));
  }
  const bool all_entered = entered.size() == members->size();
  TakeOut(entered);
  if (!fresh || !CheckFamilies(members)) return fresh;
  if (all_entered) {
    const Objection objection = CheckPackageLimits(package, vsize, options_.limits, graph_);
    if (objection) *message = objection->ToString();
  } else {
    *message = unfit;
  }
  return true;
}

/// Whether each has a place below those of the pool, as if it had come alone: false, with the rest
/// without a verdict, at the first that has none. Those from the first refused one on are not
/// asked.
bool PoolThread::CheckFamilies(std::vector<Proposal>* members) const {
  for (size_t i = 0; i < members->size(); ++i) {
    AdmissionResult& result = (*members)[i].result;
    if (!result.Accepted() && result.reason != kTooLongChain) return true;
    NodeSet ancestors;
    const Transaction& tx = *(*members)[i].tx;
    Objection objection = CheckFamily(tx, result.vsize, options_.limits, graph_, &ancestors);
    if (!objection) continue;
    Refuse(*std::move(objection), &result);
    for (size_t later = i + 1; later < members->size(); ++later) (*members)[later].result = {};
    return false;
  }
  return true;
}

/// The scripts of those that fit, if all did; the first that fails is the last of which anything is
/// told. If one did not fit, it is the only one.
void PoolThread::TryScripts(std::vector<Proposal>* members,
                            const std::deque<SpentCoins>& coins) const {
  const auto accepted = [](const Proposal& member) { return member.result.Accepted(); };
  if (!std::all_of(members->begin(), members->end(), accepted)) {
    for (Proposal& member : *members) {
      if (accepted(member)) member.result = {};
    }
    return;
  }
  for (size_t i = 0; i < members->size(); ++i) {
    Objection objection = admitter_.Prove((*members)[i], coins[i]);
    if (!objection) continue;
    Refuse(*std::move(objection), &(*members)[i].result);
    for (size_t later = i + 1; later < members->size(); ++later) (*members)[later].result = {};
    return;
  }
}

}  // namespace cairn::mempool
