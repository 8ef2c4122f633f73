// Asks a running node as several readers do at once, and measures how long each waits for its
// answers.
//
// Each client is a thread with a connection of its own, on which it calls one of four methods at
// random, waits for the answer, pauses, and goes on. The last line of the output is one JSON object
// with the latencies by method, in milliseconds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "cairn/base/json.h"
#include "tests/bench/bench_options.h"
#include "tests/bench/chain_maker/random.h"
#include "tests/bench/reader_load/chain_samples.h"
#include "tests/bench/reader_load/rpc_connection.h"

namespace {

using cairn::Result;
using cairn::bench::BlockSample;
using cairn::bench::Random;
using cairn::bench::RpcConnection;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kUsage =
    R"(usage: reader_load --port=N --cookie=FILE --chain=FILE [options]
  --port=N          of the node's RPC server on 127.0.0.1
  --cookie=FILE     with the credentials
  --chain=FILE      that the node has imported, or is importing
  --seconds=N       for how long to go on (10)
  --until-height=N  end before that when the node has reached this height
  --clients=N       (4)
  --pause-ms=N      of a client between an answer and its next call (5)
  --seed=N          (1)
)";

struct Options {
  uint64_t port = 0;
  uint64_t seconds = 10;
  uint64_t until_height = UINT32_MAX;
  uint64_t clients = 4;
  uint64_t pause_ms = 5;
  uint64_t seed = 1;
  std::string cookie, chain;
};

bool ParseOptions(int argc, char** argv, Options& options) {
  const bool parsed = cairn::bench::ParseBenchOptions(
      argc, argv,
      {.numbers =
           {
               {"--port", &options.port},
               {"--seconds", &options.seconds},
               {"--until-height", &options.until_height},
               {"--clients", &options.clients},
               {"--pause-ms", &options.pause_ms},
               {"--seed", &options.seed},
           },
       .texts = {{"--cookie", &options.cookie}, {"--chain", &options.chain}}});
  return parsed && options.port != 0 && !options.cookie.empty() && !options.chain.empty();
}

enum Method { kGetBlock, kGetTxOut, kGetBlockCount, kGetBlockchainInfo, kMethods };
constexpr const char* kNames[kMethods] = {"getblock", "gettxout", "getblockcount",
                                          "getblockchaininfo"};

/// Milliseconds of every call, by method.
using Latencies = std::vector<double>[kMethods];

/// What the clients share.
struct Load {
  const Options& options;
  const std::vector<BlockSample>& chain;
  std::atomic<uint64_t> height{0};  // that the node has reached, as far as anybody has heard
  std::atomic<bool> stop{false};
};

class Client {
 public:
  Client(Load& load, RpcConnection connection, uint64_t seed)
      : load_(load), connection_(std::move(connection)), random_(seed) {}

  void Run() {
    while (!load_.stop && error_.empty()) {
      CallOne(static_cast<Method>(random_.Below(kMethods)));
      std::this_thread::sleep_for(std::chrono::milliseconds(load_.options.pause_ms));
    }
  }

  /// Asks for the height, so that it is known what can be asked for.
  void Begin() { CallOne(kGetBlockCount); }

  const Latencies& latencies() const { return latencies_; }
  const std::string& error() const { return error_; }

 private:
  void CallOne(Method method) {
    const std::string params = ParamsFor(method);
    const auto start = SteadyClock::now();
    const Result<std::string_view> answer = connection_.Call(kNames[method], params);
    const std::chrono::duration<double, std::milli> took = SteadyClock::now() - start;
    if (!answer) {
      error_ = std::string(kNames[method]) + params + ": " + answer.error().message;
      return;
    }
    latencies_[method].push_back(took.count());
    if (method == kGetBlockCount) LearnHeight(*answer);
  }

  std::string ParamsFor(Method method) {
    if (method != kGetBlock && method != kGetTxOut) return "[]";
    const uint64_t top = std::min<uint64_t>(load_.height, load_.chain.size() - 1);
    const BlockSample& block = load_.chain[random_.Below(top + 1)];
    if (method == kGetBlock) return "[\"" + block.hash.ToString() + "\",0]";
    const auto& outputs = block.outputs.empty() ? load_.chain[1].outputs : block.outputs;
    const cairn::OutPoint& output = outputs[random_.Below(outputs.size())];
    return "[\"" + output.txid.ToString() + "\"," + std::to_string(output.index) + "]";
  }

  void LearnHeight(std::string_view answer) {
    const auto parsed = cairn::json::Parse(answer);
    const cairn::json::Value* result = parsed ? parsed->Find("result") : nullptr;
    const auto height = result != nullptr ? result->AsInt() : std::nullopt;
    if (!height) {
      error_ = "getblockcount: " + std::string(answer);
      return;
    }
    load_.height = static_cast<uint64_t>(*height);
    if (load_.height >= load_.options.until_height) load_.stop = true;
  }

  Load& load_;
  RpcConnection connection_;
  Random random_;
  Latencies latencies_;
  std::string error_;
};

/// The value that a share of all is no higher than. Sorts them.
double Quantile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  const auto at = static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  return values[at];
}

std::string Report(const std::vector<Client>& clients, const Load& load, double seconds) {
  cairn::json::Writer json;
  json.BeginObject();
  json.Key("clients").Uint(load.options.clients);
  json.Key("pause_ms").Uint(load.options.pause_ms);
  json.Key("seconds").Double(seconds);
  json.Key("height").Uint(load.height);
  json.Key("methods").BeginObject();
  for (int method = 0; method < kMethods; ++method) {
    std::vector<double> all;
    for (const Client& client : clients) {
      const auto& some = client.latencies()[method];
      all.insert(all.end(), some.begin(), some.end());
    }
    json.Key(kNames[method]).BeginObject();
    json.Key("calls").Uint(all.size());
    if (!all.empty()) {
      json.Key("p50_ms").Double(Quantile(all, 0.5));
      json.Key("p99_ms").Double(Quantile(all, 0.99));
      json.Key("max_ms").Double(all.back());
    }
    json.EndObject();
  }
  json.EndObject().EndObject();
  return json.Take();
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "reader_load: %s\n", message.c_str());
  return 1;
}

int Run(const Options& options) {
  const auto chain = cairn::bench::SampleChain(options.chain, options.seed);
  if (!chain) return Fail(chain.error().message);
  std::ifstream cookie(options.cookie);
  const std::string credentials{std::istreambuf_iterator<char>(cookie), {}};
  Load load{options, *chain};
  std::vector<Client> clients;
  for (uint64_t i = 0; i < options.clients; ++i) {
    auto connection = RpcConnection::Open(static_cast<uint16_t>(options.port), credentials);
    if (!connection) return Fail(connection.error().message);
    clients.emplace_back(load, *std::move(connection), options.seed + i);
    clients.back().Begin();
  }
  const auto start = SteadyClock::now();
  {
    std::vector<std::jthread> threads;
    for (Client& client : clients) threads.emplace_back([&client] { client.Run(); });
    const auto end = start + std::chrono::seconds(options.seconds);
    while (!load.stop && SteadyClock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    load.stop = true;
  }
  const std::chrono::duration<double> seconds = SteadyClock::now() - start;
  for (const Client& client : clients) {
    if (!client.error().empty()) return Fail(client.error());
  }
  std::printf("%s\n", Report(clients, load, seconds.count()).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 1;
  }
  return Run(options);
}
