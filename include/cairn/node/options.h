// The options of one run: what the command line and the configuration file say together.
//
// Values are checked against the option table when they are read, so the getters cannot fail. Names
// are without dash; asking for a name that is not in the table is a mistake in our own code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/base/result.h"
#include "cairn/node/option_table.h"

namespace cairn::node {

struct ConfigEntry;
struct Settings;

/// Filled at start-up, then only read; reading is safe from any thread.
class Options {
 public:
  /// Reads the words that follow the program's name. For the daemon every word must be an option;
  /// the client's end at the first that is none.
  static Result<Options> FromCommandLine(const std::vector<std::string>& arguments,
                                         Program program);
  ~Options();
  Options(const Options& other);
  Options(Options&&) noexcept;
  Options& operator=(Options) noexcept;

  /// True also for `-noNAME`.
  bool IsSet(std::string_view name) const;
  /// True if the value that counts is `-noNAME`.
  bool IsNegated(std::string_view name) const;

  bool GetBool(std::string_view name, bool fallback) const;
  /// Zero for `-noNAME`.
  int64_t GetInt(std::string_view name, int64_t fallback) const;
  /// "0" for `-noNAME`.
  std::string GetString(std::string_view name, std::string_view fallback = "") const;
  /// All values, those of the command line first.
  std::vector<std::string> GetList(std::string_view name) const;
  /// The path given, a relative one below `folder`. Without one it is `fallback`, likewise below
  /// `folder` unless empty; `-noNAME` is the empty path.
  std::filesystem::path GetPath(std::string_view name, const std::filesystem::path& folder,
                                const std::filesystem::path& fallback) const;

  /// The value of an option that chooses the chain, which is read before the section is known.
  bool GetChainFlag(std::string_view name) const;
  std::string GetChainName() const;  // of -chain; empty if not given

  /// The words after the options.
  const std::vector<std::string>& words() const { return words_; }
  Program program() const { return program_; }

  /// What people should know but what does not stop the start.
  const std::vector<std::string>& warnings() const { return warnings_; }
  void AddWarning(std::string warning) { warnings_.push_back(std::move(warning)); }

  /// Adds what a configuration file says, weaker than everything added before.
  Status AddConfig(const std::vector<ConfigEntry>& entries);
  /// From now on the file's section `section` counts; "main" is mainnet's.
  void SelectSection(std::string section) { section_ = std::move(section); }
  const std::string& section() const { return section_; }

  /// Network-only options whose value is not used, as it stands before any section of the file.
  std::vector<std::string> IgnoredOutsideSection() const;
  /// Options that are given but have no effect yet.
  std::vector<std::string> WithoutEffect() const;
  /// Each value as it was given, a line each for the log, secrets hidden.
  std::vector<std::string> Describe() const;

 private:
  explicit Options(Program program);

  const OptionInfo& Info(std::string_view name) const;

  Program program_;
  std::unique_ptr<Settings> settings_;
  std::string section_;
  std::vector<std::string> words_;
  std::vector<std::string> warnings_;
};

}  // namespace cairn::node
