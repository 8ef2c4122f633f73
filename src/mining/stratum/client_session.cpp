#include "src/mining/stratum/client_session.h"

#include <algorithm>
#include <utility>

#include "cairn/base/log.h"
#include "cairn/mining/version_rolling.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

constexpr std::chrono::seconds kAnswerTime{60};    // for what a pool must answer
constexpr std::chrono::seconds kFirstJobTime{30};  // from the greeting to something to hash
constexpr std::chrono::minutes kLongestOfJob{10};  // without another one, which come each minute
constexpr std::chrono::seconds kProbeAfter{150};   // of silence
constexpr std::chrono::seconds kLongestSilence{300};
constexpr std::chrono::seconds kLongestWait{60};  // before a pool is connected to again
constexpr int kMostBadLines = 10;
constexpr int kMostTold = 30;  // lines in the log
// A pool whose difficulty is far too low gets no more shares than it answers.
constexpr size_t kMostPending = 128;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return text;
}

/// Pools say it by the code, or in words only.
bool IsStale(const StratumError& error) {
  if (error.code == static_cast<int64_t>(Refusal::kStale)) return true;
  const std::string words = Lower(error.message);
  return words.find("stale") != words.npos || words.find("job not found") != words.npos;
}

std::string Describe(const Response& response) {
  if (!response.error) return "no reason given";
  return response.error->message + " (" + std::to_string(response.error->code) + ")";
}

bool IsYes(const Response& response) {
  return !response.error && response.result.IsBool() && response.result.AsBool();
}

/// A hash that solves the block is worth sending at any difficulty.
U256 TargetOf(double difficulty, uint32_t bits) {
  const CompactTarget block = DecodeCompact(bits);
  const U256 share = TargetOfDifficulty(difficulty);
  return block.negative || block.overflow ? share : std::max(share, block.target);
}

}  // namespace

ClientSession::ClientSession(Settings settings, ShareTally& tally, Time now)
    : settings_(std::move(settings)), tally_(tally), started_(now), heard_(now), probed_(now) {
  Configure configure;
  configure.version_mask = kRollableVersionBits;
  Send(Ask::kConfigure, configure, now);
  Send(Ask::kSubscribe, Subscribe{settings_.agent, ""}, now);
}

void ClientSession::SendLine(const std::string& line) {
  lines_ += line;
  lines_ += '\n';
}

/// A pool cannot fill the log.
void ClientSession::Tell(const std::string& text) {
  if (++told_ <= kMostTold) LOG_INFO("Pool {}: {}", settings_.host, text);
}

template <typename Request>
void ClientSession::Send(Ask ask, const Request& request, Time now, double difficulty) {
  pending_.emplace(next_id_, Pending{ask, now, difficulty});
  SendLine(Encode(json::Value::Integer(next_id_), request));
  ++next_id_;
}

Status ClientSession::Receive(std::string_view line, Time now) {
  heard_ = now;
  const auto message = DecodePoolLine(line);
  if (!message) {
    Tell("a line is not understood: " + message.error().message);
    if (++bad_lines_ > kMostBadLines) {
      return Invalid("too many lines are not understood, the last one: " + message.error().message);
    }
    return {};
  }
  return std::visit([&](const auto& body) { return Handle(body, *message, now); }, message->body);
}

// --- Notices ---

Status ClientSession::Handle(const UnknownNotice& notice, const PoolMessage& message,
                             Time /*now*/) {
  LOG_DEBUG(log::kStratum, "Pool {}: {} is not known here", settings_.host, notice.method);
  if (!message.id.IsNull()) {
    SendLine(Encode(message.id, Refuse(Refusal::kOther, "Unknown method")));
  }
  return {};
}

/// A new difficulty belongs to the next job. That of the present one may rise but not fall, since
/// pools differ in which of the two they hold its shares to.
Status ClientSession::Handle(const SetDifficulty& notice, const PoolMessage& /*message*/,
                             Time /*now*/) {
  job_difficulty_ = difficulty_ ? std::max(job_difficulty_, notice.difficulty) : notice.difficulty;
  difficulty_ = notice.difficulty;
  UpdateWork();
  return {};
}

Status ClientSession::Handle(const SetExtranonce& notice, const PoolMessage& /*message*/,
                             Time /*now*/) {
  next_extranonce_ = notice;
  return {};
}

Status ClientSession::Handle(const SetVersionMask& notice, const PoolMessage& /*message*/,
                             Time /*now*/) {
  SetMask(notice.mask);
  return {};
}

/// Likewise the present job keeps no bit that was taken away and gets none.
void ClientSession::SetMask(std::optional<uint32_t> mask) {
  mask_ = mask;
  if (mask_) *mask_ &= kRollableVersionBits;  // no pool can make us roll more
  job_mask_ = job_mask_ && mask_ ? std::optional(*job_mask_ & *mask_) : mask_;
  UpdateWork();
}

Status ClientSession::Handle(const Notify& notice, const PoolMessage& /*message*/, Time now) {
  job_ = notice;
  job_since_ = now;
  ++sequence_;
  if (notice.clean) first_valid_ = sequence_;
  if (next_extranonce_) extranonce_ = *std::exchange(next_extranonce_, std::nullopt);
  job_difficulty_ = difficulty_.value_or(1);
  job_mask_ = mask_;
  UpdateWork();
  return {};
}

