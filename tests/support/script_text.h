// The assembly of the script vectors: decimal numbers as pushes, 0x.. raw bytes, 'text' pushed,
// opcode names with or without OP_.
#pragma once

#include <charconv>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/primitives/script.h"
#include "consensus/script/flags.h"

namespace cairn::test {

inline const std::map<std::string, uint8_t>& OpcodesByName() {
  static const std::map<std::string, uint8_t> names = [] {
    std::map<std::string, uint8_t> result;
    for (int opcode = OP_NOP; opcode <= OP_CHECKSIGADD; ++opcode) {
      const std::string name(OpcodeName(static_cast<uint8_t>(opcode)));
      result[name] = static_cast<uint8_t>(opcode);
      result[name.substr(3)] = static_cast<uint8_t>(opcode);
    }
    result["OP_RESERVED"] = result["RESERVED"] = OP_RESERVED;
    result["OP_1NEGATE"] = result["1NEGATE"] = OP_1NEGATE;
    return result;
  }();
  return names;
}

inline Bytes ParseScriptText(const std::string& text) {
  Bytes script;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    int64_t number = 0;
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (failed == std::errc() && end == word.data() + word.size()) {
      Append(script, ScriptBuilder().Number(number).Take());
    } else if (word.starts_with("0x")) {
      const auto raw = FromHex(word.substr(2));
      EXPECT_TRUE(raw.has_value()) << word;
      if (raw) Append(script, *raw);
    } else if (word.size() >= 2 && word.front() == '\'' && word.back() == '\'') {
      Append(script, ScriptBuilder().Push(AsBytes(word).subspan(1, word.size() - 2)).Take());
    } else {
      const auto opcode = OpcodesByName().find(word);
      EXPECT_NE(opcode, OpcodesByName().end()) << word;
      if (opcode != OpcodesByName().end()) script.push_back(opcode->second);
    }
  }
  return script;
}

/// "P2SH,WITNESS" and so on; empty is none.
inline consensus::ScriptFlags ParseFlags(const std::string& text) {
  consensus::ScriptFlags flags;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto flag = consensus::ScriptFlagNamed(word);
    EXPECT_TRUE(flag.has_value()) << word;
    if (flag) flags = flags | *flag;
  }
  return flags;
}

}  // namespace cairn::test
