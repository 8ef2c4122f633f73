#include "src/mining/stratum/session.h"

#include <algorithm>
#include <utility>

#include "cairn/base/endian.h"
#include "cairn/mining/version_rolling.h"
#include "consensus/rules/header.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

constexpr size_t kLongestWorkerName = 128;
// How long after its end shares for a job are nobody's fault: they were under way, and a fast miner
// on an easy chain sends hundreds.
constexpr std::chrono::seconds kUnderWay{10};
constexpr size_t kMostFormerJobs = 64;

std::array<uint8_t, kExtranonce1Size> BytesOf(uint32_t extranonce1) {
  std::array<uint8_t, kExtranonce1Size> bytes;
  StoreBig(bytes.data(), extranonce1);
  return bytes;
}

StratumError MakeError(Refusal refusal, std::string message) {
  return {static_cast<int64_t>(refusal), std::move(message)};
}

void Send(const std::string& line, Doings& doings) {
  doings.send += line;
  doings.send += '\n';
}

void SendAnswer(const MessageId& id, const Response& response, Doings& doings) {
  Send(Encode(id, response), doings);
}

}  // namespace

Session::Session(const SessionSettings& settings, const ServedJobPtr& current, uint32_t extranonce1,
                 Time now)
    : settings_(settings),
      current_(current),
      extranonce1_(BytesOf(extranonce1)),
      began_(now),
      vardiff_(settings.vardiff, now) {}

std::vector<std::string> Session::WorkerNames() const {
  std::vector<std::string> names;
  for (const Worker& worker : workers_) names.push_back(worker.name);
  return names;
}

void Session::OnLine(std::string_view line, Time now, Doings& doings) {
  if (closed_) return;
  const auto message = DecodeMinerLine(line);
  if (!message) return CutOff(message.error().message, doings);
  std::visit([&](const auto& body) { Handle(message->id, body, now, doings); }, message->body);
  if (refusals_ >= settings_.limits.refusals) CutOff("too many requests were refused", doings);
}

void Session::OnTime(Time now, Doings& doings) {
  if (closed_) return;
  if (!Mines()) {
    if (now - began_ >= settings_.limits.login_time) CutOff("no login in time", doings);
    return;
  }
  if (vardiff_.Adjust(now)) UpdateDifficulty(now, doings);
}

void Session::OnJob(Time now, Doings& doings) {
  if (closed_) return;
  if (current_->clean) {
    for (Announced& job : announced_jobs_) EndJob(std::move(job), now);
    announced_jobs_.clear();
  }
  if (Mines()) AnnounceCurrent(now, doings);
}

void Session::OnStored(bool stored, Doings& doings) {
  const MessageId id = std::move(unstored_.front());
  unstored_.pop_front();
  if (closed_) return;
  if (stored) return SendAnswer(id, Accept(), doings);
  SendAnswer(id, stratum::Refuse(Refusal::kOther, "the share cannot be stored"), doings);
}

// --- Requests ---

void Session::Handle(const MessageId& id, const Subscribe& request, Time now, Doings& doings) {
  const bool mined = Mines();
  subscribed_ = true;
  agent_ = request.agent;
  Subscribed answer;
  answer.extranonce1.assign(extranonce1_.begin(), extranonce1_.end());
  answer.extranonce2_size = kExtranonce2Size;
  SendAnswer(id, AnswerWith(answer), doings);
  if (!mined && Mines()) AnnounceCurrent(now, doings);
}

void Session::Handle(const MessageId& id, const Authorize& request, Time now, Doings& doings) {
  if (FindWorker(request.user) != nullptr) return SendAnswer(id, Accept(), doings);
  if (request.user.size() > kLongestWorkerName) {
    return Refuse(id, MakeError(Refusal::kUnauthorized, "the name is too long"), doings);
  }
  if (workers_.size() >= settings_.limits.workers) {
    return Refuse(id, MakeError(Refusal::kUnauthorized, "too many workers on one connection"),
                  doings);
  }
  const std::string_view user = request.user;
  auto script = DecodeAddress(user.substr(0, user.find('.')), settings_.prefixes);
  if (!script) {
    return Refuse(id,
                  MakeError(Refusal::kUnauthorized, "the name must be ADDRESS or ADDRESS.WORKER: " +
                                                        script.error().message),
                  doings);
  }
  const bool pays_finder = settings_.payout == PayoutRule::kSolo;
  if (pays_finder && !workers_.empty() && workers_[0].script != *script) {
    return Refuse(id,
                  MakeError(Refusal::kUnauthorized,
                            "a connection pays to one address: that of its first worker"),
                  doings);
  }
  const bool mined = Mines();
  workers_.push_back({request.user, *std::move(script)});
  SendAnswer(id, Accept(), doings);
  if (!mined && Mines()) AnnounceCurrent(now, doings);
}

