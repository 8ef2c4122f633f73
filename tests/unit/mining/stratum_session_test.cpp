// One miner's connection to the Stratum server: what it is answered, which shares are good, and
// that what is found is a block.
#include <random>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/address.h"
#include "src/mining/stratum/session.h"
#include "src/mining/stratum/work.h"
#include "tests/support/chain_world.h"
#include "tests/unit/mining/support.h"

namespace cairn::mining::stratum {
namespace {

using std::chrono::seconds;
using test::ChainWorld;
using Time = Session::Time;

constexpr uint32_t kMask = 0x1fffe000;

/// A server's part of a session, with a regtest chain behind it, and the miner's view of it.
class StratumSessionTest : public ::testing::Test {
 protected:
  StratumSessionTest() {
    settings_.prefixes = world_.params.prefixes;
    settings_.clock = &clock_;
    settings_.vardiff.start = 1e-9;
    settings_.vardiff.least = 1e-9;
    world_.Extend(2);
    clock_.SetMock(world_.ledger->View()->tip->header.time + 600);
    MakeJob(true);
  }

  std::string Address(uint8_t number = 1) {
    return *EncodeAddress(ScriptNumber(number), settings_.prefixes);
  }

  /// `bits` other than those of regtest make shares that are no blocks.
  void MakeJob(bool clean, Outputs payouts = {}, uint32_t bits = 0) {
    const auto view = world_.ledger->View();
    const TemplateOptions options = PayAnyone();
    auto block = std::make_shared<BlockTemplate>(BuildTemplate(*view, options, clock_.Now()));
    if (bits != 0) block->header.bits = bits;
    ServedJob job;
    job.number = ++jobs_;
    job.block = std::move(block);
    job.earliest_time = EarliestTime(*view);
    job.clean = clean;
    job.payouts = std::move(payouts);
    current_ = MakeServedJob(std::move(job));
  }

  Session NewSession(uint32_t extranonce1 = 7) {
    return Session(settings_, current_, extranonce1, Time{});
  }

  /// What the session answers to a line.
  std::vector<PoolMessage> Tell(Session& session, const std::string& line, seconds at = {}) {
    doings_ = {};
    session.OnLine(line, Time{} + at, doings_);
    return Sent();
  }

  std::vector<PoolMessage> Sent() {
    std::vector<PoolMessage> messages;
    std::string_view rest = doings_.send;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      EXPECT_NE(end, std::string_view::npos);
      auto message = DecodePoolLine(rest.substr(0, end));
      EXPECT_TRUE(message.has_value()) << rest;
      if (!message) break;
      if (const auto* notice = std::get_if<Notify>(&message->body)) notice_ = *notice;
      if (const auto* change = std::get_if<SetDifficulty>(&message->body)) {
        difficulty_ = change->difficulty;
      }
      messages.push_back(*std::move(message));
      rest.remove_prefix(end + 1);
    }
    return messages;
  }

  static int64_t CodeOf(const PoolMessage& message) {
    const auto* response = std::get_if<Response>(&message.body);
    if (response == nullptr) return -1;
    return response->error ? response->error->code : 0;
  }

  int64_t CodeAfter(Session& session, const std::string& line) {
    const auto answers = Tell(session, line);
    if (!doings_.shares.empty()) return 0;  // answered once it is stored
    return answers.empty() ? -1 : CodeOf(answers[0]);
  }

  Session LoggedIn() {
    Session session = NewSession();
    Tell(session, R"({"id":1,"method":"mining.subscribe","params":["test"]})");
    Tell(session, Encode(json::Value::Integer(2), Configure{.version_mask = 0xffffffff,
                                                            .minimum_difficulty = {},
                                                            .unknown_extensions = {}}));
    Tell(session, Encode(json::Value::Integer(3), Authorize{Address() + ".rig", "x"}));
    return session;
  }

  Submit MakeShare(uint32_t nonce = 0) {
    Submit share;
    share.user = Address() + ".rig";
    share.job = notice_.job;
    share.extranonce2 = Bytes(kExtranonce2Size, 0xee);
    share.time = notice_.time;
    share.nonce = nonce;
    return share;
  }

  U256 NumberOf(const Submit& share) const {
    const Header header = HeaderOf(notice_, Bytes{0, 0, 0, 7}, kMask, share);
    return U256::FromLittle(header.Hash().span());
  }

