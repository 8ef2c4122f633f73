// A miner's side of a session with pools of all kinds, line by line and second by second.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/mining/version_rolling.h"
#include "src/mining/stratum/client_session.h"
#include "src/mining/stratum/work.h"

namespace cairn::mining::stratum {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class StratumClient : public testing::Test {
 protected:
  StratumClient() { Begin(); }

  void Begin() {
    session_.emplace(ClientSession::Settings{"pool.example", "user", "pass", "cairn/1", 7}, tally_,
                     now_);
    asked_.clear();
    Collect();
  }

  /// Takes what the client has sent.
  void Collect() {
    const std::string lines = session_->TakeLines();
    for (size_t begin = 0; begin < lines.size();) {
      const size_t end = lines.find('\n', begin);
      ASSERT_NE(end, lines.npos) << "every line has an end";
      auto message = DecodeMinerLine(lines.substr(begin, end - begin));
      ASSERT_TRUE(message) << message.error().message;
      asked_.push_back(*std::move(message));
      begin = end + 1;
    }
  }

  /// The next message of the client, which must be of this kind.
  template <typename T>
  T Asked() {
    Collect();
    EXPECT_FALSE(asked_.empty());
    if (asked_.empty()) return T();
    const MinerMessage message = asked_.front();
    asked_.pop_front();
    id_ = message.id;
    const T* body = std::get_if<T>(&message.body);
    EXPECT_NE(body, nullptr) << message.body.index();
    return body != nullptr ? *body : T();
  }
  bool AskedNothing() {
    Collect();
    return asked_.empty();
  }

  Status Say(const std::string& line) { return session_->Receive(line, now_); }
  void SayWell(const std::string& line) {
    const Status taken = Say(line);
    EXPECT_TRUE(taken) << line << ": " << taken.error().message;
  }
  void Answer(const Response& response) { SayWell(Encode(id_, response)); }

  static Response Extranonce() { return AnswerWith(Subscribed{{0xaa, 0xbb}, 4, "s"}); }

  /// Up to where jobs may come.
  void Introduce(std::optional<uint32_t> mask = 0x1fffe000) {
    Asked<Configure>();
    Configured configured;
    configured.version_mask = mask;
    Answer(AnswerWith(configured));
    Asked<Subscribe>();
    Answer(Extranonce());
    Asked<Authorize>();
    Answer(Accept());
    Asked<SubscribeExtranonce>();
    Answer(Accept());
  }

  static Notify Job(const std::string& name, bool clean = true) {
    Notify job;
    job.job = name;
    job.coinbase1 = {1};
    job.coinbase2 = {2};
    job.version = 0x20000000;
    job.bits = 0x1700ffff;
    job.time = 1'700'000'000;
    job.clean = clean;
    return job;
  }

  ClientWorkPtr Give(const Notify& job) {
    SayWell(Encode(job));
    EXPECT_NE(session_->work(), nullptr);
    return session_->work();
  }

  void Submit(const ClientWorkPtr& work) {
    session_->Submit({work, {1, 2, 3, 4}, work->job.time, 99, work->job.version | 0x4000}, now_);
  }

  /// Time passes; an error is the end of the connection.
  Status Pass(seconds time) {
    const auto end = now_ + time;
    while (session_->Deadline() <= end) {
      EXPECT_GT(session_->Deadline(), now_) << "a deadline that does not move is a busy loop";
      now_ = session_->Deadline();
      if (const Status alive = session_->Tick(now_); !alive) return alive;
    }
    now_ = end;
    return {};
  }

