// What the tests of mining share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "cairn/base/hex.h"
#include "cairn/mining/block_template.h"
#include "cairn/primitives/script.h"

namespace cairn::mining {

inline const std::atomic<bool> kNeverStop{false};

inline TemplateOptions PayAnyone() {
  TemplateOptions options;
  options.payout_script = {OP_1};
  return options;
}

/// A witness program of that number alone.
inline Bytes ScriptNumber(uint8_t number) {
  Bytes script{OP_0, 20};
  script.resize(22, number);
  return script;
}

/// The block that was put into a file of the folder, under its hash; null if none comes.
inline BlockPtr WaitForFoundBlock(const std::filesystem::path& folder) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("found-") || !name.ends_with(".block")) continue;
      std::ifstream file(entry.path());
      std::string hex;
      std::getline(file, hex);
      const auto block = Block::Parse(FromHex(hex).value_or(Bytes()));
      if (!block || name != "found-" + (*block)->hash().ToString() + ".block") return nullptr;
      return *block;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return nullptr;
}

}  // namespace cairn::mining
