#include "cairn/rpc/dispatcher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/request.h"
#include "src/rpc/arguments.h"

namespace cairn::rpc {

namespace {

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kInternalServerError = 500;

int StatusOf(int error_code) {
  if (error_code == kInvalidRequest) return kBadRequest;
  if (error_code == kMethodNotFound) return kNotFound;
  return kInternalServerError;
}

}  // namespace

/// The envelope of one call. An envelope that is broken carries the error and what of it was
/// readable.
struct Dispatcher::Call {
  bool version2 = false;
  std::optional<json::Value> id;
  std::string method;
  json::Value params;
  std::optional<RpcError> broken;

  bool IsNotification() const { return version2 && !id; }

  static Call Parse(const json::Value& request);

 private:
  void ParseVersion(const json::Value* version);
};

/// What came of a call: the JSON text of the result, or an error.
struct Dispatcher::Outcome {
  std::string result;
  std::optional<RpcError> error;

  std::string ToJson(const Call& call) const;
};

void Dispatcher::Call::ParseVersion(const json::Value* version) {
  if (version == nullptr || version->IsNull()) return;
  if (!version->IsString()) throw RpcError(kInvalidRequest, "jsonrpc field must be a string");
  // A request of JSON-RPC 1.1 has `version` instead, if anything; "1.0" stands in old examples.
  if (version->Text() == "1.0") return;
  if (version->Text() != "2.0") throw RpcError(kInvalidRequest, "JSON-RPC version not supported");
  version2 = true;
}

Dispatcher::Call Dispatcher::Call::Parse(const json::Value& request) {
  Call call;
  try {
    if (!request.IsObject()) {
      call.id = json::Value();
      throw RpcError(kInvalidRequest, "Invalid Request object");
    }
    if (const json::Value* id = request.Find("id")) call.id = *id;
    call.ParseVersion(request.Find("jsonrpc"));
    const json::Value* method = request.Find("method");
    if (method == nullptr || method->IsNull()) throw RpcError(kInvalidRequest, "Missing method");
    if (!method->IsString()) throw RpcError(kInvalidRequest, "Method must be a string");
    call.method = method->Text();
    if (const json::Value* params = request.Find("params")) call.params = *params;
    if (!call.params.IsArray() && !call.params.IsObject() && !call.params.IsNull()) {
      throw RpcError(kInvalidRequest, "Params must be an array or object");
    }
  } catch (const RpcError& error) {
    call.broken = error;
  }
  return call;
}

std::string Dispatcher::Outcome::ToJson(const Call& call) const {
  json::Writer out;
  out.BeginObject();
  if (call.version2) out.Key("jsonrpc").String("2.0");
  if (!error) {
    out.Key("result").RawValue(result);
    if (!call.version2) out.Key("error").Null();
  } else {
    if (!call.version2) out.Key("result").Null();
    out.Key("error").BeginObject();
    out.Key("code").Int(error->code());
    out.Key("message").String(error->message());
    out.EndObject();
  }
  if (call.id) out.Key("id").Any(*call.id);
  return out.EndObject().Take();
}

/// Lists a call among the active ones as long as it runs.
class CallRecord {
 public:
  CallRecord(Dispatcher& dispatcher, const std::string& method) : dispatcher_(dispatcher) {
    base::MutexLock lock(dispatcher_.mutex_);
    dispatcher_.active_.push_back({method, std::chrono::steady_clock::now()});
    place_ = std::prev(dispatcher_.active_.end());
  }
  ~CallRecord() {
    base::MutexLock lock(dispatcher_.mutex_);
    dispatcher_.active_.erase(place_);
  }
  CallRecord(const CallRecord&) = delete;
  CallRecord& operator=(const CallRecord&) = delete;

