// Options of a benchmark's command line: words of the form --name=value.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

namespace cairn::bench {

/// Where the values go, by name.
struct BenchOptions {
  std::map<std::string, uint64_t*> numbers;
  std::map<std::string, std::string*> texts;
};

/// False, with a line on standard error, at a word that is no option or has no such value.
inline bool ParseBenchOptions(int argc, char** argv, const BenchOptions& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    const std::string value = word.substr(std::min(equals + 1, word.size()));
    const char* const end = value.data() + value.size();
    const auto text = options.texts.find(name);
    const auto number = options.numbers.find(name);
    if (text != options.texts.end() && !value.empty()) {
      *text->second = value;
    } else if (number == options.numbers.end() || value.empty() ||
               std::from_chars(value.data(), end, *number->second).ptr != end) {
      std::fprintf(stderr, "what does %s mean?\n", word.c_str());
      return false;
    }
  }
  return true;
}

}  // namespace cairn::bench
