// The Stratum server on a loopback port, with a regtest chain behind it: miners of the test log in,
// find blocks, and are paid.
#include "cairn/mining/stratum_server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <thread>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cairn/primitives/address.h"
#include "src/mining/stratum/work.h"
#include "tests/support/chain_world.h"
#include "tests/unit/mining/support.h"

namespace cairn::mining {
namespace {

using stratum::DecodePoolLine;
using stratum::Notify;
using stratum::Response;
using test::ChainWorld;
using test::TempDir;

/// A miner with a socket of its own, that waits for what it is sent.
class Miner {
 public:
  explicit Miner(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{60, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Miner() { close(socket_); }
  Miner(const Miner&) = delete;
  Miner& operator=(const Miner&) = delete;

  void Send(const std::string& line) const {
    const std::string text = line + "\n";
    EXPECT_EQ(send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  /// Whether the other end takes it.
  bool MaySend(const std::string& line) const {
    return send(socket_, line.data(), line.size(), MSG_NOSIGNAL) >= 0;
  }

  /// The answer to a request; notices that come before it are heeded.
  Response Ask(const std::string& line) {
    Send(line);
    for (;;) {
      const auto message = Receive();
      if (!message) return {{}, stratum::StratumError{-1, "the connection ended"}};
      if (const auto* response = std::get_if<Response>(&message->body)) return *response;
    }
  }

  /// Nothing once the server has closed the connection.
  std::optional<stratum::PoolMessage> Receive() {
    while (input_.find('\n') == std::string::npos) {
      char buffer[4096];
      const ssize_t bytes = recv(socket_, buffer, sizeof buffer, 0);
      EXPECT_FALSE(bytes < 0 && errno == EAGAIN) << "nothing came, nor the end";
      was_reset = bytes < 0;
      if (bytes <= 0) return std::nullopt;
      input_.append(buffer, static_cast<size_t>(bytes));
    }
    const size_t end = input_.find('\n');
    auto message = DecodePoolLine(std::string_view(input_).substr(0, end));
    EXPECT_TRUE(message.has_value()) << input_.substr(0, end);
    input_.erase(0, end + 1);
    if (!message) return std::nullopt;
    if (const auto* notice = std::get_if<Notify>(&message->body)) job = *notice;
    return *std::move(message);
  }

  /// Until a job on that block has come.
  void WaitForJobOn(const BlockHash& tip) {
    while (job.previous != tip) ASSERT_TRUE(Receive().has_value());
  }

  void LogIn(const std::string& user) {
    const auto subscribed = stratum::DecodeSubscribed(
        Ask(R"({"id":1,"method":"mining.subscribe","params":["test"]})").result);
    ASSERT_TRUE(subscribed.has_value());
    extranonce1 = subscribed->extranonce1;
    share.user = user;
    share.extranonce2 = Bytes(subscribed->extranonce2_size, 1);
    ASSERT_FALSE(Ask(Encode(json::Value::Integer(2), stratum::Authorize{user, "x"})).error);
  }

  /// A share that is a block.
  std::string MineBlock() {
    const U256 target = DecodeCompact(job.bits).target;
    share.job = job.job;
    share.time = job.time;
    for (share.nonce = 0;; ++share.nonce) {
      const Header header = HeaderOf(job, extranonce1, 0, share);
      if (U256::FromLittle(header.Hash().span()) <= target) break;
    }
    return Encode(json::Value::Integer(3), share);
  }

  Notify job;
  Bytes extranonce1;
  stratum::Submit share;
  bool was_reset = false;  // instead of closed in good order

 private:
  const int socket_;
  std::string input_;
};

class StratumServerTest : public ::testing::Test {
 protected:
  void Start(bool pplns = false) {
    StratumOptions options;
    options.host = "127.0.0.1";
    options.folder = dir_ / "stratum";
    options.prefixes = world_.params.prefixes;
    options.pplns = pplns;
    options.login_time = login_time_;
    options.found_folder = dir_.path();
    options.most_connections = most_connections_;
    auto started = StratumServer::Start(
        std::move(options),
        {.clock = world_.clock,
         .next_job = [this](
                         uint64_t number,
                         std::chrono::milliseconds patience) { return NextJob(number, patience); },
         .submit_block =
             [this](Bytes block) { return world_.ledger->SubmitRawBlock(std::move(block)); }});
    ASSERT_TRUE(started.has_value()) << started.error().message;
    server_ = *std::move(started);
  }

  std::optional<StratumJob> NextJob(uint64_t number, std::chrono::milliseconds patience) {
    auto view = world_.ledger->View();
    if (floods_with_jobs_) {
      std::this_thread::sleep_for(std::chrono::microseconds(300));  // who reads can keep up
    } else if (view->generation <= number) {
      world_.ledger->WaitForTip(view->tip->hash, patience);
    }
    view = world_.ledger->View();
    if (view->generation <= number && !floods_with_jobs_) return std::nullopt;
    const TemplateOptions options = PayAnyone();
    StratumJob job;
    job.number = std::max(view->generation, number + 1);
    auto block = std::make_shared<BlockTemplate>(BuildTemplate(*view, options, 0));
    job.block = block;
    job.earliest_time = EarliestTime(*view);
    job.header_at = [block](UnixSeconds) { return block->header; };
    return job;
  }

  std::string Address(uint8_t number) {
    return *EncodeAddress(ScriptNumber(number), world_.params.prefixes);
  }

  const ledger::HeaderEntry* Tip() { return world_.ledger->View()->tip; }

  /// Mines a block, which becomes the tip; its coinbase's outputs but for the commitment.
  std::map<Bytes, Amount> MineWith(Miner& miner) {
    miner.WaitForJobOn(Tip()->hash);
    const BlockHash before = Tip()->hash;
    EXPECT_FALSE(miner.Ask(miner.MineBlock()).error);
    EXPECT_TRUE(world_.ledger->WaitForTip(before, std::chrono::seconds(60)));
    const auto block = Block::Parse(*world_.ledger->ReadBlock(*Tip()));
    std::map<Bytes, Amount> paid;
    const auto outputs = (*block)->transactions()[0].outputs;
    for (const TxOut& output : outputs.first(outputs.size() - 1)) {
      paid[Bytes(output.script.begin(), output.script.end())] = output.value;
    }
    return paid;
  }

  TempDir dir_;
  ChainWorld world_;
  std::chrono::seconds login_time_{30};
  size_t most_connections_ = 100;
  std::atomic<bool> floods_with_jobs_{false};
  std::unique_ptr<StratumServer> server_;
};

TEST_F(StratumServerTest, PaysWhoFindsABlock) {
  Start();
  Miner first(server_->port());
  Miner second(server_->port());
  first.LogIn(Address(1) + ".rig");
  second.LogIn(Address(2));
  const std::map<Bytes, Amount> to_first{{ScriptNumber(1), 50 * kCoin}};
  const std::map<Bytes, Amount> to_second{{ScriptNumber(2), 50 * kCoin}};
  EXPECT_EQ(MineWith(first), to_first);
  EXPECT_EQ(MineWith(second), to_second);
  EXPECT_EQ(MineWith(first), to_first);
  EXPECT_EQ(Tip()->height, 3);
  const auto workers = server_->Workers();
  ASSERT_EQ(workers.size(), 2u);
  EXPECT_EQ(workers[0].totals.name, Address(1) + ".rig");
  EXPECT_EQ(workers[0].totals.accepted, 2u);
  EXPECT_EQ(workers[0].connections, 1u);
  EXPECT_EQ(workers[1].totals.accepted, 1u);
  EXPECT_EQ(server_->Count().miners, 2u);
}

TEST_F(StratumServerTest, KeepsABlockThatCannotBeStored) {
  Start();
  Miner miner(server_->port());
  miner.LogIn(Address(1));
  miner.WaitForJobOn(Tip()->hash);
  world_.ledger->Stop();
  EXPECT_FALSE(miner.Ask(miner.MineBlock()).error);
  const BlockPtr block = WaitForFoundBlock(dir_.path());
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->header().nonce, miner.share.nonce);
}

TEST_F(StratumServerTest, PaysByTheLastShares) {
  Start(true);
  Miner first(server_->port());
  Miner second(server_->port());
  first.LogIn(Address(1));
  second.LogIn(Address(2));
  // A share of regtest's difficulty is worth a block, and the window two.
  const std::map<Bytes, Amount> to_first{{ScriptNumber(1), 50 * kCoin}};
  const std::map<Bytes, Amount> to_both{{ScriptNumber(1), 25 * kCoin},
                                        {ScriptNumber(2), 25 * kCoin}};
  EXPECT_EQ(MineWith(first), to_first);   // nobody has a share: the finder
  EXPECT_EQ(MineWith(second), to_first);  // the only one with a share
  EXPECT_EQ(MineWith(second), to_both);
  first.WaitForJobOn(Tip()->hash);
  const auto window = server_->LastShares();
  EXPECT_TRUE(window.pplns);
  EXPECT_EQ(window.shares, 2u);
  EXPECT_EQ(window.stored, 3u);
  ASSERT_EQ(window.payees.size(), 1u);
  EXPECT_EQ(window.payees[0].address, Address(2));
  EXPECT_EQ(window.difficulty, window.wanted);
}

TEST_F(StratumServerTest, KeepsItsCountsAndCallsOldJobsStale) {
  Start();
  std::string late;
  {
    Miner miner(server_->port());
    miner.LogIn(Address(1));
    miner.WaitForJobOn(Tip()->hash);
    late = miner.MineBlock();
    MineWith(miner);
    miner.WaitForJobOn(Tip()->hash);
    const Response refused = miner.Ask(late);
    ASSERT_TRUE(refused.error.has_value());
    EXPECT_EQ(refused.error->code, 21);
  }
  server_.reset();
  Start();
  const auto workers = server_->Workers();
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0].totals.accepted, 1u);
  EXPECT_EQ(workers[0].totals.stale, 1u);
  EXPECT_EQ(workers[0].connections, 0u);
}

TEST_F(StratumServerTest, EndsConnectionsThatSpeakAnotherLanguageOrAreTooLong) {
  Start();
  for (const std::string& line : {std::string("GET / HTTP/1.1"), std::string(5000, 'x')}) {
    Miner miner(server_->port());
    miner.Send(line);
    const auto last_words = miner.Receive();
    ASSERT_TRUE(last_words.has_value());
    EXPECT_EQ(std::get<Response>(last_words->body).error->code, 20);
    EXPECT_FALSE(miner.Receive().has_value());
  }
}

TEST_F(StratumServerTest, LetsWhoIsCutOffReadWhy) {
  Start();
  Miner miner(server_->port());
  // Much is not read yet when the first line is judged.
  miner.Send("GET / HTTP/1.1\n" + std::string(100'000, 'x'));
  const auto last_words = miner.Receive();
  ASSERT_TRUE(last_words.has_value());
  EXPECT_EQ(std::get<Response>(last_words->body).error->code, 20);
  EXPECT_FALSE(miner.Receive().has_value());
  EXPECT_FALSE(miner.was_reset);
}

TEST_F(StratumServerTest, DoesNotWaitForLongForWhoIsCutOff) {
  Start();
  Miner stays(server_->port());
  stays.Send("GET / HTTP/1.1");
  ASSERT_TRUE(stays.Receive().has_value());
  EXPECT_FALSE(stays.Receive().has_value());
  Miner floods(server_->port());
  floods.Send("GET / HTTP/1.1");
  while (floods.MaySend(std::string(10'000, 'x'))) {
  }
  while (server_->Count().connections > 0) {  // the one that stays, for some seconds
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

TEST_F(StratumServerTest, WhoIsCutOffKeepsNoPlace) {
  most_connections_ = 2;
  Start();
  Miner miner(server_->port());  // not logged in yet, and older
  Miner stays(server_->port());
  stays.Send("GET / HTTP/1.1");
  ASSERT_TRUE(stays.Receive().has_value());
  Miner newcomer(server_->port());
  newcomer.LogIn(Address(1));
  miner.LogIn(Address(2));
  MineWith(newcomer);
  MineWith(miner);
}

TEST_F(StratumServerTest, TakesNoNoticeOfEmptyLines) {
  Start();
  Miner miner(server_->port());
  miner.Send("");
  miner.Send("\r");
  ASSERT_NO_FATAL_FAILURE(miner.LogIn(Address(1)));
  miner.Send("\r\n");
  MineWith(miner);
}

TEST_F(StratumServerTest, EndsConnectionsThatDoNotLogIn) {
  login_time_ = std::chrono::seconds(1);
  Start();
  Miner silent(server_->port());
  Miner miner(server_->port());
  miner.LogIn(Address(1));
  ASSERT_TRUE(silent.Receive().has_value());
  EXPECT_FALSE(silent.Receive().has_value());
  MineWith(miner);
}

TEST_F(StratumServerTest, GivesThePlacesOfIdlersToNewcomers) {
  most_connections_ = 3;
  Start();
  Miner miner(server_->port());
  miner.LogIn(Address(1));
  MineWith(miner);
  Miner idle(server_->port());
  Miner logged_in(server_->port());
  logged_in.LogIn(Address(2));
  Miner newcomer(server_->port());
  newcomer.LogIn(Address(3));
  EXPECT_FALSE(idle.Receive().has_value());
  MineWith(newcomer);
  Miner last(server_->port());
  last.LogIn(Address(4));
  MineWith(miner);
  MineWith(last);
}

TEST_F(StratumServerTest, NobodyKeepsAPlaceByOldShares) {
  most_connections_ = 3;
  Start();
  Miner first(server_->port());
  Miner second(server_->port());
  Miner third(server_->port());
  first.LogIn(Address(1));
  second.LogIn(Address(2));
  third.LogIn(Address(3));
  MineWith(second);
  MineWith(first);
  MineWith(third);
  MineWith(first);
  Miner newcomer(server_->port());
  newcomer.LogIn(Address(4));
  while (second.Receive()) {  // what it was sent before
  }
  // A login is no match for a share, however late it is.
  Miner another(server_->port());
  another.LogIn(Address(5));
  while (newcomer.Receive()) {
  }
  MineWith(another);
  MineWith(first);
  MineWith(third);
  EXPECT_EQ(server_->Count().miners, 3u);
}

TEST_F(StratumServerTest, CutsOffWhoDoesNotReadWhatItIsSent) {
  Start();
  Miner slow(server_->port());
  Miner good(server_->port());
  slow.LogIn(Address(1));
  good.LogIn(Address(2));
  floods_with_jobs_ = true;
  size_t received = 0;
  do {
    ASSERT_TRUE(good.Receive().has_value());
    ++received;
  } while (received % 100 != 0 || server_->Count().connections > 1);
  floods_with_jobs_ = false;
  while (slow.Receive()) {  // what had gone out before
  }
  EXPECT_EQ(server_->Count().miners, 1u);
}

TEST_F(StratumServerTest, StopsWithMinersConnected) {
  Start();
  Miner miner(server_->port());
  miner.LogIn(Address(1));
  server_.reset();
  while (miner.Receive()) {
  }
}

TEST_F(StratumServerTest, DoesNotStartWhereItCannotListen) {
  Start();
  StratumOptions options;
  options.host = "127.0.0.1";
  options.port = server_->port();
  options.folder = dir_ / "other";
  options.prefixes = world_.params.prefixes;
  const auto second = StratumServer::Start(
      std::move(options), {.clock = world_.clock, .next_job = {}, .submit_block = {}});
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("Unable to bind the Stratum server"), std::string::npos);
}

}  // namespace
}  // namespace cairn::mining
