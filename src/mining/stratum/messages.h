// The messages of Stratum v1, one JSON text a line, in both directions: what a miner asks of a
// pool, and what a pool answers and announces.
//
// Decoding is total and bounded: a line has a greatest length, JSON a greatest depth, and every
// field a size. What miners and pools have been seen to leave out may be missing. Texts that people
// wrote come without control characters. Pure functions, from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/json.h"
#include "cairn/base/result.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/hash.h"

namespace cairn::mining::stratum {

/// Longer lines are refused, the end of the line not counted.
inline constexpr size_t kLongestMinerLine = 4 << 10;
inline constexpr size_t kLongestPoolLine = 64 << 10;

inline constexpr size_t kLongestText = 256;       // names, passwords, identifiers, messages
inline constexpr size_t kLargestExtranonce = 32;  // either of the two
inline constexpr size_t kDeepestBranch = 32;

/// What names a request, which its answer repeats: a number, a string, or null.
using MessageId = json::Value;

/// Why a pool refuses. Pools have codes of their own besides.
enum class Refusal : int64_t {
  kOther = 20,
  kStale = 21,
  kDuplicate = 22,
  kLowDifficulty = 23,
  kUnauthorized = 24,
  kNotSubscribed = 25,
};

struct StratumError {
  int64_t code = static_cast<int64_t>(Refusal::kOther);
  std::string message;
};

/// The answer to a request. What `result` must be depends on what was asked.
struct Response {
  json::Value result;
  std::optional<StratumError> error;
};

Response Accept();
Response Refuse(Refusal refusal, std::string message);

// --- From the miner ---

struct Subscribe {
  std::string agent;
  std::string session;  // of an earlier connection that it wants to go on with
};

struct Authorize {
  std::string user;
  std::string password;
};

/// That the miner takes `SetExtranonce`.
struct SubscribeExtranonce {};

/// BIP310. What the miner would like; each extension is answered by itself.
struct Configure {
  std::optional<uint32_t> version_mask;         // version-rolling, and the bits it can roll
  std::optional<double> minimum_difficulty;     // minimum-difficulty
  bool subscribe_extranonce = false;            // subscribe-extranonce
  std::vector<std::string> unknown_extensions;  // by name
};

struct SuggestDifficulty {
  double difficulty = 0;
};

struct Submit {
  std::string user;
  std::string job;
  Bytes extranonce2;
  uint32_t time = 0;
  uint32_t nonce = 0;
  std::optional<uint32_t> version_bits;  // BIP310: what was put in place of the masked bits
};

/// A request of a name that we know, whose parameters are not what they must be.
struct MalformedRequest {
  std::string reason;
};

struct UnknownRequest {
  std::string method;
};

struct MinerMessage {
  MessageId id;
  std::variant<UnknownRequest, MalformedRequest, Subscribe, Authorize, SubscribeExtranonce,
               Configure, SuggestDifficulty, Submit, Response>
      body;
};

/// An error is for what cannot be answered because it is no message at all.
Result<MinerMessage> DecodeMinerLine(std::string_view line);

// Lines are encoded without their end.
std::string Encode(const MessageId& id, const Response& response);
std::string Encode(const MessageId& id, const Subscribe& request);
std::string Encode(const MessageId& id, const Authorize& request);
std::string Encode(const MessageId& id, const SubscribeExtranonce& request);
std::string Encode(const MessageId& id, const Configure& request);
std::string Encode(const MessageId& id, const SuggestDifficulty& request);
std::string Encode(const MessageId& id, const Submit& request);

// --- From the pool ---

struct SetDifficulty {
  double difficulty = 0;  // positive and finite
};

struct SetExtranonce {
  Bytes extranonce1;
  size_t extranonce2_size = 0;  // 1 to kLargestExtranonce
};

struct SetVersionMask {
  uint32_t mask = 0;
};

/// A job. The coinbase is `coinbase1`, extranonce1, extranonce2, `coinbase2`.
struct Notify {
  std::string job;
  BlockHash previous;
  Bytes coinbase1;
  Bytes coinbase2;
  std::vector<crypto::Digest> branch;  // the neighbours of the coinbase's path, lowest first
  uint32_t version = 0;
  uint32_t bits = 0;
  uint32_t time = 0;
  bool clean = false;  // whether the jobs before it are void
};

struct Reconnect {
  std::string host;   // empty for the same
  uint16_t port = 0;  // 0 for the same
  uint32_t wait_seconds = 0;
};

struct ShowMessage {
  std::string text;
};

/// The pool asks for the name of the program, which is the result to answer with.
struct GetVersion {};

struct UnknownNotice {
  std::string method;
};

struct PoolMessage {
  MessageId id;
  std::variant<UnknownNotice, SetDifficulty, SetExtranonce, SetVersionMask, Notify, Reconnect,
               ShowMessage, GetVersion, Response>
      body;
};

/// An error is for whatever is not as it must be.
Result<PoolMessage> DecodePoolLine(std::string_view line);

std::string Encode(const SetDifficulty& notice);
std::string Encode(const SetExtranonce& notice);
std::string Encode(const SetVersionMask& notice);
std::string Encode(const Notify& notice);
std::string Encode(const Reconnect& notice);
std::string Encode(const ShowMessage& notice);
std::string Encode(const MessageId& id, const GetVersion& request);

// --- The results of answers ---

struct Subscribed {
  Bytes extranonce1;
  size_t extranonce2_size = 0;  // 1 to kLargestExtranonce
  std::string session;          // what the miner may name the next time; may be empty
};
Response AnswerWith(const Subscribed& subscribed);
Result<Subscribed> DecodeSubscribed(const json::Value& result);

/// BIP310. What is absent is not spoken of.
struct Configured {
  std::optional<uint32_t> version_mask;
  std::optional<bool> minimum_difficulty;
  std::optional<bool> subscribe_extranonce;
  std::vector<std::string> unknown_extensions;  // are answered with false
};
Response AnswerWith(const Configured& configured);
/// What is not understood counts as refused. Never has `unknown_extensions`.
Configured DecodeConfigured(const json::Value& result);

/// 8 digits, the most significant first.
std::string HexWord(uint32_t word);

/// `text` in at most kLongestText bytes, with "?" for each control character.
std::string PlainText(std::string_view text);

}  // namespace cairn::mining::stratum