  /// Searches for the next nonce whose hash is at most `most`, and more than `least`.
  void Mine(Submit& share, const U256& most, const U256& least = 0) const {
    for (++share.nonce;; ++share.nonce) {
      const U256 number = NumberOf(share);
      if (number <= most && number > least) return;
    }
  }

  static std::string Line(const Submit& share) { return Encode(json::Value::Integer(9), share); }

  ChainWorld world_;
  Clock clock_;
  SessionSettings settings_;
  ServedJobPtr current_;
  uint64_t jobs_ = 0;
  Doings doings_;
  Notify notice_;
  double difficulty_ = 0;
};

constexpr uint32_t kHarderBits = 0x1f7fffff;  // one hash in 512

TEST_F(StratumSessionTest, GivesAJobToWhoSubscribesAndIsAuthorized) {
  Session session = NewSession();
  auto answers = Tell(session, R"({"id":1,"method":"mining.subscribe","params":["test/1"]})");
  ASSERT_EQ(answers.size(), 1u);
  const auto subscribed = DecodeSubscribed(std::get<Response>(answers[0].body).result);
  ASSERT_TRUE(subscribed.has_value());
  EXPECT_EQ(subscribed->extranonce1, (Bytes{0, 0, 0, 7}));
  EXPECT_EQ(subscribed->extranonce2_size, kExtranonce2Size);
  EXPECT_FALSE(session.Mines());
  answers = Tell(session, Encode(json::Value::Integer(2), Authorize{Address(), "x"}));
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(CodeOf(answers[0]), 0);
  EXPECT_EQ(std::get<SetDifficulty>(answers[1].body).difficulty, current_->difficulty);
  EXPECT_TRUE(std::get<Notify>(answers[2].body).clean);
  EXPECT_TRUE(session.Mines());
  EXPECT_EQ(session.agent(), "test/1");
  EXPECT_EQ(session.WorkerNames(), std::vector<std::string>{Address()});
}

TEST_F(StratumSessionTest, MakesBlocksThatConnectAndPayTheWorker) {
  Session session = LoggedIn();
  Submit share = MakeShare();
  share.version_bits = 0x00fe4000;
  Mine(share, current_->target);
  Tell(session, Line(share));
  ASSERT_EQ(doings_.blocks.size(), 1u);
  ASSERT_EQ(doings_.shares.size(), 1u);
  EXPECT_TRUE(doings_.send.empty());  // answered once it is stored
  const FoundBlock& found = doings_.blocks[0];
  EXPECT_EQ(found.worker, Address() + ".rig");
  EXPECT_EQ(static_cast<uint32_t>(found.header.version) & kMask, 0x00fe4000u);
  const auto block = Block::Parse(BlockOf(*found.job, found.header, found.coinbase));
  ASSERT_TRUE(block.has_value());
  world_.Connect(*block);
  const Transaction& coinbase = (*block)->transactions()[0];
  EXPECT_EQ(coinbase.outputs.size(), 2u);
  EXPECT_EQ(coinbase.outputs[0].value, 50 * kCoin);
  EXPECT_TRUE(Equal(coinbase.outputs[0].script, ScriptNumber(1)));
  doings_ = {};
  session.OnStored(true, doings_);
  const auto answers = Sent();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(CodeOf(answers[0]), 0);
  EXPECT_EQ(answers[0].id.AsInt(), 9);
}

TEST_F(StratumSessionTest, MakesBlocksThatPayEverybodyWhoIsToBePaid) {
  const Outputs payouts{{30 * kCoin, ScriptNumber(4)}, {20 * kCoin, ScriptNumber(5)}};
  MakeJob(true, payouts);
  Session session = LoggedIn();
  Submit share = MakeShare();
  Mine(share, current_->target);
  Tell(session, Line(share));
  ASSERT_EQ(doings_.blocks.size(), 1u);
  const FoundBlock& found = doings_.blocks[0];
  const auto block = Block::Parse(BlockOf(*found.job, found.header, found.coinbase));
  ASSERT_TRUE(block.has_value());
  world_.Connect(*block);
  const auto outputs = (*block)->transactions()[0].outputs;
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].value, 30 * kCoin);
  EXPECT_TRUE(Equal(outputs[1].script, ScriptNumber(5)));
}

