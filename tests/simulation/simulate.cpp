// Simulates a network of nodes and says what came of it. See --help.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "tests/simulation/scenario.h"

namespace {

namespace simulation = cairn::simulation;

struct CommandLine {
  simulation::ScenarioOptions scenario;
  std::string json_file;
  std::string svg_file;
};

void PrintUsage(std::FILE* to) {
  std::fputs(
      "usage: simulate [--scenario NAME] [--nodes N] [--hours H] [--seed S] [--json FILE] "
      "[--svg FILE]\n\n"
      "Simulates N full nodes in one process and in virtual time. The same options give the same\n"
      "run, byte for byte. The exit code is 1 if something did not come out as it must.\n\n"
      "  NAME                     nodes  hours\n",
      to);
  for (const simulation::ScenarioInfo& info : simulation::Scenarios()) {
    std::fprintf(to, "  %-24s %5zu %6.1f  %s\n", info.name.c_str(), info.nodes, info.hours,
                 info.about.c_str());
  }
}

template <typename Number>
bool ParseNumber(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

bool Set(CommandLine& line, const std::string& name, const std::string& value) {
  if (name == "--scenario")
    line.scenario.name = value;
  else if (name == "--json")
    line.json_file = value;
  else if (name == "--svg")
    line.svg_file = value;
  else if (name == "--nodes")
    return ParseNumber(value, line.scenario.nodes);
  else if (name == "--hours")
    return ParseNumber(value, line.scenario.hours);
  else if (name == "--seed")
    return ParseNumber(value, line.scenario.seed);
  else
    return false;
  return !value.empty();
}

/// `--name value` or `--name=value`.
bool Parse(int argc, char** argv, CommandLine& line) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    std::string value;
    const size_t equals = name.find('=');
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    }
    if (!Set(line, name, value)) {
      std::fprintf(stderr, "simulate: what does %s mean?\n", name.c_str());
      return false;
    }
  }
  return true;
}

bool Write(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file.fail()) std::fprintf(stderr, "simulate: cannot write %s\n", path.c_str());
  return !file.fail();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--help") {
    PrintUsage(stdout);
    return 0;
  }
  CommandLine line;
  if (!Parse(argc, argv, line)) return 1;
  const auto started = std::chrono::steady_clock::now();
  const auto outcome = simulation::RunScenario(line.scenario);
  if (!outcome) {
    std::fprintf(stderr, "simulate: there is no scenario %s\n", line.scenario.name.c_str());
    PrintUsage(stderr);
    return 1;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  std::fputs(outcome->summary.c_str(), stdout);
  for (const simulation::Check& check : outcome->checks) {
    std::printf("%s: %s\n", check.holds ? "holds" : "FAILS", check.what.c_str());
  }
  std::printf("trace %016llx\n", static_cast<unsigned long long>(outcome->trace));
  std::fprintf(stderr, "%llu events in %.1f s\n", static_cast<unsigned long long>(outcome->events),
               seconds.count());
  const bool written =
      Write(line.json_file, outcome->json) && Write(line.svg_file, outcome->plot.ToSvg());
  return written && outcome->Succeeded() ? 0 : 1;
}