 private:
  Dispatcher& dispatcher_;
  std::list<Dispatcher::ActiveCall>::iterator place_;
};

Dispatcher::Dispatcher(const MethodTable& table, Whitelist whitelist)
    : table_(table), whitelist_(std::move(whitelist)), warmup_stage_("RPC server started") {}

void Dispatcher::SetWarmupStage(std::string stage) {
  base::MutexLock lock(mutex_);
  warmup_stage_ = std::move(stage);
}

void Dispatcher::SetReady(const RpcContext& context) { context_.store(&context); }

std::vector<Dispatcher::ActiveCall> Dispatcher::ActiveCalls() const {
  base::MutexLock lock(mutex_);
  return {active_.begin(), active_.end()};
}

Reply Dispatcher::Handle(std::string_view body, std::string_view user) {
  const Result<json::Value> request = json::Parse(body);
  const auto unreadable = [](const char* message) {
    Call nobody;
    nobody.id = json::Value();
    const Outcome outcome{"", RpcError(kParseError, message)};
    return Reply{kInternalServerError, outcome.ToJson(nobody) + "\n"};
  };
  if (!request) return unreadable("Parse error");
  if (!request->IsObject() && !request->IsArray())
    return unreadable("Top-level object parse error");
  if (!MayCallAll(*request, user)) return {kForbidden, ""};
  return request->IsArray() ? HandleBatch(*request, user) : HandleOne(*request, user);
}

bool Dispatcher::MayCallAll(const json::Value& requests, std::string_view user) const {
  if (!whitelist_.Restricts(user)) return true;
  const auto allowed = [&](const json::Value& request) {
    const Call call = Call::Parse(request);
    if (call.broken || whitelist_.Allows(user, call.method)) return true;
    LOG_WARNING("RPC User {} not allowed to call method {}", user, call.method);
    return false;
  };
  if (!whitelist_.AllowsAnything(user)) return false;
  if (!requests.IsArray()) return allowed(requests);
  return std::all_of(requests.Items().begin(), requests.Items().end(), allowed);
}

Reply Dispatcher::HandleOne(const json::Value& request, std::string_view user) {
  const Call call = Call::Parse(request);
  const Outcome outcome = Run(call, user);
  if (call.IsNotification() && !call.broken) return {kNoContent, ""};
  const bool hide_error = call.version2 && !call.broken;
  const int status = outcome.error && !hide_error ? StatusOf(outcome.error->code()) : kOk;
  return {status, outcome.ToJson(call) + "\n"};
}

Reply Dispatcher::HandleBatch(const json::Value& requests, std::string_view user) {
  json::Writer replies;
  replies.BeginArray();
  bool silent = !requests.Items().empty();
  for (const json::Value& request : requests.Items()) {
    const Call call = Call::Parse(request);
    const Outcome outcome = Run(call, user);
    if (call.IsNotification()) continue;
    replies.RawValue(outcome.ToJson(call));
    silent = false;
  }
  // An empty batch is answered with an empty array, as clients of version 1 expect.
  if (silent) return {kNoContent, ""};
  return {kOk, replies.EndArray().Take() + "\n"};
}

Dispatcher::Outcome Dispatcher::Run(const Call& call, std::string_view user) {
  try {
    if (call.broken) throw *call.broken;
    LOG_DEBUG(log::kRpc, "ThreadRPCServer method={} user={}", call.method, user);
    return Execute(call, user);
  } catch (const RpcError& error) {
    return {"", error};
  } catch (const std::exception& error) {
    return {"", RpcError(kMiscError, error.what())};
  }
}

Dispatcher::Outcome Dispatcher::Execute(const Call& call, std::string_view user) {
  const RpcContext* context = context_.load();
  if (context == nullptr) {
    base::MutexLock lock(mutex_);
    throw RpcError(kInWarmup, warmup_stage_);
  }
  const Method* method = table_.Find(call.method);
  if (method == nullptr) throw RpcError(kMethodNotFound, "Method not found");
  const CallRecord record(*this, call.method);
  const Request request(*method, BindArguments(*method, call.params), *context, *this, user);
  json::Writer result;
  method->handler(request, result);
  return {result.Take(), std::nullopt};
}

}  // namespace cairn::rpc
