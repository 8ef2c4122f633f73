// One miner's connection to the server, without its socket: what to answer to each line, and which
// shares are good.
//
// Time is an argument, and what is to be done comes back as `Doings`. Nothing that a miner sends
// can make it fail, wait, or remember more than the limits say. For one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/clock.h"
#include "cairn/primitives/address.h"
#include "src/mining/stratum/messages.h"
#include "src/mining/stratum/payout.h"
#include "src/mining/stratum/served_job.h"
#include "src/mining/stratum/share_store.h"
#include "src/mining/stratum/vardiff.h"

namespace cairn::mining::stratum {

struct SessionLimits {
  std::chrono::seconds login_time{30};  // until it must have subscribed and been authorised
  size_t workers = 64;                  // of one connection
  size_t jobs = 64;                     // of one tip that shares are taken for
  size_t shares_of_job = 1024;
  size_t refusals = 100;  // without a good share in between, before it is cut off
};

/// What the sessions of a server have in common.
struct SessionSettings {
  PayoutRule payout = PayoutRule::kSolo;
  AddressPrefixes prefixes;
  VardiffOptions vardiff;
  bool may_exceed_block = false;  // the least difficulty counts even where it is above the block's
  SessionLimits limits;
  const Clock* clock = nullptr;  // for the times of shares
};

/// A header that meets the target of its block.
struct FoundBlock {
  ServedJobPtr job;
  Header header;
  Bytes coinbase;  // without witness
  std::string worker;
};

struct RefusedShare {
  std::string worker;
  ShareStore::Refused reason;
};

/// What a session wants done, in this order.
struct Doings {
  std::vector<FoundBlock> blocks;  // to the ledger
  std::vector<Share> shares;       // into the store, which is to be told of by `OnStored`, in order
  std::vector<RefusedShare> refused;  // to be counted
  std::string send;                   // lines, each with its end
  bool close = false;                 // once that is sent
};

class Session {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The settings, and the pointer to the job of the moment, outlive the session. No other session
  /// has the same `extranonce1`.
  Session(const SessionSettings& settings, const ServedJobPtr& current, uint32_t extranonce1,
          Time now);

  /// A line has come, here without its end.
  void OnLine(std::string_view line, Time now, Doings& doings);
  /// A line is longer than it may be.
  void OnLongLine(Doings& doings) { CutOff("the line is too long", doings); }
  /// There is another job of the moment.
  void OnJob(Time now, Doings& doings);
  /// The oldest share that was not told of yet is stored, or cannot be.
  void OnStored(bool stored, Doings& doings);
  /// To be called every few seconds.
  void OnTime(Time now, Doings& doings);

  /// It gets jobs.
  bool Mines() const { return subscribed_ && !workers_.empty(); }
  size_t Unstored() const { return unstored_.size(); }
  double difficulty() const { return announced_; }
  const std::string& agent() const { return agent_; }
  /// The names that were authorised, the one that is paid first.
  std::vector<std::string> WorkerNames() const;

 private:
  struct Worker {
    std::string name;
    Bytes script;
  };
  using Hashes = std::unordered_set<uint64_t>;
  /// A job as it was announced here.
  struct Announced {
    std::string name;
    ServedJobPtr job;
    uint32_t repeat = 0;
    double difficulty = 0;  // the least since then
    Hashes seen;            // parts of the hashes of its shares
  };

  /// One that shares are no longer taken for.
  struct FormerJob {
    std::string name;
    Time ended;
  };

  void Handle(const MessageId& id, const Subscribe& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const Authorize& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const SubscribeExtranonce& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const Configure& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const SuggestDifficulty& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const Submit& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const MalformedRequest& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const UnknownRequest& request, Time now, Doings& doings);
  void Handle(const MessageId& id, const Response& response, Time now, Doings& doings);

  Announced* FindJob(std::string_view name);
  void EndJob(Announced job, Time now);
  bool MayBeUnderWay(std::string_view job, Time now) const;
  const Worker* FindWorker(std::string_view name) const;
  /// Why a share is refused before it is hashed.
  std::optional<StratumError> Fault(const Submit& request, const Announced* announced) const;
  void Judge(const MessageId& id, const Submit& request, Announced& announced, Time now,
             Doings& doings);
  void RefuseShare(const MessageId& id, const Submit& request, StratumError error, Time now,
                   Doings& doings);
  void Refuse(const MessageId& id, StratumError error, Doings& doings);
  void CutOff(std::string_view reason, Doings& doings);

  /// Moves the difficulty within what the current job allows.
  void BoundDifficulty(Time now);
  void Announce(std::string name, Time now, Doings& doings);
  void AnnounceCurrent(Time now, Doings& doings);
  /// Has the miner go on with the difficulty of now, if that is another one.
  void UpdateDifficulty(Time now, Doings& doings);
  ByteSpan OwnScript() const;

  const SessionSettings& settings_;
  const ServedJobPtr& current_;
  const std::array<uint8_t, kExtranonce1Size> extranonce1_;
  const Time began_;
  Vardiff vardiff_;
  bool subscribed_ = false;
  std::optional<uint32_t> version_mask_;  // once it was agreed on
  std::string agent_;
  std::vector<Worker> workers_;
  std::vector<Announced> announced_jobs_;  // the oldest first
  uint32_t repeats_ = 0;                   // of the current job under other names
  std::deque<FormerJob> former_jobs_;      // the oldest first
  double announced_ = 0;                   // the difficulty; 0 before the first
  std::deque<MessageId> unstored_;
  size_t refusals_ = 0;
  bool closed_ = false;
};

}  // namespace cairn::mining::stratum
