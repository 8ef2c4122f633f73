// Reading the members of a chain file's objects one by one, each with its own demand.
//
// The first thing that is wrong is kept with its line, and reading goes on with harmless values:
// the caller reads everything in one go and asks once at the end, as with `Reader`.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/base/json.h"
#include "cairn/primitives/hash.h"
#include "cairn/primitives/u256.h"

namespace cairn::genesis {

/// The first problem of a chain file.
class Problem {
 public:
  void Set(int line, std::string reason);

  bool found() const { return !reason_.empty(); }
  int line() const { return line_; }
  const std::string& reason() const { return reason_; }

 private:
  int line_ = 0;
  std::string reason_;
};

/// An object of a chain file, and the keys that it may have. Copies share the problem, which must
/// outlive them, as must the JSON value.
class Fields {
 public:
  /// The file's top object.
  Fields(const json::Value& root, Problem& problem) : Fields(root, "", problem) {}

  bool Has(std::string_view key) const { return object_.Find(key) != nullptr; }
  /// Says that the value of `key` is wrong, as in `"KEY" DEMAND`.
  void Refuse(std::string_view key, const std::string& demand) const;

  // Each gives the value of a key. One that is missing is a problem unless there is a fallback.
  struct Range {
    int64_t least = 0;
    int64_t most = std::numeric_limits<int32_t>::max();
  };
  int64_t Number(std::string_view key, Range range, std::optional<int64_t> fallback = {}) const;
  int Height(std::string_view key, std::optional<int64_t> fallback = {}) const;
  bool Flag(std::string_view key, bool fallback) const;
  std::string Text(std::string_view key) const;
  std::vector<std::string> Texts(std::string_view key) const;
  /// Of exactly `size` bytes, or of any size above 0 if `size` is 0.
  Bytes Hex(std::string_view key, size_t size) const;
  BlockHash HashOrZero(std::string_view key) const;
  BlockHash Hash(std::string_view key) const;
  /// 64 hex digits, the most significant first.
  U256 Large(std::string_view key, std::optional<U256> fallback = {}) const;

  /// A number, or a word that stands for one.
  using Words = std::vector<std::pair<std::string_view, int64_t>>;
  int64_t NumberOrWord(std::string_view key, const Words& words, int64_t fallback) const;

  enum class Presence { kRequired, kOptional };
  /// The object under a key; one without members if there is none.
  Fields Section(std::string_view key, Presence presence) const;
  /// The objects of the list under a key; none if it is missing.
  std::vector<Fields> Entries(std::string_view key) const;

 private:
  Fields(const json::Value& object, std::string path, Problem& problem);

  const json::Value* Find(std::string_view key, bool required) const;
  /// The key with the sections around it, in quotes.
  std::string Quoted(std::string_view key) const;
  std::string PathTo(std::string_view key) const;

  const json::Value& object_;
  std::string path_;  // of the section; empty at the top
  Problem& problem_;
};

/// The sections of a chain file and the keys of each; the top's name is empty.
struct SectionKeys {
  std::string_view section;
  std::vector<std::string_view> keys;
};
const std::vector<SectionKeys>& ChainFileKeys();

}  // namespace cairn::genesis
