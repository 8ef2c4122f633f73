#include "src/mempool/truc.h"

#include <algorithm>

namespace cairn::mempool {
namespace {

std::string Named(const Transaction& tx) {
  return "tx " + tx.txid.ToString() + " (wtxid=" + tx.wtxid.ToString() + ")";
}

Rejection Violated(std::string detail) {
  return {RejectKind::kPolicy, std::string(kTrucViolation), std::move(detail)};
}

Rejection TooBig(const PricedLoose& priced, std::string_view what, int64_t limit) {
  return Violated("version=3 " + std::string(what) + Named(priced.tx) + " is too big: " +
                  std::to_string(priced.vsize) + " > " + std::to_string(limit) + " virtual bytes");
}

bool IsTruc(const Transaction& tx) { return tx.version == kTrucVersion; }

Objection CheckVersions(const PricedLoose& priced, const Family& family) {
  for (const Node* ancestor : family.ancestors.list()) {
    if (IsTruc(*ancestor->tx) == IsTruc(priced.tx)) continue;
    const bool child_is = IsTruc(priced.tx);
    return Violated(std::string(child_is ? "" : "non-") + "version=3 " + Named(priced.tx) +
                    " cannot spend from " + (child_is ? "non-" : "") + "version=3 " +
                    Named(*ancestor->tx));
  }
  return std::nullopt;
}

Objection CheckChild(const PricedLoose& priced, Family* family) {
  if (priced.vsize > kTrucChildMaxVsize) return TooBig(priced, "child ", kTrucChildMaxVsize);
  const Node* parent = family->ancestors.list().front();
  const auto is_rival = [family](const Node* node) {
    return std::find(family->rivals.begin(), family->rivals.end(), node) != family->rivals.end();
  };
  const bool replaces_sibling =
      std::any_of(parent->children.begin(), parent->children.end(), is_rival);
  if (static_cast<uint64_t>(parent->descendants.count) + 1 <= kTrucMaxFamily || replaces_sibling) {
    return std::nullopt;
  }
  // Among several that are judged together nobody's place is taken. After a reorganisation there
  // may be more children, or grandchildren: then none makes room.
  const bool comes_alone = !priced.in_package && !priced.in_trial;
  const bool one_sibling = parent->children.size() == 1 && parent->descendants.count == 2;
  if (comes_alone && one_sibling &&
      static_cast<uint64_t>(parent->children[0]->ancestors.count) == kTrucMaxFamily) {
    family->rivals.push_back(parent->children[0]);
    family->evicts_sibling = true;
    return std::nullopt;
  }
  return Violated(Named(*parent->tx) + " would exceed descendant count limit");
}

}  // namespace

Objection CheckTruc(const PricedLoose& priced, Family* family) {
  if (Objection objection = CheckVersions(priced, *family)) return objection;
  if (!IsTruc(priced.tx)) return std::nullopt;
  if (priced.vsize > kTrucMaxVsize) return TooBig(priced, "", kTrucMaxVsize);
  if (family->ancestors.size() + 1 > kTrucMaxFamily) {
    return Violated(Named(priced.tx) + " would have too many ancestors");
  }
  return family->ancestors.empty() ? std::nullopt : CheckChild(priced, family);
}

}  // namespace cairn::mempool
