// Lines of Stratum: what is written is read as the same, and what is wrong is refused for its
// reason, whatever it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "src/mining/stratum/messages.h"

namespace cairn::mining::stratum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const MessageId kSeven = json::Value::Integer(7);

template <typename T>
T MinerSays(const std::string& line) {
  const auto message = DecodeMinerLine(line);
  EXPECT_TRUE(message) << line << ": " << message.error().message;
  const T* body = message ? std::get_if<T>(&message->body) : nullptr;
  EXPECT_NE(body, nullptr) << line;
  return body != nullptr ? *body : T();
}

template <typename T>
T PoolSays(const std::string& line) {
  const auto message = DecodePoolLine(line);
  EXPECT_TRUE(message) << line << ": " << message.error().message;
  const T* body = message ? std::get_if<T>(&message->body) : nullptr;
  EXPECT_NE(body, nullptr) << line;
  return body != nullptr ? *body : T();
}

std::string PoolError(const std::string& line) {
  const auto message = DecodePoolLine(line);
  EXPECT_FALSE(message) << line;
  return message ? "" : message.error().message;
}

std::string Request(const std::string& method, const std::string& params) {
  return R"({"id":7,"method":")" + method + R"(","params":)" + params + "}";
}

std::string Malformation(const std::string& method, const std::string& params) {
  return MinerSays<MalformedRequest>(Request(method, params)).reason;
}

TEST(StratumMessages, RequestsAreReadAsTheyWereWritten) {
  const auto subscribe = MinerSays<Subscribe>(Encode(kSeven, Subscribe{"cairn/1", "abc"}));
  EXPECT_EQ(subscribe.agent, "cairn/1");
  EXPECT_EQ(subscribe.session, "abc");

  const auto authorize = MinerSays<Authorize>(Encode(kSeven, Authorize{"worker.1", "x \"y\""}));
  EXPECT_EQ(authorize.user, "worker.1");
  EXPECT_EQ(authorize.password, "x \"y\"");

  MinerSays<SubscribeExtranonce>(Encode(kSeven, SubscribeExtranonce()));
  EXPECT_EQ(MinerSays<SuggestDifficulty>(Encode(kSeven, SuggestDifficulty{0.1})).difficulty, 0.1);

  const Submit share{"w", "job 1", {0xab, 0xcd}, 0x64b3f3ec, 0xed460d91, 0x00002000};
  const std::string line = Encode(kSeven, share);
  EXPECT_EQ(line, R"({"id":7,"method":"mining.submit","params":["w","job 1","abcd","64b3f3ec",)"
                  R"("ed460d91","00002000"]})");
  const auto submit = MinerSays<Submit>(line);
  EXPECT_EQ(submit.user, "w");
  EXPECT_EQ(submit.job, "job 1");
  EXPECT_EQ(submit.extranonce2, share.extranonce2);
  EXPECT_EQ(submit.time, share.time);
  EXPECT_EQ(submit.nonce, share.nonce);
  EXPECT_EQ(submit.version_bits, share.version_bits);
}

TEST(StratumMessages, ConfigureNamesWhatItWants) {
  Configure wanted;
  wanted.version_mask = 0x1fffe000;
  wanted.minimum_difficulty = 2048;
  wanted.subscribe_extranonce = true;
  wanted.unknown_extensions = {"info"};
  const auto request = MinerSays<Configure>(Encode(kSeven, wanted));
  EXPECT_EQ(request.version_mask, wanted.version_mask);
  EXPECT_EQ(request.minimum_difficulty, wanted.minimum_difficulty);
  EXPECT_TRUE(request.subscribe_extranonce);
  EXPECT_THAT(request.unknown_extensions, ElementsAre("info"));

  const auto open = MinerSays<Configure>(Request("mining.configure", R"([["version-rolling"]])"));
  EXPECT_EQ(open.version_mask, 0xffffffff) << "without a mask a miner rolls everything";
  EXPECT_FALSE(open.subscribe_extranonce);
}