void Session::Handle(const MessageId& id, const SubscribeExtranonce& /*request*/, Time /*now*/,
                     Doings& doings) {
  SendAnswer(id, Accept(), doings);
}

void Session::Handle(const MessageId& id, const Configure& request, Time now, Doings& doings) {
  Configured answer;
  if (request.version_mask) {
    version_mask_ = *request.version_mask & kRollableVersionBits;
    answer.version_mask = version_mask_;
  }
  if (request.minimum_difficulty) {
    vardiff_.RaiseLeast(*request.minimum_difficulty, now);
    answer.minimum_difficulty = true;
  }
  if (request.subscribe_extranonce) answer.subscribe_extranonce = true;
  answer.unknown_extensions = request.unknown_extensions;
  SendAnswer(id, AnswerWith(answer), doings);
  UpdateDifficulty(now, doings);
}

void Session::Handle(const MessageId& id, const SuggestDifficulty& request, Time now,
                     Doings& doings) {
  vardiff_.Suggest(request.difficulty, now);
  SendAnswer(id, Accept(), doings);
  UpdateDifficulty(now, doings);
}

void Session::Handle(const MessageId& id, const MalformedRequest& request, Time /*now*/,
                     Doings& doings) {
  Refuse(id, MakeError(Refusal::kOther, request.reason), doings);
}

void Session::Handle(const MessageId& id, const UnknownRequest& request, Time /*now*/,
                     Doings& doings) {
  Refuse(id, MakeError(Refusal::kOther, "there is no " + request.method), doings);
}

/// The server asks nothing.
void Session::Handle(const MessageId& /*id*/, const Response& /*response*/, Time /*now*/,
                     Doings& /*doings*/) {
  ++refusals_;
}

// --- Shares ---

void Session::Handle(const MessageId& id, const Submit& request, Time now, Doings& doings) {
  Announced* announced = FindJob(request.job);
  if (auto fault = Fault(request, announced)) {
    return RefuseShare(id, request, *std::move(fault), now, doings);
  }
  Judge(id, request, *announced, now, doings);
}

std::optional<StratumError> Session::Fault(const Submit& request,
                                           const Announced* announced) const {
  if (!subscribed_) return MakeError(Refusal::kNotSubscribed, "not subscribed");
  if (FindWorker(request.user) == nullptr) {
    return MakeError(Refusal::kUnauthorized, "the worker is not authorized");
  }
  if (announced == nullptr) return MakeError(Refusal::kStale, "the job is unknown or stale");
  if (request.extranonce2.size() != kExtranonce2Size) {
    return MakeError(Refusal::kOther, "extranonce2 does not have 8 bytes");
  }
  const UnixSeconds latest = std::min<UnixSeconds>(
      settings_.clock->Now() + consensus::kMaxFutureSeconds, announced->job->latest_time);
  if (request.time < announced->job->earliest_time || request.time > latest) {
    return MakeError(Refusal::kOther, "the time is out of range");
  }
  const uint32_t mask = version_mask_.value_or(0);
  if (request.version_bits && (*request.version_bits & ~mask) != 0) {
    return MakeError(Refusal::kOther, "the version has bits that are not to be varied");
  }
  return std::nullopt;
}

void Session::Judge(const MessageId& id, const Submit& request, Announced& announced, Time now,
                    Doings& doings) {
  const ServedJob& job = *announced.job;
  const Notify notice = NoticeOf(job, {}, OwnScript(), announced.repeat);
  const Header header = HeaderOf(notice, extranonce1_, version_mask_.value_or(0), request);
  const BlockHash hash = header.Hash();
  const U256 number = U256::FromLittle(hash.span());
  const double difficulty = announced.difficulty;
  const bool is_block = number <= job.target;
  // Only what is worth remembering is remembered: who floods must work for it.
  const bool is_share = is_block || number <= TargetOfDifficulty(difficulty);
  const uint64_t part = LoadLittle<uint64_t>(hash.bytes.data());
  if (announced.seen.contains(part)) {
    return RefuseShare(id, request, MakeError(Refusal::kDuplicate, "duplicate share"), now, doings);
  }
  if (!is_share) {
    return RefuseShare(id, request, MakeError(Refusal::kLowDifficulty, "low difficulty"), now,
                       doings);
  }
  if (!is_block && announced.seen.size() >= settings_.limits.shares_of_job) {
    return RefuseShare(id, request, MakeError(Refusal::kOther, "too many shares of one job"), now,
                       doings);
  }
  announced.seen.insert(part);
  if (is_block) {
    doings.blocks.push_back(
        {announced.job, header, Coinbase(notice, extranonce1_, request.extranonce2), request.user});
  }
  refusals_ = 0;
  doings.shares.push_back({request.user, FindWorker(request.user)->script, difficulty,
                           DifficultyOfHash(hash), settings_.clock->Now()});
  unstored_.push_back(id);
  vardiff_.OnShare(difficulty);
  if (vardiff_.Adjust(now)) UpdateDifficulty(now, doings);
}

