// Where the conformance vectors lie, and how tests read them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "cairn/base/bytes.h"

namespace cairn::test {

/// The folder of CAIRN_VECTORS, or the one that lies beside the source tree.
inline std::filesystem::path VectorRoot() {
  const char* set = std::getenv("CAIRN_VECTORS");
  return set != nullptr ? std::filesystem::path(set)
                        : std::filesystem::path(CAIRN_SOURCE_DIR) / ".." / "shared" / "vectors";
}

inline std::filesystem::path VectorPath(const std::string& name) { return VectorRoot() / name; }

inline bool HaveVectors() { return std::filesystem::exists(VectorPath("README.md")); }

inline Bytes ReadBinary(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  EXPECT_TRUE(file.good()) << path;
  if (!file.good()) return {};
  Bytes bytes(static_cast<size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(file.good()) << path;
  return bytes;
}

inline std::string ReadText(const std::filesystem::path& path) {
  const Bytes bytes = ReadBinary(path);
  return std::string(AsText(bytes));
}

}  // namespace cairn::test

/// Ends the test as skipped, saying why, where the vectors are absent.
#define CAIRN_NEED_VECTORS()                                                    \
  if (!::cairn::test::HaveVectors()) {                                          \
    GTEST_SKIP() << "no conformance vectors in " << ::cairn::test::VectorRoot() \
                 << " (set CAIRN_VECTORS to their folder)";                     \
  }
