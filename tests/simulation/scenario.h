// What can be simulated, by name, and what comes of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/plot.h"
#include "tests/simulation/world.h"

namespace cairn::simulation {

struct ScenarioOptions {
  std::string name = "day";
  size_t nodes = 0;  // attackers included; 0: what the scenario has by default
  double hours = 0;  // likewise
  uint64_t seed = 1;
};

/// One thing that must be so.
struct Check {
  std::string what;
  bool holds = false;
};

struct Outcome {
  std::string json;     // the same for the same options
  std::string summary;  // a few lines for people
  Plot plot;
  std::vector<Check> checks;
  uint64_t trace = 0;
  uint64_t events = 0;

  bool Succeeded() const;
};

struct ScenarioInfo {
  std::string name;
  std::string about;
  size_t nodes;
  double hours;
  std::function<Outcome(const ScenarioOptions&)> run;
};

const std::vector<ScenarioInfo>& Scenarios();

/// Nothing if there is none of that name.
std::optional<Outcome> RunScenario(const ScenarioOptions& options);

}  // namespace cairn::simulation