TEST_F(StratumSessionTest, CountsASharesDifficultyAndWhatItsHashWasGoodFor) {
  MakeJob(true, {}, kHarderBits);
  settings_.vardiff.start = settings_.vardiff.least = 4 * DifficultyOfTarget(~U256());
  Session session = LoggedIn();
  Submit share = MakeShare();
  Mine(share, TargetOfDifficulty(difficulty_), current_->target);
  EXPECT_EQ(CodeAfter(session, Line(share)), 0);
  EXPECT_TRUE(doings_.blocks.empty());
  ASSERT_EQ(doings_.shares.size(), 1u);
  EXPECT_EQ(doings_.shares[0].difficulty, difficulty_);
  EXPECT_EQ(doings_.shares[0].reached, DifficultyOfTarget(NumberOf(share)));
  EXPECT_GE(doings_.shares[0].reached, difficulty_);
  EXPECT_EQ(doings_.shares[0].script, ScriptNumber(1));
  EXPECT_EQ(doings_.shares[0].time, clock_.Now());
}

TEST_F(StratumSessionTest, RefusesWhatIsNoGoodShare) {
  MakeJob(true, {}, kHarderBits);
  settings_.vardiff.start = settings_.vardiff.least = 4 * DifficultyOfTarget(~U256());
  Session stranger = NewSession();
  EXPECT_EQ(CodeAfter(stranger, Line(MakeShare())), 25);
  Tell(stranger, R"({"id":1,"method":"mining.subscribe","params":[]})");
  EXPECT_EQ(CodeAfter(stranger, Line(MakeShare())), 24);
  EXPECT_TRUE(doings_.refused.empty());

  Session session = LoggedIn();
  const U256 good = TargetOfDifficulty(difficulty_);
  Submit share = MakeShare();
  Mine(share, good, current_->target);
  Submit other = share;
  other.user = Address(2);
  EXPECT_EQ(CodeAfter(session, Line(other)), 24);
  other = share;
  other.job = "ffff";
  EXPECT_EQ(CodeAfter(session, Line(other)), 21);
  ASSERT_EQ(doings_.refused.size(), 1u);
  EXPECT_EQ(doings_.refused[0].reason, ShareStore::Refused::kStale);
  other = share;
  other.extranonce2.pop_back();
  EXPECT_EQ(CodeAfter(session, Line(other)), 20);
  other = share;
  other.time = current_->earliest_time - 1;
  EXPECT_EQ(CodeAfter(session, Line(other)), 20);
  other.time = static_cast<uint32_t>(clock_.Now()) + 7201;
  EXPECT_EQ(CodeAfter(session, Line(other)), 20);
  auto until = std::make_shared<ServedJob>(*current_);
  until->latest_time = share.time;  // later ones would need another target
  const ServedJobPtr whole = std::exchange(current_, std::move(until));
  Session limited = LoggedIn();
  other.time = share.time + 1;
  EXPECT_EQ(CodeAfter(limited, Line(other)), 20);
  current_ = whole;
  other = share;
  other.version_bits = 0x20000000;
  EXPECT_EQ(CodeAfter(session, Line(other)), 20);
  other = share;
  Mine(other, ~U256(), good);
  EXPECT_EQ(CodeAfter(session, Line(other)), 23);
  ASSERT_EQ(doings_.refused.size(), 1u);
  EXPECT_EQ(doings_.refused[0].worker, share.user);
  EXPECT_EQ(CodeAfter(session, R"({"id":4,"method":"mining.submit","params":["a",1]})"), 20);
  EXPECT_EQ(CodeAfter(session, R"({"id":4,"method":"mining.dance","params":[]})"), 20);
  EXPECT_EQ(CodeAfter(session, Line(share)), 0);
  EXPECT_EQ(CodeAfter(session, Line(share)), 22);
  EXPECT_FALSE(doings_.close);
}

TEST_F(StratumSessionTest, TakesVersionsOnlyWhereThatWasAgreedOn) {
  Session session = NewSession();
  Tell(session, R"({"id":1,"method":"mining.subscribe","params":[]})");
  Tell(session, Encode(json::Value::Integer(2), Authorize{Address() + ".rig", ""}));
  Submit share = MakeShare();
  share.version_bits = 0x00002000;
  EXPECT_EQ(CodeAfter(session, Line(share)), 20);
  const auto answers = Tell(session, R"({"id":3,"method":"mining.configure","params":[)"
                                     R"(["version-rolling","minimum-difficulty","x"],)"
                                     R"({"version-rolling.mask":"000ff000",)"
                                     R"("minimum-difficulty.value":1e-9}]})");
  const json::Value& result = std::get<Response>(answers[0].body).result;
  EXPECT_EQ(DecodeConfigured(result).version_mask, 0x000fe000u);
  EXPECT_EQ(DecodeConfigured(result).minimum_difficulty, true);
  EXPECT_FALSE(result.Find("x")->AsBool());
  share.version_bits = 0x00100000;
  EXPECT_EQ(CodeAfter(session, Line(share)), 20);
  share.version_bits = 0x00002000;
  const Header header = HeaderOf(notice_, Bytes{0, 0, 0, 7}, 0x000fe000, share);
  EXPECT_EQ(static_cast<uint32_t>(header.version), notice_.version | 0x2000);
}

