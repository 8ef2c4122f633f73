// What the tests of options and data directory share.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cairn/node/options.h"
#include "src/node/option_words.h"

namespace cairn::node {

/// A folder of one's own, gone at the end.
class TempFolder {
 public:
  TempFolder() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() /
            ("cairn_node_" + std::to_string(getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file below the folder and gives its path.
  std::filesystem::path Write(const std::filesystem::path& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// The options of a command line that is in order.
inline Options Given(const std::vector<std::string>& arguments,
                     Program program = Program::kDaemon) {
  Result<Options> options = Options::FromCommandLine(arguments, program);
  if (options) return *options;
  ADD_FAILURE() << options.error().message;
  return *Options::FromCommandLine({}, program);
}

/// The options of a command line and a configuration file, on the chain of `section`.
inline Options Given(const std::vector<std::string>& arguments, std::string_view config,
                     const std::string& section) {
  Options options = Given(arguments);
  const Result<ConfigText> text = ParseConfigText(config);
  if (!text) {
    ADD_FAILURE() << text.error().message;
    return options;
  }
  const Status added = options.AddConfig(text->entries);
  EXPECT_TRUE(added) << added.error().message;
  options.SelectSection(section);
  return options;
}

/// What is wrong with a command line; empty if nothing is.
inline std::string Complaint(const std::vector<std::string>& arguments,
                             Program program = Program::kDaemon) {
  const Result<Options> options = Options::FromCommandLine(arguments, program);
  return options ? "" : options.error().message;
}

}  // namespace cairn::node