  ClientSession::Time now_{std::chrono::hours(1)};
  ShareTally tally_;
  std::optional<ClientSession> session_;
  std::deque<MinerMessage> asked_;
  MessageId id_;  // of the last that was asked
};

TEST_F(StratumClient, IntroducesItself) {
  EXPECT_EQ(Asked<Configure>().version_mask, kRollableVersionBits);
  Configured configured;
  configured.version_mask = 0x1fffe000;
  Answer(AnswerWith(configured));
  EXPECT_EQ(Asked<Subscribe>().agent, "cairn/1");
  EXPECT_TRUE(AskedNothing()) << "authorize waits for the subscription";
  Answer(Extranonce());
  const auto authorize = Asked<Authorize>();
  EXPECT_EQ(authorize.user, "user");
  EXPECT_EQ(authorize.password, "pass");
  Answer(Accept());
  Asked<SubscribeExtranonce>();
  Answer(Refuse(Refusal::kOther, "unknown"));  // need not be known
  EXPECT_EQ(session_->work(), nullptr);
  SayWell(Encode(SetDifficulty{512}));
  const auto work = Give(Job("a"));
  EXPECT_EQ(work->session, 7u);
  EXPECT_EQ(work->job.job, "a");
  EXPECT_EQ(work->extranonce1, (Bytes{0xaa, 0xbb}));
  EXPECT_EQ(work->extranonce2_size, 4u);
  EXPECT_EQ(work->version_mask, 0x1fffe000u);
  EXPECT_EQ(work->difficulty, 512);
  EXPECT_EQ(work->target, TargetOfDifficulty(512));
}

TEST_F(StratumClient, AJobThatComesEarlyWaitsForTheRest) {
  Asked<Configure>();
  Asked<Subscribe>();
  SayWell(Encode(Job("early")));
  Answer(Extranonce());
  EXPECT_EQ(session_->work(), nullptr);
  Asked<Authorize>();
  Answer(Accept());
  ASSERT_NE(session_->work(), nullptr);
  EXPECT_EQ(session_->work()->job.job, "early");
}

TEST_F(StratumClient, WithoutVersionRollingNoBitsAreSent) {
  Introduce(std::nullopt);
  const auto work = Give(Job("a"));
  EXPECT_EQ(work->version_mask, std::nullopt);
  Submit(work);
  EXPECT_EQ(Asked<stratum::Submit>().version_bits, std::nullopt);
}

TEST_F(StratumClient, SharesAreSentAndCounted) {
  Introduce();
  SayWell(Encode(SetDifficulty{3}));
  const auto work = Give(Job("a"));
  Submit(work);
  const auto share = Asked<stratum::Submit>();
  EXPECT_EQ(share.user, "user");
  EXPECT_EQ(share.job, "a");
  EXPECT_EQ(share.extranonce2, (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(share.time, work->job.time);
  EXPECT_EQ(share.nonce, 99u);
  EXPECT_EQ(share.version_bits, 0x4000u);
  EXPECT_EQ(tally_.accepted, 0u);
  Answer(Accept());
  EXPECT_EQ(tally_.accepted, 1u);
  EXPECT_EQ(tally_.accepted_difficulty, 3);
  Answer(Accept());
  EXPECT_EQ(tally_.accepted, 1u) << "one answer counts";

  Submit(work);
  Asked<stratum::Submit>();
  Answer(Refuse(Refusal::kLowDifficulty, "low difficulty"));
  EXPECT_EQ(tally_.rejected, 1u);
  EXPECT_THAT(tally_.last_error, HasSubstr("low difficulty"));
  Submit(work);
  Asked<stratum::Submit>();
  Answer({json::Value::Bool(false), std::nullopt});
  EXPECT_EQ(tally_.rejected, 2u);
  Submit(work);
  Asked<stratum::Submit>();
  Answer(Refuse(Refusal::kStale, "old"));
  Submit(work);
  Asked<stratum::Submit>();
  Answer({json::Value(), StratumError{-2, "Stale share"}});
  EXPECT_EQ(tally_.stale, 2u);
  EXPECT_EQ(tally_.rejected, 2u);
  EXPECT_EQ(tally_.accepted, 1u);
}

TEST_F(StratumClient, ACleanJobVoidsThoseBeforeIt) {
  Introduce();
  const auto first = Give(Job("a"));
  const auto second = Give(Job("b", false));
  Submit(first);
  EXPECT_EQ(Asked<stratum::Submit>().job, "a") << "still good";
  const auto third = Give(Job("c", true));
  Submit(second);
  EXPECT_TRUE(AskedNothing());
  EXPECT_EQ(tally_.stale, 1u);
  Submit(third);
  EXPECT_EQ(Asked<stratum::Submit>().job, "c");
}

TEST_F(StratumClient, SharesOfAnotherSessionAreNotSent) {
  Introduce();
  const auto work = Give(Job("a"));
  auto other = std::make_shared<ClientWork>(*work);
  other->session = 6;
  Submit(other);
  EXPECT_TRUE(AskedNothing());
}

TEST_F(StratumClient, ADifficultyBelongsToTheNextJobUnlessItIsHigher) {
  Introduce();
  EXPECT_EQ(Give(Job("a"))->difficulty, 1);
  SayWell(Encode(SetDifficulty{0.5}));
  EXPECT_EQ(session_->work()->difficulty, 0.5) << "the first counts at once";
  SayWell(Encode(SetDifficulty{8}));
  EXPECT_EQ(session_->work()->difficulty, 8);
  EXPECT_EQ(session_->work()->target, TargetOfDifficulty(8));
  SayWell(Encode(SetDifficulty{2}));
  EXPECT_EQ(session_->work()->difficulty, 8);
  EXPECT_EQ(Give(Job("b"))->difficulty, 2);
}

TEST_F(StratumClient, AHashThatSolvesTheBlockIsAShare) {
  Introduce();
  SayWell(Encode(SetDifficulty{1e9}));
  Notify job = Job("a");
  job.bits = 0x1d00ffff;
  EXPECT_EQ(Give(job)->target, DecodeCompact(job.bits).target);
  job.bits = 0x01800001;  // negative
  EXPECT_EQ(Give(job)->target, TargetOfDifficulty(1e9));
  job.bits = 0xff7fffff;  // too large
  EXPECT_EQ(Give(job)->target, TargetOfDifficulty(1e9));
}

TEST_F(StratumClient, ANewExtranonceBelongsToTheNextJob) {
  Introduce();
  const auto before = Give(Job("a"));
  SayWell(Encode(SetExtranonce{{1, 2, 3}, 8}));
  SayWell(Encode(SetDifficulty{8}));
  EXPECT_EQ(session_->work()->extranonce1, before->extranonce1);
  const auto after = Give(Job("b"));
  EXPECT_EQ(after->extranonce1, (Bytes{1, 2, 3}));
  EXPECT_EQ(after->extranonce2_size, 8u);
}

TEST_F(StratumClient, TheMaskNeverGrowsBeyondWhatIsFree) {
  Introduce(0xffffffff);
  EXPECT_EQ(Give(Job("a"))->version_mask, kRollableVersionBits);
  SayWell(Encode(SetVersionMask{0x0000e000}));
  EXPECT_EQ(session_->work()->version_mask, 0x0000e000u) << "what is taken away goes at once";
  SayWell(Encode(SetVersionMask{0x00ffe000}));
  EXPECT_EQ(session_->work()->version_mask, 0x0000e000u);
  EXPECT_EQ(Give(Job("b"))->version_mask, 0x00ffe000u);
}

TEST_F(StratumClient, AnUnwantedUserIsTheEnd) {
  Asked<Configure>();
  Asked<Subscribe>();
  Answer(Extranonce());
  Asked<Authorize>();
  const Status ended = Say(Encode(id_, Refuse(Refusal::kUnauthorized, "who?")));
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("who?"));
}

TEST_F(StratumClient, ASubscriptionThatMakesNoSenseIsTheEnd) {
  for (const Response& response :
       {Refuse(Refusal::kOther, "full"), Accept(), Response{},
        Response{json::Value::Array({json::Value(), json::Value::String("zz")}), std::nullopt}}) {
    Begin();
    Asked<Configure>();
    Asked<Subscribe>();
    EXPECT_FALSE(Say(Encode(id_, response))) << Encode(id_, response);
  }
}

TEST_F(StratumClient, NonsenseIsPassedOverForAWhile) {
  Introduce();
  const auto work = Give(Job("a"));
  for (const std::string line : {"HTTP/1.1 400 Bad Request", "{}", "[]",
                                 R"({"id":null,"method":"mining.notify","params":["b"]})",
                                 R"({"id":null,"method":"mining.set_difficulty","params":[-1]})"}) {
    SayWell(line);
    EXPECT_EQ(session_->work(), work) << line;
  }
  SayWell(R"({"id":99,"result":true,"error":null})");
  SayWell(R"({"id":"x","result":true,"error":null})");
  SayWell(R"({"id":null,"method":"mining.new_invention","params":[]})");
  EXPECT_EQ(session_->work(), work);
  EXPECT_TRUE(AskedNothing());
  Status taken;
  int more = 0;
  for (; more < 100 && taken; ++more) taken = Say("nonsense");
  EXPECT_FALSE(taken);
  EXPECT_LT(more, 20);
}

TEST_F(StratumClient, RequestsOfThePoolAreAnswered) {
  Introduce();
  SayWell(Encode(json::Value::Integer(5), GetVersion()));
  EXPECT_EQ(Asked<Response>().result.Text(), "cairn/1");
  EXPECT_EQ(id_.AsInt(), 5);
  SayWell(R"({"id":6,"method":"client.dance","params":[]})");
  EXPECT_TRUE(Asked<Response>().error);
}

TEST_F(StratumClient, ReconnectsToTheSameHostOnly) {
  Introduce();
  SayWell(Encode(Reconnect{"evil.example", 3333, 1}));
  EXPECT_FALSE(session_->move());
  SayWell(Encode(Reconnect{"pool.example.evil.example", 3333, 1}));
  EXPECT_FALSE(session_->move());
  SayWell(Encode(Reconnect{"Pool.Example", 3334, 100'000'000}));
  ASSERT_TRUE(session_->move());
  EXPECT_EQ(session_->move()->port, 3334);
  EXPECT_LE(session_->move()->wait, seconds(60));
  SayWell(Encode(Reconnect{}));
  EXPECT_EQ(session_->move()->port, 0);
}

TEST_F(StratumClient, AnEasyPoolGetsNoMoreSharesThanItAnswers) {
  Introduce();
  const auto work = Give(Job("a"));
  for (int i = 0; i < 10'000; ++i) Submit(work);
  Collect();
  const size_t sent = asked_.size();
  EXPECT_GT(sent, 10u);
  EXPECT_LT(sent, 1000u);
  Asked<stratum::Submit>();
  Answer(Accept());
  Submit(work);
  Collect();
  EXPECT_EQ(asked_.size(), sent);
}

TEST_F(StratumClient, SilenceIsProbedAndEndsTheConnection) {
  Introduce();
  Give(Job("a"));
  ASSERT_TRUE(Pass(seconds(200)));
  Asked<SubscribeExtranonce>();  // anything that asks for an answer
  Answer(Accept());
  ASSERT_TRUE(Pass(seconds(200)));
  Asked<SubscribeExtranonce>();
  const auto last = now_;
  const Status ended = Pass(seconds(1000));
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("silent"));
  EXPECT_LE(now_ - last, seconds(300));
}

TEST_F(StratumClient, APoolThatTalksStays) {
  Introduce();
  for (int i = 0; i < 100; ++i) {
    Give(Job("job " + std::to_string(i)));
    ASSERT_TRUE(Pass(seconds(100)));
  }
  EXPECT_TRUE(AskedNothing());
}

TEST_F(StratumClient, SharesMustBeAnswered) {
  Introduce();
  Submit(Give(Job("a")));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Pass(seconds(10)));
    Give(Job("b", false));
  }
  const Status ended = Pass(seconds(30));
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("does not answer"));
}

TEST_F(StratumClient, WhatPoolsMayIgnoreNeedsNoAnswer) {
  Asked<Configure>();
  Asked<Subscribe>();
  Answer(Extranonce());
  Asked<Authorize>();
  Answer(Accept());
  Give(Job("a"));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Pass(seconds(30)));
    Give(Job("b", false));
  }
}

TEST_F(StratumClient, APoolWithoutJobsIsLeft) {
  Introduce();
  const Status ended = Pass(seconds(100));
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("no job"));
}

TEST_F(StratumClient, APoolWhoseJobsHaveStoppedIsLeft) {
  Introduce();
  Give(Job("a"));
  const auto talk = [&](seconds time) {
    Status alive;
    for (const auto end = now_ + time; alive && now_ < end;) {
      SayWell(Encode(ShowMessage{"all is well"}));
      alive = Pass(seconds(10));
    }
    return alive;
  };
  ASSERT_TRUE(talk(seconds(590)));
  Give(Job("b"));
  const auto last = now_;
  const Status ended = talk(seconds(5000));
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("no more jobs"));
  EXPECT_EQ(now_ - last, seconds(600));
}

}  // namespace
}  // namespace cairn::mining::stratum