TEST_F(StratumSessionTest, TakesSharesOfOldJobsUntilTheTipMoves) {
  Session session = LoggedIn();
  Submit old = MakeShare();
  Mine(old, current_->target);
  MakeJob(false);
  doings_ = {};
  session.OnJob(Time{}, doings_);
  ASSERT_EQ(Sent().size(), 1u);
  EXPECT_FALSE(notice_.clean);
  EXPECT_NE(notice_.job, old.job);
  EXPECT_EQ(CodeAfter(session, Line(old)), 0);
  MakeJob(true);
  doings_ = {};
  session.OnJob(Time{}, doings_);
  Sent();
  EXPECT_TRUE(notice_.clean);
  EXPECT_EQ(CodeAfter(session, Line(old)), 21);
}

TEST_F(StratumSessionTest, RemembersSoManyJobs) {
  Session session = LoggedIn();
  Submit first = MakeShare();
  Mine(first, current_->target);
  for (size_t i = 1; i < settings_.limits.jobs; ++i) {
    MakeJob(false);
    session.OnJob(Time{}, doings_);
  }
  Submit again = first;
  EXPECT_EQ(CodeAfter(session, Line(again)), 0);
  MakeJob(false);
  session.OnJob(Time{}, doings_);
  EXPECT_EQ(CodeAfter(session, Line(again)), 21);
}

TEST_F(StratumSessionTest, RefusesWhoseNameIsNoAddress) {
  for (const std::string name : {"", ".", "rig", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT.x",
                                 "bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"}) {
    Session session = NewSession();
    Tell(session, R"({"id":1,"method":"mining.subscribe","params":[]})");
    EXPECT_EQ(CodeAfter(session, Encode(json::Value::Integer(2), Authorize{name, "x"})), 24)
        << name;
    EXPECT_FALSE(session.Mines());
  }
  Session session = LoggedIn();
  const std::string long_name = Address() + "." + std::string(200, 'x');
  EXPECT_EQ(CodeAfter(session, Encode(json::Value::Integer(2), Authorize{long_name, "x"})), 24);
}

TEST_F(StratumSessionTest, PaysOneAddressOfAConnectionUnlessAllArePaid) {
  Session solo = LoggedIn();
  EXPECT_EQ(CodeAfter(solo, Encode(json::Value::Integer(5), Authorize{Address() + ".2", ""})), 0);
  EXPECT_EQ(CodeAfter(solo, Encode(json::Value::Integer(5), Authorize{Address(2), ""})), 24);
  settings_.payout = PayoutRule::kPplns;
  Session pool = LoggedIn();
  EXPECT_EQ(CodeAfter(pool, Encode(json::Value::Integer(5), Authorize{Address(2), ""})), 0);
  EXPECT_EQ(pool.WorkerNames().size(), 2u);
}

TEST_F(StratumSessionTest, ChangesTheDifficultyAndRepeatsTheJob) {
  MakeJob(true, {}, 0x1d00ffff);
  settings_.vardiff.start = settings_.vardiff.least = DifficultyOfTarget(~U256());
  Session session = LoggedIn();
  const double before = difficulty_;
  const Notify first = notice_;
  Submit share = MakeShare();
  const U256 good = TargetOfDifficulty(before);
  for (int i = 0; i < 8; ++i) {
    Mine(share, good);
    ASSERT_EQ(CodeAfter(session, Line(share)), 0);
  }
  EXPECT_EQ(difficulty_, 16 * before);  // told with the last one
  EXPECT_NE(notice_.job, share.job);
  EXPECT_FALSE(notice_.clean);
  // What is found under the old name counts as that was announced, and is nothing under the new.
  const Notify repeated = std::exchange(notice_, first);
  Mine(share, good, TargetOfDifficulty(difficulty_));
  EXPECT_EQ(CodeAfter(session, Line(share)), 0);
  EXPECT_EQ(doings_.shares[0].difficulty, before);
  notice_ = repeated;
  EXPECT_NE(notice_.coinbase2, first.coinbase2);
  Submit again = share;
  Mine(again, good, TargetOfDifficulty(difficulty_));
  again.job = notice_.job;
  EXPECT_EQ(CodeAfter(session, Line(again)), 23);
  // After a silence it becomes easier, also for the jobs that are out.
  doings_ = {};
  session.OnTime(Time{} + seconds(61), doings_);
  session.OnTime(Time{} + seconds(200), doings_);
  Sent();
  EXPECT_LT(difficulty_, 16 * before);
}