Status ClientSession::Handle(const Reconnect& notice, const PoolMessage& /*message*/,
                             Time /*now*/) {
  // Whoever can speak for the pool for a moment must not take the miner away for good.
  if (!notice.host.empty() && Lower(notice.host) != Lower(settings_.host)) {
    Tell("it wants us to go to " + notice.host + ", not followed, as that is another host");
    return {};
  }
  const std::chrono::seconds wait(notice.wait_seconds);
  move_ = Move{notice.port, std::min(wait, kLongestWait)};
  return {};
}

Status ClientSession::Handle(const ShowMessage& notice, const PoolMessage& /*message*/,
                             Time /*now*/) {
  Tell("it says: " + notice.text);
  return {};
}

Status ClientSession::Handle(const GetVersion& /*request*/, const PoolMessage& message,
                             Time /*now*/) {
  SendLine(Encode(message.id, Response{json::Value::String(settings_.agent), std::nullopt}));
  return {};
}

// --- Answers ---

Status ClientSession::Handle(const Response& response, const PoolMessage& message, Time now) {
  const auto id = message.id.AsInt();
  const auto found = id ? pending_.find(*id) : pending_.end();
  if (found == pending_.end()) return {};  // too late, or to nothing that we asked
  const Pending pending = found->second;
  pending_.erase(found);
  switch (pending.ask) {
    case Ask::kConfigure: SetMask(DecodeConfigured(response.result).version_mask); break;
    case Ask::kSubscribe: return HandleSubscribed(response, now);
    case Ask::kAuthorize:
      if (!IsYes(response)) {
        return Invalid("the user " + settings_.user + " is refused: " + Describe(response));
      }
      authorized_ = true;
      UpdateWork();
      break;
    case Ask::kExtranonce: break;
    case Ask::kShare: HandleShareAnswer(pending, response); break;
  }
  return {};
}

Status ClientSession::HandleSubscribed(const Response& response, Time now) {
  if (response.error) return Invalid("mining.subscribe is refused: " + Describe(response));
  auto subscribed = DecodeSubscribed(response.result);
  if (!subscribed) return tl::unexpected(subscribed.error());
  extranonce_ = SetExtranonce{std::move(subscribed->extranonce1), subscribed->extranonce2_size};
  Send(Ask::kAuthorize, Authorize{settings_.user, settings_.password}, now);
  Send(Ask::kExtranonce, SubscribeExtranonce(), now);
  UpdateWork();
  return {};
}

void ClientSession::HandleShareAnswer(const Pending& share, const Response& response) {
  if (IsYes(response)) {
    ++tally_.accepted;
    tally_.accepted_difficulty += share.difficulty;
    return;
  }
  ++(response.error && IsStale(*response.error) ? tally_.stale : tally_.rejected);
  tally_.last_error = "a share is refused: " + Describe(response);
  Tell(tally_.last_error);
}

// --- Work ---

void ClientSession::UpdateWork() {
  if (!authorized_ || !extranonce_ || !job_) return;
  auto work = std::make_shared<ClientWork>();
  work->session = settings_.number;
  work->sequence = sequence_;
  work->job = *job_;
  // An extranonce that came after the job is that of the next one, so this is the job's.
  work->extranonce1 = extranonce_->extranonce1;
  work->extranonce2_size = extranonce_->extranonce2_size;
  work->version_mask = job_mask_;
  work->difficulty = job_difficulty_;
  work->target = TargetOf(job_difficulty_, job_->bits);
  work_ = std::move(work);
}

void ClientSession::Submit(const FoundShare& share, Time now) {
  if (share.work->session != settings_.number || share.work->sequence < first_valid_) {
    ++tally_.stale;
    return;
  }
  if (pending_.size() >= kMostPending) return;
  const ClientWork& work = *share.work;
  stratum::Submit submit{settings_.user, work.job.job, share.extranonce2,
                         share.time,     share.nonce,  std::nullopt};
  if (work.version_mask) submit.version_bits = share.version & *work.version_mask;
  Send(Ask::kShare, submit, now, work.difficulty);
}

// --- Time ---

Status ClientSession::Tick(Time now) {
  if (now >= heard_ + kLongestSilence) return Invalid("the pool is silent");
  if (work_ == nullptr && now >= started_ + kFirstJobTime) return Invalid("the pool gives no job");
  if (job_ && now >= job_since_ + kLongestOfJob) return Invalid("the pool gives no more jobs");
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (now < at->second.asked + kAnswerTime) {
      ++at;
    } else if (IsOptional(at->second.ask)) {
      at = pending_.erase(at);
    } else {
      return Invalid("the pool does not answer");
    }
  }
  if (now >= std::max(heard_, probed_) + kProbeAfter) {
    probed_ = now;
    Send(Ask::kExtranonce, SubscribeExtranonce(), now);  // whatever it answers is a sign of life
  }
  return {};
}

ClientSession::Time ClientSession::Deadline() const {
  Time first = std::min(heard_ + kLongestSilence, std::max(heard_, probed_) + kProbeAfter);
  if (work_ == nullptr) first = std::min(first, started_ + kFirstJobTime);
  if (job_) first = std::min(first, job_since_ + kLongestOfJob);
  // Ids ascend with time.
  if (!pending_.empty()) first = std::min(first, pending_.begin()->second.asked + kAnswerTime);
  return first;
}

}  // namespace cairn::mining::stratum
