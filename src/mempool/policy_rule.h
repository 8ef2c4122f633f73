// Policies as data: ordered tables of what the node asks of a loose transaction, as
// consensus/rulebook.h has them for what no block may break.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cairn/mempool/admission.h"

namespace cairn::mempool {

/// One policy about a subject: `holds` is pure and true when the subject keeps it.
template <typename Subject>
struct PolicyRule {
  RejectKind kind;
  std::string_view reason;
  std::string_view must;  // the policy in one sentence
  bool (*holds)(const Subject&);
  std::string (*detail)(const Subject&) = nullptr;  // figures of a violation
};

/// Why a transaction is refused.
struct Rejection {
  RejectKind kind = RejectKind::kNone;
  std::string reason;
  std::string detail{};

  /// "min relay fee not met, 0 < 141"
  std::string ToString() const { return detail.empty() ? reason : reason + ", " + detail; }
};

/// Nothing: there is no objection.
using Objection = std::optional<Rejection>;

/// The first policy of the table that `subject` breaks, if any.
template <typename Subject>
Objection JudgePolicy(std::span<const PolicyRule<Subject>> rules, const Subject& subject) {
  for (const PolicyRule<Subject>& rule : rules) {
    if (rule.holds(subject)) continue;
    return Rejection{rule.kind, std::string(rule.reason),
                     rule.detail != nullptr ? rule.detail(subject) : std::string()};
  }
  return std::nullopt;
}

}  // namespace cairn::mempool