TEST_F(StratumSessionTest, NeverAsksForMoreThanTheBlockUnlessToldTo) {
  settings_.vardiff.start = 1000;
  settings_.vardiff.least = 1e-12;
  LoggedIn();
  EXPECT_EQ(difficulty_, current_->difficulty);
  settings_.vardiff.least = 1e-6;
  LoggedIn();
  EXPECT_EQ(difficulty_, current_->difficulty);
  settings_.may_exceed_block = true;
  LoggedIn();
  EXPECT_EQ(difficulty_, 1e-6);
}

TEST_F(StratumSessionTest, FollowsASuggestedDifficulty) {
  MakeJob(true, {}, 0x1d00ffff);
  Session session = LoggedIn();
  const auto answers = Tell(session, R"({"id":8,"method":"mining.suggest_difficulty",)"
                                     R"("params":[0.5]})");
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(difficulty_, 0.5);
}

/// Or one share would count twice: under the old job and under the new one.
TEST_F(StratumSessionTest, NoTwoNoticesHaveTheSameCoinbase) {
  MakeJob(true, {}, 0x1d00ffff);
  Session session = LoggedIn();
  std::set<Bytes> coinbases{Coinbase(notice_, Bytes{0, 0, 0, 7}, {})};
  size_t notices = 1;
  const auto count = [&] {
    notices += coinbases.insert(Coinbase(notice_, Bytes{0, 0, 0, 7}, {})).second ? 1 : 0;
  };
  for (int i = 0; i < 600; ++i) {
    const std::string before = notice_.job;
    Tell(session, R"({"id":8,"method":"mining.suggest_difficulty","params":[)" +
                      std::string(i % 2 == 0 ? "0.5" : "0.25") + "]}");
    if (notice_.job == before) continue;
    const size_t known = notices;
    count();
    ASSERT_EQ(notices, known + 1) << i;
  }
  EXPECT_GT(notices, 200u);
  for (int job = 0; job < 3; ++job) {
    MakeJob(false, {}, 0x1d00ffff);
    doings_ = {};
    session.OnJob(Time{}, doings_);
    Sent();
    const size_t known = notices;
    count();
    ASSERT_EQ(notices, known + 1) << notice_.job;
  }
  EXPECT_FALSE(doings_.close);
}

TEST_F(StratumSessionTest, CutsOffWhoSpeaksAnotherLanguage) {
  for (const std::string line : {"GET / HTTP/1.1", "", "[]", "{\"id\":1", "{\"id\":{}}", "\xff"}) {
    Session session = NewSession();
    const auto answers = Tell(session, line);
    EXPECT_TRUE(doings_.close) << line;
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(CodeOf(answers[0]), 20);
    Tell(session, R"({"id":1,"method":"mining.subscribe","params":[]})");
    EXPECT_TRUE(doings_.send.empty());
  }
  Session session = NewSession();
  doings_ = {};
  session.OnLongLine(doings_);
  EXPECT_TRUE(doings_.close);
  EXPECT_EQ(CodeOf(Sent().at(0)), 20);
}

TEST_F(StratumSessionTest, CutsOffWhoNeverLogsIn) {
  Session session = NewSession();
  doings_ = {};
  session.OnTime(Time{} + seconds(29), doings_);
  EXPECT_FALSE(doings_.close);
  Tell(session, R"({"id":1,"method":"mining.subscribe","params":[]})");
  session.OnTime(Time{} + seconds(30), doings_);
  EXPECT_TRUE(doings_.close);
  Session miner = LoggedIn();
  doings_ = {};
  miner.OnTime(Time{} + std::chrono::hours(100), doings_);
  EXPECT_FALSE(doings_.close);
}

TEST_F(StratumSessionTest, CutsOffWhoIsRefusedAgainAndAgain) {
  Session session = LoggedIn();
  size_t refused = 0;
  while (!doings_.close && refused < 1000) {
    Tell(session, R"({"id":4,"method":"mining.submit","params":[]})");
    ++refused;
  }
  EXPECT_EQ(refused, settings_.limits.refusals);
}

