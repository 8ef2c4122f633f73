#include "tests/simulation/scenario.h"

#include <gtest/gtest.h>

namespace cairn::simulation {
namespace {

Outcome RunOne(const std::string& name, size_t nodes, double hours, uint64_t seed = 1) {
  const auto outcome = RunScenario({name, nodes, hours, seed});
  EXPECT_TRUE(outcome.has_value());
  return *outcome;
}

void ExpectSuccess(const Outcome& outcome) {
  for (const Check& check : outcome.checks) EXPECT_TRUE(check.holds) << check.what;
  EXPECT_FALSE(outcome.checks.empty());
  if (!outcome.Succeeded()) std::fputs(outcome.summary.c_str(), stdout);
}

TEST(Scenario, OneSeedGivesOneRun) {
  const Outcome once = RunOne("day", 30, 1);
  const Outcome again = RunOne("day", 30, 1);
  EXPECT_EQ(once.json, again.json);
  EXPECT_EQ(once.plot.ToSvg(), again.plot.ToSvg());
  EXPECT_EQ(once.trace, again.trace);
  EXPECT_NE(once.trace, RunOne("day", 30, 1, 2).trace);
}

TEST(Scenario, HonestNodesKeepUpForHours) { ExpectSuccess(RunOne("day", 200, 3)); }

TEST(Scenario, ShortPartitionHealsInTwoMinutes) { ExpectSuccess(RunOne("partition-15", 100, 1)); }

TEST(Scenario, LongPartitionHealsInThirtyMinutes) { ExpectSuccess(RunOne("partition-60", 100, 2)); }

TEST(Scenario, CompactBlocksAreTwiceAsFast) { ExpectSuccess(RunOne("propagation", 200, 0.5)); }

class AttackTest : public testing::TestWithParam<Attack> {};

TEST_P(AttackTest, IsWithstood) {
  ExpectSuccess(RunOne("attack-" + std::string(NameOf(GetParam())), 60, 2));
}

INSTANTIATE_TEST_SUITE_P(Scenario, AttackTest, testing::ValuesIn(AllAttacks()),
                         [](const auto& attack) {
                           std::string name(NameOf(attack.param));
                           std::erase(name, '-');
                           return name;
                         });

TEST(Scenario, UnknownOnesAreRefused) { EXPECT_FALSE(RunScenario({"no-such"}).has_value()); }

}  // namespace
}  // namespace cairn::simulation
