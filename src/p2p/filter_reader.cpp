#include "src/p2p/filter_reader.h"

#include <optional>
#include <utility>

namespace cairn::p2p {
namespace {

/// One request's view of the index.
class Filters {
 public:
  Filters(const ledger::IndexReader& index, const ledger::HeaderEntry& stop)
      : index_(index), stop_(stop) {}

  int last() const { return stop_.height; }
  std::optional<Bytes> FilterAt(int height) const {
    auto found = FindFilter(index_, At(height));
    return found ? *std::move(found) : std::nullopt;
  }
  std::optional<ledger::FilterHashes> HashesAt(int height) const {
    auto found = FindFilterHashes(index_, At(height));
    return found ? *found : std::nullopt;
  }
  ledger::IndexTip At(int height) const { return {height, stop_.Ancestor(height)->hash}; }

 private:
  const ledger::IndexReader& index_;
  const ledger::HeaderEntry& stop_;
};

using Replies = std::vector<wire::Message>;

Replies Answer(const Filters& filters, const wire::GetCFilters& request) {
  Replies replies;
  for (int height = static_cast<int>(request.start_height); height <= filters.last(); ++height) {
    auto filter = filters.FilterAt(height);
    if (!filter) return {};
    wire::CFilter reply;
    reply.block = filters.At(height).hash;
    reply.filter = *std::move(filter);
    replies.emplace_back(std::move(reply));
  }
  return replies;
}

Replies Answer(const Filters& filters, const wire::GetCFHeaders& request) {
  wire::CFHeaders reply;
  reply.stop = request.stop;
  const int first = static_cast<int>(request.start_height);
  if (first > 0) {
    const auto before = filters.HashesAt(first - 1);
    if (!before) return {};
    reply.previous = before->header;
  }
  for (int height = first; height <= filters.last(); ++height) {
    const auto hashes = filters.HashesAt(height);
    if (!hashes) return {};
    reply.hashes.push_back(hashes->filter);
  }
  return {std::move(reply)};
}

Replies Answer(const Filters& filters, const wire::GetCFCheckpt& request) {
  wire::CFCheckpt reply;
  reply.stop = request.stop;
  constexpr int kInterval = wire::GetCFCheckpt::kInterval;
  for (int height = kInterval; height <= filters.last(); height += kInterval) {
    const auto hashes = filters.HashesAt(height);
    if (!hashes) return {};
    reply.headers.push_back(hashes->header);
  }
  return {std::move(reply)};
}

template <typename Request>
Replies AnswerIfKnown(const ledger::Ledger& ledger, const Request& request) {
  const ledger::IndexReader* index = ledger.FindIndex(ledger::kFilterIndex);
  const ledger::HeaderEntry* stop = ledger.Find(request.stop);
  if (index == nullptr || stop == nullptr) return {};
  return Answer(Filters(*index, *stop), request);
}

}  // namespace

Replies ReadFilterReplies(const ledger::Ledger& ledger, const wire::Message& request) {
  if (const auto* filters = std::get_if<wire::GetCFilters>(&request)) {
    return AnswerIfKnown(ledger, *filters);
  }
  if (const auto* headers = std::get_if<wire::GetCFHeaders>(&request)) {
    return AnswerIfKnown(ledger, *headers);
  }
  if (const auto* points = std::get_if<wire::GetCFCheckpt>(&request)) {
    return AnswerIfKnown(ledger, *points);
  }
  return {};
}

}  // namespace cairn::p2p