TEST(StratumMessages, NoticesAreReadAsTheyWereWritten) {
  EXPECT_EQ(PoolSays<SetDifficulty>(Encode(SetDifficulty{1e-9})).difficulty, 1e-9);
  const double third = 1.0 / 3;
  EXPECT_EQ(PoolSays<SetDifficulty>(Encode(SetDifficulty{third})).difficulty, third);
  const auto extranonce = PoolSays<SetExtranonce>(Encode(SetExtranonce{{1, 2}, 5}));
  EXPECT_EQ(extranonce.extranonce1, (Bytes{1, 2}));
  EXPECT_EQ(extranonce.extranonce2_size, 5u);
  EXPECT_EQ(PoolSays<SetVersionMask>(Encode(SetVersionMask{0x1fffe000})).mask, 0x1fffe000u);
  const auto reconnect = PoolSays<Reconnect>(Encode(Reconnect{"other.example", 3333, 10}));
  EXPECT_EQ(reconnect.host, "other.example");
  EXPECT_EQ(reconnect.port, 3333);
  EXPECT_EQ(reconnect.wait_seconds, 10u);
  EXPECT_EQ(PoolSays<ShowMessage>(Encode(ShowMessage{"hello"})).text, "hello");
  PoolSays<GetVersion>(Encode(kSeven, GetVersion()));

  Notify job;
  job.job = "4f";
  job.previous.bytes[0] = 1;
  job.previous.bytes[31] = 2;
  job.coinbase1 = {1, 2, 3};
  job.coinbase2 = {4};
  job.branch = {crypto::Sha256Of({}), crypto::Digest{}};
  job.version = 0x20000000;
  job.bits = 0x1d00ffff;
  job.time = 7;
  job.clean = true;
  const auto again = PoolSays<Notify>(Encode(job));
  EXPECT_EQ(again.job, job.job);
  EXPECT_EQ(again.previous, job.previous);
  EXPECT_EQ(again.coinbase1, job.coinbase1);
  EXPECT_EQ(again.coinbase2, job.coinbase2);
  EXPECT_EQ(again.branch, job.branch);
  EXPECT_EQ(again.version, job.version);
  EXPECT_EQ(again.bits, job.bits);
  EXPECT_EQ(again.time, job.time);
  EXPECT_TRUE(again.clean);
}

TEST(StratumMessages, AnswersRepeatTheId) {
  const std::string line = Encode(json::Value::String("a"), Accept());
  EXPECT_EQ(line, R"({"id":"a","result":true,"error":null})");
  EXPECT_EQ(Encode(MessageId(), Refuse(Refusal::kStale, "Job not found")),
            R"({"id":null,"result":null,"error":[21,"Job not found",null]})");
  const auto refused = PoolSays<Response>(Encode(kSeven, Refuse(Refusal::kDuplicate, "again")));
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code, 22);
  EXPECT_EQ(refused.error->message, "again");
  EXPECT_EQ(DecodePoolLine(line)->id.Text(), "a");
}

TEST(StratumMessages, ErrorsOfAnyShapeAreErrors) {
  const auto error = [](const std::string& text) {
    const auto answer = PoolSays<Response>(R"({"id":1,"result":null,"error":)" + text + "}");
    EXPECT_TRUE(answer.error) << text;
    return answer.error.value_or(StratumError());
  };
  EXPECT_EQ(error(R"({"code":-3,"message":"no"})").code, -3);
  EXPECT_EQ(error(R"({"code":-3,"message":"no"})").message, "no");
  EXPECT_EQ(error(R"("text")").message, "text");
  EXPECT_EQ(error("[]").code, 20);
  EXPECT_EQ(error("true").code, 20);
  EXPECT_EQ(error(R"(["x", 5])").message, "");
  EXPECT_FALSE(PoolSays<Response>(R"({"id":1,"result":true})").error);
}

