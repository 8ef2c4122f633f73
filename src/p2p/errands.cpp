#include "src/p2p/errands.h"

#include <memory>
#include <utility>

#include "cairn/base/log.h"
#include "consensus/verdict.h"
#include "src/p2p/filter_reader.h"
#include "src/p2p/shared_pool.h"

namespace cairn::p2p {
namespace {

BlockFate FateOf(const ledger::SubmitResult& result) {
  switch (result.outcome) {
    case ledger::BlockOutcome::kConnected: return BlockFate::kConnected;
    case ledger::BlockOutcome::kStored: return BlockFate::kStored;
    case ledger::BlockOutcome::kDuplicate: return BlockFate::kDuplicate;
    case ledger::BlockOutcome::kDuplicateInvalid: return BlockFate::kInvalid;
    case ledger::BlockOutcome::kOrphan: return BlockFate::kOrphan;
    case ledger::BlockOutcome::kMalformed: return BlockFate::kMutated;
    case ledger::BlockOutcome::kFailed: return BlockFate::kFailed;
    case ledger::BlockOutcome::kRejected: break;
  }
  // Without a violation of its own it builds on a block that has one.
  if (!result.violation) return BlockFate::kInvalid;
  switch (consensus::BlameOf(*result.violation, consensus::Subject::kBlock)) {
    case consensus::Blame::kInvalid: return BlockFate::kInvalid;
    case consensus::Blame::kMutated: return BlockFate::kMutated;
    case consensus::Blame::kPremature: return BlockFate::kPremature;
    case consensus::Blame::kMissing: return BlockFate::kOrphan;
  }
  return BlockFate::kInvalid;
}

HeadersVerdict VerdictOf(const ledger::HeadersResult& result) {
  const bool invalid = result.refusal && FateOf(*result.refusal) == BlockFate::kInvalid;
  return {result.last, result.reason, invalid};
}

}  // namespace

BlockVerdict VerdictOf(const ledger::SubmitResult& result) {
  return {FateOf(result), result.reason, result.entry};
}

JobThread::JobThread(const char* name)
    : thread_([this, name] {
        log::SetThreadName(name);
        while (auto job = jobs_.Pop()) {
          if (!stopped_) (*job)();
        }
      }) {}

void JobThread::Stop() {
  stopped_ = true;
  jobs_.Close();
  if (thread_.joinable()) thread_.join();
}

void Errands::SubmitBlock(BlockPtr block, std::function<void(BlockVerdict)> done) {
  submit_.Run([this, block = std::move(block), done = std::move(done)]() mutable {
    auto answer =
        std::make_shared<std::future<ledger::SubmitResult>>(ledger_.SubmitBlock(std::move(block)));
    verdicts_.Run([answer, done = std::move(done)] { done(VerdictOf(answer->get())); });
  });
}

void Errands::SubmitHeaders(std::vector<Header> headers, std::function<void(HeadersVerdict)> done) {
  headers_.Run([this, headers = std::move(headers), done = std::move(done)]() mutable {
    const ledger::HeadersResult result = ledger_.SubmitHeaders(std::move(headers));
    done(VerdictOf(result));
  });
}

void Errands::SubmitTransaction(TransactionPtr transaction, PeerId peer,
                                std::function<void(TransactionVerdict)> done) {
  transactions_.Run([this, transaction = std::move(transaction), peer, done = std::move(done)] {
    waiting_.Begin();
    pool_.Submit(transaction, mempool::Origin::Peer(peer),
                 [this, done](const mempool::AdmissionResult& result) {
                   done(VerdictOf(result));
                   waiting_.End();
                 });
  });
}

void Errands::SubmitPair(TransactionPtr parent, TransactionPtr child, PeerId peer,
                         std::function<void(PairVerdict)> done) {
  transactions_.Run(
      [this, parent = std::move(parent), child = std::move(child), peer, done = std::move(done)] {
        waiting_.Begin();
        pool_.SubmitPackage({parent, child}, mempool::Origin::Peer(peer),
                            [this, done](const mempool::PackageResult& result) {
                              done(VerdictOf(result));
                              waiting_.End();
                            });
      });
}

void Errands::ReadBlock(const ledger::HeaderEntry& entry, std::function<void(Bytes)> done) {
  reads_.Run([this, &entry, done = std::move(done)] {
    Result<Bytes> bytes = ledger_.ReadBlock(entry);
    if (!bytes) LOG_DEBUG(log::kNet, "cannot read a block: {}", bytes.error().message);
    done(bytes ? *std::move(bytes) : Bytes());
  });
}

void Errands::ReadFilters(wire::Message request,
                          std::function<void(std::vector<wire::Message>)> done) {
  reads_.Run([this, request = std::move(request), done = std::move(done)] {
    done(ReadFilterReplies(ledger_, request));
  });
}

void Errands::Stop() {
  submit_.Stop();
  verdicts_.Stop();
  headers_.Stop();
  transactions_.Stop();
  reads_.Stop();
  waiting_.WaitForNone();
}

}  // namespace cairn::p2p