// Hundreds may be under way from a fast miner when an easy chain's next block comes.
TEST_F(StratumSessionTest, BearsLateSharesAfterABlock) {
  Session session = LoggedIn();
  Submit share = MakeShare();
  const std::string late = Line(share);
  share.job = "ffff";
  const std::string invented = Line(share);
  MakeJob(true);
  session.OnJob(Time{} + seconds(60), doings_);
  for (size_t i = 0; i < 3 * settings_.limits.refusals; ++i) {
    const auto answers = Tell(session, late, seconds(69));
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_EQ(CodeOf(answers[0]), static_cast<int64_t>(Refusal::kStale));
    ASSERT_FALSE(doings_.close);
  }
  size_t refused = 0;
  while (!doings_.close && refused < 1000) {
    if (refused % 2 == 0) {
      Tell(session, invented, seconds(69));
    } else {
      Tell(session, late, seconds(70));  // no longer what was under way
    }
    ++refused;
  }
  EXPECT_EQ(refused, settings_.limits.refusals);
}

TEST_F(StratumSessionTest, LimitsTheSharesOfAJob) {
  MakeJob(true, {}, 0x1d00ffff);
  settings_.limits.shares_of_job = 20;
  settings_.vardiff.start = settings_.vardiff.least = 1e-10;  // any hash
  settings_.vardiff.most = 1e-10;
  Session session = LoggedIn();
  Submit share = MakeShare();
  for (int i = 0; i < 20; ++i) {
    ++share.nonce;
    ASSERT_EQ(CodeAfter(session, Line(share)), 0);
  }
  ++share.nonce;
  EXPECT_EQ(CodeAfter(session, Line(share)), 20);
}

TEST_F(StratumSessionTest, AnswersOrEndsWhateverComes) {
  settings_.limits.refusals = 20;
  const std::vector<std::string> lines{
      R"({"id":1,"method":"mining.subscribe","params":["a/1","session"]})",
      R"({"id":2,"method":"mining.authorize","params":[")" + Address() + R"(.rig","x"]})",
      R"({"id":3,"method":"mining.configure","params":[["version-rolling",)"
      R"("minimum-difficulty"],{"version-rolling.mask":"1fffe000",)"
      R"("minimum-difficulty.value":2}]})",
      R"({"id":4,"method":"mining.suggest_difficulty","params":[1e-300]})",
      R"({"id":5,"method":"mining.extranonce.subscribe","params":[]})",
      Line(MakeShare()),
      R"({"id":6,"method":"mining.submit","params":[")" + Address() +
          R"(.rig","1","0000000000000001","655f0000","00000000","00002000"]})"};
  std::mt19937 random(11);
  size_t ended = 0;
  for (int round = 0; round < 300; ++round) {
    Session session = NewSession(static_cast<uint32_t>(round));
    doings_ = {};
    for (int i = 0; i < 60 && !doings_.close; ++i) {
      std::string line = lines[random() % lines.size()];
      for (size_t changes = random() % 3; changes > 0 && !line.empty(); --changes) {
        const size_t at = random() % line.size();
        switch (random() % 3) {
          case 0: line[at] = static_cast<char>(random()); break;
          case 1: line.erase(at, random() % 5); break;
          default: line.insert(at, line.substr(random() % line.size(), random() % 9)); break;
        }
      }
      Tell(session, line, seconds(i));  // expects of the server's own lines that they can be read
      for (size_t shares = doings_.shares.size(); shares > 0; --shares) {
        session.OnStored(random() % 2 == 0, doings_);
      }
      EXPECT_LE(session.WorkerNames().size(), settings_.limits.workers);
      if (random() % 8 == 0) {
        MakeJob(random() % 2 == 0);
        session.OnJob(Time{} + seconds(i), doings_);
      }
      session.OnTime(Time{} + seconds(i), doings_);
    }
    ended += doings_.close ? 1 : 0;
  }
  EXPECT_GT(ended, 100u);
}

TEST_F(StratumSessionTest, TellsWhenAShareCannotBeStored) {
  Session session = LoggedIn();
  Submit share = MakeShare();
  Mine(share, current_->target);
  Tell(session, Line(share));
  EXPECT_EQ(session.Unstored(), 1u);
  doings_ = {};
  session.OnStored(false, doings_);
  EXPECT_EQ(CodeOf(Sent().at(0)), 20);
  EXPECT_EQ(session.Unstored(), 0u);
}

}  // namespace
}  // namespace cairn::mining::stratum