TEST(StratumMessages, ResultOfSubscribe) {
  const Subscribed mine{{0x57, 0xa6}, 4, "s1"};
  const auto answer = PoolSays<Response>(Encode(kSeven, AnswerWith(mine)));
  const auto again = DecodeSubscribed(answer.result);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->extranonce1, mine.extranonce1);
  EXPECT_EQ(again->extranonce2_size, 4u);
  EXPECT_EQ(again->session, "s1");

  const auto refused = [](const std::string& result) {
    return !DecodeSubscribed(*json::Parse(result));
  };
  EXPECT_FALSE(refused(R"([null, "", 1])"));
  EXPECT_TRUE(refused("null"));
  EXPECT_TRUE(refused("true"));
  EXPECT_TRUE(refused(R"([[], "abc", 4])")) << "an odd number of digits";
  EXPECT_TRUE(refused(R"([[], "ab", 0])"));
  EXPECT_TRUE(refused(R"([[], "ab", 33])"));
  EXPECT_TRUE(refused(R"([[], "ab", -1])"));
  EXPECT_TRUE(refused(R"([[], "ab", 4.5])"));
  EXPECT_TRUE(refused(R"([[], ")" + std::string(66, 'a') + R"(", 4])"));
}

TEST(StratumMessages, ResultOfConfigure) {
  Configured mine;
  mine.version_mask = 0x1fffe000;
  mine.subscribe_extranonce = true;
  mine.unknown_extensions = {"info", "info", "version-rolling.mask"};
  const std::string line = Encode(kSeven, AnswerWith(mine));
  EXPECT_EQ(line, R"({"id":7,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000",)"
                  R"("subscribe-extranonce":true,"info":false},"error":null})");
  const Configured again = DecodeConfigured(PoolSays<Response>(line).result);
  EXPECT_EQ(again.version_mask, 0x1fffe000u);
  EXPECT_EQ(again.subscribe_extranonce, true);
  EXPECT_EQ(again.minimum_difficulty, std::nullopt);

  const auto mask = [](const std::string& result) {
    return DecodeConfigured(*json::Parse(result)).version_mask;
  };
  EXPECT_EQ(mask(R"({"version-rolling":false,"version-rolling.mask":"1fffe000"})"), std::nullopt);
  EXPECT_EQ(mask(R"({"version-rolling":true,"version-rolling.mask":5})"), std::nullopt);
  EXPECT_EQ(mask(R"({"version-rolling":"no"})"), std::nullopt);
  EXPECT_EQ(mask("[]"), std::nullopt);
}

TEST(StratumMessages, RequestsWithWrongParametersCanBeAnswered) {
  EXPECT_THAT(Malformation("mining.submit", "{}"), HasSubstr("no array"));
  EXPECT_THAT(Malformation("mining.submit", "[]"), HasSubstr("the user"));
  EXPECT_THAT(Malformation("mining.submit", R"(["u"])"), HasSubstr("the job"));
  const auto submit = [](const std::string& rest) {
    return Malformation("mining.submit", R"(["u","j",)" + rest + "]");
  };
  EXPECT_THAT(submit(R"("xx","00000000","00000000")"), HasSubstr("extranonce2"));
  EXPECT_THAT(submit(R"("","0000000","00000000")"), HasSubstr("the time"));
  EXPECT_THAT(submit(R"("",5,"00000000")"), HasSubstr("the time"));
  EXPECT_THAT(submit(R"("","00000000","0000000g")"), HasSubstr("the nonce"));
  EXPECT_THAT(submit(R"("","00000000","00000000","0x002000")"), HasSubstr("the version"));
  EXPECT_THAT(submit('"' + std::string(66, '0') + R"(","00000000","00000000")"),
              HasSubstr("extranonce2"));
  EXPECT_THAT(Malformation("mining.authorize", R"(["a\nb"])"), HasSubstr("printable"));
  EXPECT_THAT(Malformation("mining.authorize", "[\"" + std::string(257, 'a') + "\"]"),
              HasSubstr("256"));
  EXPECT_THAT(Malformation("mining.suggest_difficulty", "[0]"), HasSubstr("positive"));
  EXPECT_THAT(Malformation("mining.suggest_difficulty", R"(["5"])"), HasSubstr("positive"));
  EXPECT_FALSE(DecodeMinerLine(Request("mining.suggest_difficulty", "[1e999]")));
  EXPECT_THAT(Malformation("mining.configure", "[]"), HasSubstr("list"));
  EXPECT_THAT(Malformation("mining.configure", "[[5]]"), HasSubstr("no name"));
  EXPECT_THAT(
      Malformation("mining.configure", R"([["version-rolling"],{"version-rolling.mask":"1fffe"}])"),
      HasSubstr("8 hex digits"));
  EXPECT_THAT(Malformation("mining.configure", R"([["minimum-difficulty"],{}])"),
              HasSubstr("minimum-difficulty.value"));
  EXPECT_EQ(DecodeMinerLine(Request("mining.submit", "[]"))->id.AsInt(), 7);
}

