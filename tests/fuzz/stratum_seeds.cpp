#include "tests/fuzz/stratum_seeds.h"

#include "src/mining/stratum/messages.h"
#include "tests/fuzz/targets.h"

namespace cairn::fuzz {

using namespace mining::stratum;  // NOLINT(google-build-using-namespace): all of it is meant

std::vector<StratumSeed> StratumSeeds() {
  std::vector<StratumSeed> seeds;
  const auto add = [&](StratumInput kind, const std::string& name, std::string_view text) {
    Bytes bytes = {static_cast<uint8_t>(kind)};
    Append(bytes, AsBytes(text));
    seeds.emplace_back(name, std::move(bytes));
  };
  const MessageId id = json::Value::Integer(3);
  const auto miner = [&](const std::string& name, const auto& request) {
    add(StratumInput::kMinerLine, "miner_" + name, Encode(id, request));
  };
  miner("subscribe", Subscribe{"agent", "session"});
  miner("authorize", Authorize{"user", "password"});
  miner("extranonce", SubscribeExtranonce());
  miner("configure", Configure{0x1fffe000, 2048.0, true, {"info"}});
  miner("suggest", SuggestDifficulty{0.5});
  miner("submit", Submit{"user", "job", {1, 2, 3, 4}, 1'700'000'000, 5, 0x2000});

  Notify job;
  job.job = "job";
  job.coinbase1 = Bytes(50, 1);
  job.coinbase2 = Bytes(50, 2);
  job.branch = {crypto::Digest{}, crypto::Sha256Of({})};
  job.version = 0x20000000;
  job.bits = 0x1d00ffff;
  job.clean = true;
  const auto answer = [](int64_t to, const Response& response) {
    return Encode(json::Value::Integer(to), response);
  };
  const Configured configured{0x1fffe000, false, true, {}};
  const std::vector<std::pair<std::string, std::string>> lines = {
      {"configured", answer(1, AnswerWith(configured))},
      {"subscribed", answer(2, AnswerWith(Subscribed{{1, 2}, 4, "session"}))},
      {"authorized", answer(3, Accept())},
      {"set_difficulty", Encode(SetDifficulty{1e-3})},
      {"notify", Encode(job)},
      {"accepted", answer(5, Accept())},
      {"set_extranonce", Encode(SetExtranonce{{7}, 8})},
      {"set_version_mask", Encode(SetVersionMask{0xe000})},
      {"show_message", Encode(ShowMessage{"text"})},
      {"get_version", Encode(id, GetVersion())},
      {"next_notify", Encode(job)},
      {"refused", answer(6, Refuse(Refusal::kStale, "Job not found"))},
      {"reconnect", Encode(Reconnect{"pool.example", 3333, 5})},
  };
  std::string session;
  for (const auto& [name, line] : lines) {
    add(StratumInput::kPoolLine, "pool_" + name, line);
    session += line + "\n";
    add(StratumInput::kPool, "session_to_" + name, session);
  }
  const std::string configure = Encode(id, Configure{0x1fffe000, {}, false, {}});
  const std::string suggest = Encode(id, SuggestDifficulty{1e-8});
  add(StratumInput::kMiner, "miner_shares", "&\n#a\n+\n#b\n#c\n-\n+\n");
  add(StratumInput::kMiner, "miner_jobs", configure + "\n&\n~\n#a\n~\n#b\n!\n#a\n#b\n+\n+\n");
  add(StratumInput::kMiner, "miner_vardiff", "&\n" + suggest + "\n#a\n@z\n@z\n#a\n#b\n");
  add(StratumInput::kUrl, "url", "stratum+tcp://user:pass%20word@pool.example:3333");
  add(StratumInput::kUrl, "url_ipv6", "stratum+ssl://user@[::1]:443/");
  return seeds;
}

}  // namespace cairn::fuzz