void Session::RefuseShare(const MessageId& id, const Submit& request, StratumError error, Time now,
                          Doings& doings) {
  const bool stale = error.code == static_cast<int64_t>(Refusal::kStale);
  if (FindWorker(request.user) != nullptr) {
    doings.refused.push_back(
        {request.user, stale ? ShareStore::Refused::kStale : ShareStore::Refused::kOther});
  }
  if (stale && MayBeUnderWay(request.job, now)) {
    return SendAnswer(id, {json::Value(), std::move(error)}, doings);
  }
  Refuse(id, std::move(error), doings);
}

void Session::Refuse(const MessageId& id, StratumError error, Doings& doings) {
  ++refusals_;
  SendAnswer(id, {json::Value(), std::move(error)}, doings);
}

void Session::CutOff(std::string_view reason, Doings& doings) {
  if (closed_) return;
  closed_ = true;
  doings.close = true;
  SendAnswer(MessageId(), stratum::Refuse(Refusal::kOther, std::string(reason)), doings);
}

Session::Announced* Session::FindJob(std::string_view name) {
  const auto found = std::find_if(announced_jobs_.begin(), announced_jobs_.end(),
                                  [&](const Announced& job) { return job.name == name; });
  return found == announced_jobs_.end() ? nullptr : &*found;
}

void Session::EndJob(Announced job, Time now) {
  former_jobs_.push_back({std::move(job.name), now});
  if (former_jobs_.size() > kMostFormerJobs) former_jobs_.pop_front();
}

bool Session::MayBeUnderWay(std::string_view job, Time now) const {
  return std::any_of(former_jobs_.begin(), former_jobs_.end(), [&](const FormerJob& former) {
    return former.name == job && now - former.ended < kUnderWay;
  });
}

const Session::Worker* Session::FindWorker(std::string_view name) const {
  const auto found = std::find_if(workers_.begin(), workers_.end(),
                                  [&](const Worker& worker) { return worker.name == name; });
  return found == workers_.end() ? nullptr : &*found;
}

// --- Jobs ---

/// Who mines must not pass over a block, so shares are never harder, unless the options want it.
void Session::BoundDifficulty(Time now) {
  const double least = settings_.may_exceed_block ? settings_.vardiff.least : 0;
  vardiff_.SetMost(std::max(current_->difficulty, least), now);
}

ByteSpan Session::OwnScript() const { return workers_[0].script; }

void Session::AnnounceCurrent(Time now, Doings& doings) {
  if (current_ == nullptr) return;
  if (announced_ == 0) vardiff_.Begin(now);
  BoundDifficulty(now);
  repeats_ = 0;
  Announce(NameOf(current_->number), now, doings);
}

void Session::Announce(std::string name, Time now, Doings& doings) {
  const ServedJob& job = *current_;
  const double difficulty = vardiff_.difficulty();
  if (difficulty != announced_) {
    announced_ = difficulty;
    Send(Encode(SetDifficulty{difficulty}), doings);
  }
  const bool clean = announced_jobs_.empty();
  if (repeats_ == 0 && clean == job.clean && !job.line.empty()) {
    Send(job.line, doings);
  } else {
    Notify notice = NoticeOf(job, name, OwnScript(), repeats_);
    notice.clean = clean;
    Send(Encode(notice), doings);
  }
  announced_jobs_.push_back({std::move(name), current_, repeats_, difficulty, {}});
  if (announced_jobs_.size() > settings_.limits.jobs) {
    EndJob(std::move(announced_jobs_.front()), now);
    announced_jobs_.erase(announced_jobs_.begin());
  }
}

void Session::UpdateDifficulty(Time now, Doings& doings) {
  if (!Mines() || current_ == nullptr) return;
  BoundDifficulty(now);
  const double difficulty = vardiff_.difficulty();
  // Who changes its mind more often than that has the next job to wait for.
  if (difficulty == announced_ || repeats_ == kMostRepeats) return;
  // Miners may take it for the jobs that they have, too; for those what is easier counts.
  for (Announced& job : announced_jobs_) job.difficulty = std::min(job.difficulty, difficulty);
  // Most take it for the next job only, so that they get one: the same under another name.
  ++repeats_;
  Announce(NameOf(current_->number) + '.' + NameOf(repeats_), now, doings);
}

}  // namespace cairn::mining::stratum