TEST(StratumMessages, MinersLeaveThingsOut) {
  EXPECT_EQ(MinerSays<Subscribe>(R"({"id":1,"method":"mining.subscribe"})").agent, "");
  EXPECT_EQ(MinerSays<Subscribe>(Request("mining.subscribe", "[null, null]")).session, "");
  EXPECT_EQ(MinerSays<Subscribe>(Request("mining.subscribe", "[\"a\\u0007b\"]")).agent, "a?b");
  EXPECT_EQ(MinerSays<Authorize>(Request("mining.authorize", R"(["u"])")).password, "");
  EXPECT_EQ(MinerSays<UnknownRequest>(Request("mining.get_transactions", "[]")).method,
            "mining.get_transactions");
  EXPECT_TRUE(DecodeMinerLine(R"({"method":"mining.subscribe"})")->id.IsNull());
  EXPECT_EQ(MinerSays<Response>(R"({"id":1,"result":"cgminer","error":null})").result.Text(),
            "cgminer");
}

TEST(StratumMessages, WhatIsNoMessageIsAnError) {
  for (const std::string line :
       {"", " ", "null", "[]", "{}", "{\"id\":1}", "{\"id\":1,\"method\":5}",
        "{\"id\":1,\"method\":", "{\"id\":[],\"method\":\"mining.subscribe\"}",
        "{\"id\":1.5,\"method\":\"mining.subscribe\"}",
        "{\"id\":99999999999999999999,\"method\":\"mining.subscribe\"}",
        "{\"id\":1,\"id\":2,\"method\":\"mining.subscribe\"}", "GET / HTTP/1.1", "\x16\x03\x01",
        "{\"id\":1,\"method\":\"a\\nb\"}"}) {
    EXPECT_FALSE(DecodeMinerLine(line)) << line;
    EXPECT_FALSE(DecodePoolLine(line)) << line;
  }
  EXPECT_FALSE(DecodeMinerLine("{\"id\":\"" + std::string(65, 'a') + "\",\"method\":\"x\"}"));
}

