// JSON-RPC: takes the body of a request, runs the methods that it names, and gives the body of the
// reply. Versions 1.0, 1.1 and 2.0, single calls and batches, positional, named and mixed
// parameters.
//
// Version 2.0 answers HTTP 200 also for errors, with exactly one of `result` and `error`, and does
// not answer notifications (204). The older versions always give both members and use the HTTP
// status for errors: 404 for an unknown method, 400 for a malformed request, else 500.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/mutex.h"
#include "cairn/rpc/auth.h"
#include "cairn/rpc/method.h"

namespace cairn::rpc {

struct RpcContext;

struct Reply {
  int status = 200;  // of HTTP
  std::string body;  // empty, or JSON with a newline at its end
};

/// May be called from any threads at once.
class Dispatcher {
 public:
  explicit Dispatcher(const MethodTable& table, Whitelist whitelist = {});

  /// Until `SetReady` every call is answered with error -28 and this text.
  void SetWarmupStage(std::string stage) CAIRN_EXCLUDES(mutex_);
  /// `context` must outlive all calls.
  void SetReady(const RpcContext& context);

  Reply Handle(std::string_view body, std::string_view user);

  const MethodTable& table() const { return table_; }

  struct ActiveCall {
    std::string method;
    std::chrono::steady_clock::time_point since;
  };
  std::vector<ActiveCall> ActiveCalls() const CAIRN_EXCLUDES(mutex_);

 private:
  friend class CallRecord;

  struct Call;
  struct Outcome;

  Reply HandleOne(const json::Value& request, std::string_view user);
  Reply HandleBatch(const json::Value& requests, std::string_view user);
  Outcome Run(const Call& call, std::string_view user);
  Outcome Execute(const Call& call, std::string_view user);
  bool MayCallAll(const json::Value& requests, std::string_view user) const;

  const MethodTable& table_;
  const Whitelist whitelist_;
  std::atomic<const RpcContext*> context_{nullptr};
  mutable base::Mutex mutex_;
  std::string warmup_stage_ CAIRN_GUARDED_BY(mutex_);
  std::list<ActiveCall> active_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::rpc
