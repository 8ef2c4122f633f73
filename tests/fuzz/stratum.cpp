#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cairn/base/assert.h"
#include "cairn/genesis/chain_file.h"
#include "cairn/mining/pool_client.h"
#include "cairn/mining/version_rolling.h"
#include "cairn/primitives/address.h"
#include "cairn/primitives/script.h"
#include "src/mining/stratum/client_session.h"
#include "src/mining/stratum/session.h"
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

/// A server's end of a connection, its jobs and its store, and what a miner may count on.
class ServedMiner {
 public:
  ServedMiner() {
    settings_.prefixes = genesis::BuiltInChain("regtest").value().prefixes;
    settings_.clock = &clock_;
    settings_.vardiff.start = settings_.vardiff.least = 1e-9;
    settings_.limits = {.workers = 3, .jobs = 4, .shares_of_job = 16, .refusals = 20};
    clock_.SetMock(kBegin);
    MakeJob(true);
    session_.emplace(settings_, job_, 7, now_);
  }

  /// One line: an event if it begins with a mark, else what the miner sends.
  void Step(std::string_view line) {
    Doings doings;
    const char mark = line.empty() ? ' ' : line[0];
    const auto number = static_cast<uint8_t>(line.size() > 1 ? line[1] : 0);
    if (mark == '!' || mark == '~') {
      MakeJob(mark == '!');
      session_->OnJob(now_, doings);
    } else if (mark == '@') {
      now_ += std::chrono::seconds(number);
      session_->OnTime(now_, doings);
    } else if (mark == '+' || mark == '-') {
      if (unstored_ == 0) return;
      --unstored_;
      session_->OnStored(mark == '+', doings);
    } else if (mark == '&') {
      Authorize login{Address(number) + ".rig", "x"};
      session_->OnLine(Encode(kId, Subscribe{"agent", {}}), now_, doings);
      Check(std::exchange(doings, {}));
      session_->OnLine(Encode(kId, login), now_, doings);
    } else if (mark == '#') {
      session_->OnLine(Encode(kId, MakeShare(number)), now_, doings);
    } else {
      session_->OnLine(line, now_, doings);
    }
    Check(std::move(doings));
  }

 private:
  static constexpr UnixSeconds kBegin = 1'700'000'000;
  static constexpr uint32_t kEasy = 0x207fffff;
  inline static const MessageId kId = json::Value::Integer(5);

  static Bytes Script(uint8_t number) {
    Bytes script{OP_0, 20};
    script.resize(22, number % 4);
    return script;
  }
  std::string Address(uint8_t number) const {
    return *EncodeAddress(Script(number), settings_.prefixes);
  }

  void MakeJob(bool clean) {
    TransactionDraft coinbase;
    coinbase.inputs.emplace_back().script_sig = Bytes{2, 1, 1};
    coinbase.outputs.push_back({50 * kCoin, Script(9)});
    coinbase.outputs.push_back({0, Bytes{OP_RETURN}});
    mining::BlockTemplate block;
    block.header.bits = kEasy;
    block.header.time = kBegin;
    block.header.version = 0x20000000;
    block.transactions.push_back(coinbase.Finish());
    ServedJob job;
    job.number = ++jobs_;
    job.block = std::make_shared<const mining::BlockTemplate>(std::move(block));
    job.earliest_time = kBegin - 100;
    job.clean = clean;
    if (jobs_ % 2 == 0) job.payouts = {{50 * kCoin, Script(1)}};
    job_ = MakeServedJob(std::move(job));
  }

  /// For one of the jobs that were announced last.
  Submit MakeShare(uint8_t number) const {
    Submit share;
    share.user = Address(0) + ".rig";
    if (!announced_.empty()) share.job = announced_[number % announced_.size()];
    share.extranonce2 = Bytes(kExtranonce2Size, number / 16);
    share.time = kBegin;
    share.nonce = number;
    return share;
  }

  void Check(Doings doings) {
    CAIRN_ASSERT(!closed_ || (doings.send.empty() && doings.shares.empty()));
    closed_ = closed_ || doings.close;
    unstored_ += doings.shares.size();
    CAIRN_ASSERT(session_->Unstored() == unstored_);
    CAIRN_ASSERT(session_->WorkerNames().size() <= settings_.limits.workers);
    CAIRN_ASSERT(doings.blocks.size() <= doings.shares.size());
    for (const FoundBlock& found : doings.blocks) {
      const BlockHash hash = found.header.Hash();
      CAIRN_ASSERT(U256::FromLittle(hash.span()) <= found.job->target);
      CAIRN_ASSERT(blocks_.insert(hash).second);
      const auto block = Block::Parse(BlockOf(*found.job, found.header, found.coinbase));
      CAIRN_ASSERT(block && (*block)->hash() == hash);
      const Txid& only = (*block)->transactions()[0].txid;
      CAIRN_ASSERT(only.bytes == found.header.merkle_root.bytes);
    }
    for (std::string_view lines = doings.send; !lines.empty();) {
      const size_t end = lines.find('\n');
      CAIRN_ASSERT(end != lines.npos);
      const auto message = DecodePoolLine(lines.substr(0, end));
      CAIRN_ASSERT(message.has_value());
      if (const auto* notice = std::get_if<Notify>(&message->body)) {
        if (notice->clean) announced_.clear();
        announced_.push_back(notice->job);
      }
      lines.remove_prefix(end + 1);
    }
  }

  Clock clock_;
  SessionSettings settings_;
  Session::Time now_{std::chrono::hours(1)};
  ServedJobPtr job_;
  uint64_t jobs_ = 0;
  std::optional<Session> session_;
  size_t unstored_ = 0;
  bool closed_ = false;
  std::vector<std::string> announced_;
  std::set<BlockHash> blocks_;
};

void RunServedMiner(std::string_view text) {
  ServedMiner miner;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    miner.Step(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
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
  switch (static_cast<StratumInput>(input[0] % 5)) {
    case StratumInput::kMinerLine: return CheckLine(text, kLongestMinerLine, DecodeMinerLine);
    case StratumInput::kPoolLine:
      CheckLine(text, kLongestPoolLine, DecodePoolLine);
      CheckResults(text);
      return CheckJob(text);
    case StratumInput::kPool: return RunSession(text);
    case StratumInput::kUrl: return CheckUrl(text);
    case StratumInput::kMiner: return RunServedMiner(text);
  }
}

}  // namespace cairn::fuzz