TEST(StratumMessages, LengthAndDepthAreBounded) {
  const auto padded = [](size_t size) {
    const std::string line = R"({"id":1,"method":"x"})";
    return line + std::string(size - line.size(), ' ');
  };
  EXPECT_TRUE(DecodeMinerLine(padded(kLongestMinerLine)));
  EXPECT_FALSE(DecodeMinerLine(padded(kLongestMinerLine + 1)));
  EXPECT_TRUE(DecodePoolLine(padded(kLongestPoolLine)));
  EXPECT_FALSE(DecodePoolLine(padded(kLongestPoolLine + 1)));
  const auto nested = [](size_t depth) {
    return R"({"id":1,"method":"x","params":)" + std::string(depth, '[') + std::string(depth, ']') +
           "}";
  };
  EXPECT_TRUE(DecodeMinerLine(nested(10)));
  EXPECT_FALSE(DecodeMinerLine(nested(1000)));
  EXPECT_FALSE(DecodePoolLine(nested(30'000)));
}

TEST(StratumMessages, JobsWithWrongFieldsAreRefused) {
  const std::string hash(64, '0');
  const auto notify = [&](const std::string& previous, const std::string& coinbases,
                          const std::string& branch, const std::string& rest) {
    return PoolError(Request("mining.notify", "[\"j\",\"" + previous + "\"," + coinbases + "," +
                                                  branch + "," + rest + "]"));
  };
  const std::string coinbases = R"("00","00")";
  const std::string rest = R"("20000000","1d00ffff","00000000",true)";
  ASSERT_TRUE(DecodePoolLine(
      Request("mining.notify", "[\"j\",\"" + hash + "\"," + coinbases + ",[]," + rest + "]")));
  EXPECT_THAT(notify(hash + "0", coinbases, "[]", rest), HasSubstr("previous hash"));
  EXPECT_THAT(notify(hash.substr(2), coinbases, "[]", rest), HasSubstr("previous hash"));
  EXPECT_THAT(notify(hash, R"("0","00")", "[]", rest), HasSubstr("first part"));
  EXPECT_THAT(notify(hash, R"("00",7)", "[]", rest), HasSubstr("second part"));
  EXPECT_THAT(notify(hash, coinbases, "7", rest), HasSubstr("branch"));
  EXPECT_THAT(notify(hash, coinbases, R"(["00"])", rest), HasSubstr("branch"));
  std::string many = "[\"" + hash + '"';
  for (size_t i = 0; i < kDeepestBranch; ++i) many += ",\"" + hash + '"';
  EXPECT_THAT(notify(hash, coinbases, many + "]", rest), HasSubstr("at most 32"));
  EXPECT_THAT(notify(hash, coinbases, "[]", R"("2000000","1d00ffff","00000000",true)"),
              HasSubstr("version"));
  EXPECT_THAT(notify(hash, coinbases, "[]", R"("20000000","1d00ff","00000000",true)"),
              HasSubstr("bits"));
  EXPECT_THAT(notify(hash, coinbases, "[]", R"("20000000","1d00ffff")"), HasSubstr("time"));
  EXPECT_THAT(PoolError(Request("mining.notify", "[5]")), HasSubstr("the job"));
}

TEST(StratumMessages, NoticesWithWrongFieldsAreRefused) {
  for (const std::string number : {"0", "-1", "\"1\"", "null", "1e999", "[]"}) {
    PoolError(Request("mining.set_difficulty", "[" + number + "]"));
  }
  PoolError(Request("mining.set_difficulty", "[]"));
  PoolError(Request("mining.set_extranonce", R"(["ab"])"));
  PoolError(Request("mining.set_extranonce", R"(["ab", 1000000000000])"));
  PoolError(Request("mining.set_version_mask", R"(["1fffe0000"])"));
  PoolError(Request("client.reconnect", R"(["a\u0000b"])"));
  EXPECT_EQ(PoolSays<Reconnect>(Request("client.reconnect", "[]")).host, "");
  EXPECT_EQ(PoolSays<Reconnect>(Request("client.reconnect", R"(["h","3333",5])")).port, 3333);
  EXPECT_EQ(PoolSays<Reconnect>(Request("client.reconnect", R"(["h",70000])")).port, 0);
  EXPECT_EQ(PoolSays<ShowMessage>(Request("client.show_message", R"(["a\u001bb"])")).text, "a?b");
  EXPECT_EQ(PoolSays<UnknownNotice>(Request("mining.something", "[]")).method, "mining.something");
}

TEST(StratumMessages, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(PlainText(std::string(300, 'a')), std::string(256, 'a'));
  const std::string cut = PlainText(std::string(255, 'a') + "\xc3\xa4");
  EXPECT_EQ(cut, std::string(255, 'a'));
  EXPECT_EQ(PlainText("\x01\x7f\xc3\xa4"), "??\xc3\xa4");
}

}  // namespace
}  // namespace cairn::mining::stratum
