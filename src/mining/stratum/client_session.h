// A miner's side of one connection to a pool: lines and times go in, lines and work come out.
//
// No sockets, threads or clocks. It introduces itself (configure, subscribe, authorize,
// extranonce.subscribe), turns what the pool announces into work, submits shares, and counts what
// becomes of them. A pool is not trusted: whatever it says costs bounded memory, and what makes no
// sense for long ends the connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cairn/base/result.h"
#include "cairn/primitives/u256.h"
#include "src/mining/stratum/messages.h"

namespace cairn::mining::stratum {

/// What there is to hash. Never changes, so that threads can share it.
struct ClientWork {
  uint64_t session = 0;   // that it belongs to
  uint64_t sequence = 0;  // of the job in that session
  Notify job;
  Bytes extranonce1;
  size_t extranonce2_size = 0;
  std::optional<uint32_t> version_mask;  // nothing: the pool takes no version bits
  double difficulty = 1;
  U256 target;  // what a share must not exceed
};
using ClientWorkPtr = std::shared_ptr<const ClientWork>;

struct FoundShare {
  ClientWorkPtr work;
  Bytes extranonce2;
  uint32_t time = 0;
  uint32_t nonce = 0;
  uint32_t version = 0;
};

/// What became of the shares, over all connections.
struct ShareTally {
  uint64_t accepted = 0;
  uint64_t rejected = 0;
  uint64_t stale = 0;  // refused for their job, or found when it was void
  double accepted_difficulty = 0;
  std::string last_error;  // of a share or a connection
};

class ClientSession {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Settings {
    std::string host;  // as it was configured
    std::string user;
    std::string password;
    std::string agent;
    uint64_t number = 0;  // that no other session has
  };

  /// The greeting is among the lines at once. The tally must outlive the session.
  ClientSession(Settings settings, ShareTally& tally, Time now);

  /// A line from the pool, without its end. An error says why the connection must end.
  Status Receive(std::string_view line, Time now);

  /// To be called at the deadline, or at any other time.
  Status Tick(Time now);
  Time Deadline() const;

  /// Of a share whose job is void, or another session's, nothing is sent.
  void Submit(const FoundShare& share, Time now);

  /// What is to be sent, in order, each with the end of its line.
  std::string TakeLines() { return std::exchange(lines_, {}); }

  /// Null until the pool has given all that it takes.
  const ClientWorkPtr& work() const { return work_; }

  /// Where the pool wants to be connected to next: the same host always.
  struct Move {
    uint16_t port = 0;  // 0 for the same
    std::chrono::seconds wait{0};
  };
  const std::optional<Move>& move() const { return move_; }

 private:
  enum class Ask { kConfigure, kSubscribe, kAuthorize, kExtranonce, kShare };
  struct Pending {
    Ask ask;
    Time asked;
    double difficulty = 0;  // of a share
  };

  template <typename Request>
  void Send(Ask ask, const Request& request, Time now, double difficulty = 0);
  void SendLine(const std::string& line);
  void Tell(const std::string& text);
  static bool IsOptional(Ask ask) { return ask == Ask::kConfigure || ask == Ask::kExtranonce; }

  Status Handle(const UnknownNotice& notice, const PoolMessage& message, Time now);
  Status Handle(const SetDifficulty& notice, const PoolMessage& message, Time now);
  Status Handle(const SetExtranonce& notice, const PoolMessage& message, Time now);
  Status Handle(const SetVersionMask& notice, const PoolMessage& message, Time now);
  Status Handle(const Notify& notice, const PoolMessage& message, Time now);
  Status Handle(const Reconnect& notice, const PoolMessage& message, Time now);
  Status Handle(const ShowMessage& notice, const PoolMessage& message, Time now);
  Status Handle(const GetVersion& request, const PoolMessage& message, Time now);
  Status Handle(const Response& response, const PoolMessage& message, Time now);
  Status HandleSubscribed(const Response& response, Time now);
  void HandleShareAnswer(const Pending& share, const Response& response);
  void SetMask(std::optional<uint32_t> mask);
  void UpdateWork();

  const Settings settings_;
  ShareTally& tally_;
  std::string lines_;
  int64_t next_id_ = 1;
  std::map<int64_t, Pending> pending_;
  int bad_lines_ = 0;
  int told_ = 0;

  const Time started_;
  Time heard_;   // when the last line came
  Time probed_;  // when we last asked for a sign of life

  bool authorized_ = false;
  std::optional<SetExtranonce> extranonce_;       // in force
  std::optional<SetExtranonce> next_extranonce_;  // from the next job on
  std::optional<uint32_t> mask_;
  std::optional<double> difficulty_;  // as last set
  std::optional<Notify> job_;
  Time job_since_;
  uint64_t sequence_ = 0;      // of `job_`
  uint64_t first_valid_ = 0;   // older jobs are void
  double job_difficulty_ = 1;  // of `job_`
  std::optional<uint32_t> job_mask_;
  ClientWorkPtr work_;
  std::optional<Move> move_;
};

}  // namespace cairn::mining::stratum
