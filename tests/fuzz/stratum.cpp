#include <algorithm>
#include <string>
#include <type_traits>

#include "cairn/base/assert.h"
#include "cairn/mining/pool_client.h"
#include "cairn/mining/version_rolling.h"
#include "src/mining/stratum/client_session.h"
#include "src/mining/stratum/work.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {
namespace {

using namespace mining::stratum;  // NOLINT(google-build-using-namespace): all of it is meant

template <typename Body>
constexpr bool kCanBeWritten =
    !std::is_same_v<Body, UnknownRequest> && !std::is_same_v<Body, MalformedRequest> &&
    !std::is_same_v<Body, UnknownNotice>;

template <typename Body>
std::string Write(const MessageId& id, const Body& body) {
  if constexpr (requires { Encode(id, body); }) {
    return Encode(id, body);
  } else {
    return Encode(body);
  }
}

/// What is written of a message is read as the same.
template <typename Decode>
void CheckLine(std::string_view line, size_t longest, const Decode& decode) {
  const auto message = decode(line);
  CAIRN_ASSERT(message || !message.error().message.empty());
  if (!message) return;
  CAIRN_ASSERT(line.size() <= longest);
  std::visit(
      [&]<typename Body>(const Body& body) {
        if constexpr (kCanBeWritten<Body>) {
          const std::string written = Write(message->id, body);
          if (written.size() > longest) return;  // escapes are longer than what they stand for
          const auto again = decode(written);
          CAIRN_ASSERT(again);
          const Body* same = std::get_if<Body>(&again->body);
          CAIRN_ASSERT(same != nullptr);
          CAIRN_ASSERT(Write(again->id, *same) == written);
        }
      },
      message->body);
}

void CheckResults(std::string_view line) {
  const auto message = DecodePoolLine(line);
  const Response* response = message ? std::get_if<Response>(&message->body) : nullptr;
  if (response == nullptr) return;
  const auto subscribed = DecodeSubscribed(response->result);
  if (subscribed) {
    const auto again = DecodeSubscribed(AnswerWith(*subscribed).result);
    CAIRN_ASSERT(again && again->extranonce1 == subscribed->extranonce1);
    CAIRN_ASSERT(again->extranonce2_size == subscribed->extranonce2_size);
  }
  const Configured configured = DecodeConfigured(response->result);
  CAIRN_ASSERT(DecodeConfigured(AnswerWith(configured).result).version_mask ==
               configured.version_mask);
}

void CheckJob(std::string_view line) {
  const auto message = DecodePoolLine(line);
  const Notify* job = message ? std::get_if<Notify>(&message->body) : nullptr;
  if (job == nullptr) return;
  const Header header = HeaderOf(*job, {}, {});
  CAIRN_ASSERT(header.previous == SwapWords(SwapWords(job->previous)));
  CAIRN_ASSERT(header.bits == job->bits);
}

void CheckWork(const ClientWork& work) {
  CAIRN_ASSERT(work.extranonce2_size >= 1 && work.extranonce2_size <= kLargestExtranonce);
  CAIRN_ASSERT((work.version_mask.value_or(0) & ~mining::kRollableVersionBits) == 0);
  CAIRN_ASSERT(work.target >= TargetOfDifficulty(work.difficulty));
}

/// What we send is always something that a pool can read.
void CheckSent(std::string_view lines) {
  constexpr size_t kMostAtOnce = 64 << 10;
  CAIRN_ASSERT(lines.size() <= kMostAtOnce);
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    CAIRN_ASSERT(end != lines.npos);
    const auto message = DecodeMinerLine(lines.substr(0, end));
    CAIRN_ASSERT(message && !std::holds_alternative<MalformedRequest>(message->body));
    lines.remove_prefix(end + 1);
  }
}

/// A miner with a pool that says the lines of `text`, some time apart.
void RunSession(std::string_view text) {
  ClientSession::Time now{std::chrono::hours(1)};
  ShareTally tally;
  ClientSession session({"pool.example", "user", "password", "agent", 1}, tally, now);
  Status alive;
  while (alive && !text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    alive = session.Receive(line, now);
    CheckSent(session.TakeLines());
    if (const auto& work = session.work()) {
      CheckWork(*work);
      session.Submit({work, Bytes(work->extranonce2_size), work->job.time, 1, 0}, now);
      CheckSent(session.TakeLines());
    }
    CAIRN_ASSERT(!session.move() || session.move()->wait <= std::chrono::minutes(1));
    now += std::chrono::seconds(line.size() % 16);
    if (alive && session.Deadline() <= now) {
      alive = session.Tick(now);
      CAIRN_ASSERT(!alive || session.Deadline() > now);
      CheckSent(session.TakeLines());
    }
  }
  CAIRN_ASSERT(alive || !alive.error().message.empty());
}

void CheckUrl(std::string_view text) {
  const auto pool = mining::ParsePoolUrl(text);
  CAIRN_ASSERT(pool ? pool->port != 0 && !pool->user.empty() && !pool->host.empty()
                    : !pool.error().message.empty());
  if (!pool) return;
  std::string url = pool->Url();
  url.insert(url.find("//") + 2, "u@");
  const auto again = mining::ParsePoolUrl(url);
  CAIRN_ASSERT(again && again->Url() == pool->Url());
}

}  // namespace

void FuzzStratum(ByteSpan input) {
  if (input.empty()) return;
  const std::string_view text = AsText(input.subspan(1));
  switch (static_cast<StratumInput>(input[0] % 4)) {
    case StratumInput::kMinerLine: return CheckLine(text, kLongestMinerLine, DecodeMinerLine);
    case StratumInput::kPoolLine:
      CheckLine(text, kLongestPoolLine, DecodePoolLine);
      CheckResults(text);
      return CheckJob(text);
    case StratumInput::kPool: return RunSession(text);
    case StratumInput::kUrl: return CheckUrl(text);
  }
}

}  // namespace cairn::fuzz
