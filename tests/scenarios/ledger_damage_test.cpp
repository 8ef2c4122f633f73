// One byte of a ledger's files is flipped, anywhere: what the ledger answers is what it answered
// before, or an error that names the way out; and who goes that way has the same ledger again.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/ledger_life.h"
#include "tests/support/effort.h"

namespace cairn::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr Story kStory = {"Whole", 0, 40 << 10, true, true};

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class LedgerDamage : public testing::Test {
 protected:
  using Files = std::map<std::string, std::string>;

  /// The files of a whole life. With `in_tables`, all that is in them was opened once more, and has
  /// gone from logs to tables.
  Files Make(bool in_tables) {
    life_.env().Clear();
    EXPECT_EQ(life_.Live(kStory).failure, "");
    if (in_tables) life_.ExpectFinished();
    return life_.env().Save();
  }

  /// Asks for everything and imports a block. All errors; wrong answers fail the test.
  std::vector<std::string> AskForEverything() {
    std::vector<std::string> errors;
    const auto note = [&errors](const Status& status) {
      if (!status) errors.push_back(status.error().message);
      return status.has_value();
    };
    if (!note(life_.Open())) return errors;
    ledger::Ledger& ledger = life_.ledger();
    EXPECT_EQ(ledger.View()->tip->hash, life_.last_tip());
    note(CheckChain(ledger, life_.known()));
    note(CheckIndexes(ledger, life_.known()));
    note(CheckCoins(ledger, life_.known()));
    const auto sound = ledger.VerifyChain(3, 0);
    if (!sound) note(tl::unexpected(sound.error()));
    if (sound && !sound->reason.empty()) {
      EXPECT_FALSE(errors.empty()) << "only the check of the chain found the damage";
    }
    const ledger::SubmitResult next = ledger.SubmitBlock(life_.next()).get();
    if (next.outcome != ledger::BlockOutcome::kConnected) {
      EXPECT_EQ(next.outcome, ledger::BlockOutcome::kFailed) << next.reason;
      EXPECT_EQ(next.reason, ledger.FailureReason());
      errors.push_back(next.reason);
    } else {
      note(CheckCoins(ledger, life_.known()));
    }
    life_.Close();
    return errors;
  }

  void Remove(const std::string& part) {
    Files files = life_.env().Save();
    std::erase_if(files, [&](const auto& file) { return Contains(file.first, part); });
    life_.env().Restore(files);
  }

  /// Does what an error advises. False if it advises nothing.
  bool Follow(const std::string& error) {
    if (Contains(error, "remove the folders blocks and chainstate")) {
      Remove("/blocks/");
      Remove("/chainstate/");
      return true;
    }
    if (Contains(error, "start with -reindex-chainstate")) {
      return life_.options().reindex_coins = true;
    }
    if (Contains(error, "start with -reindex")) return life_.options().reindex = true;
    if (!Contains(error, "delete its folder in indexes/")) return false;
    for (const std::string folder : {"txindex", "blockfilter", "coinstats"}) {
      if (!Contains(error, "indexes/" + folder)) continue;
      Remove("/indexes/" + folder + "/");
      return true;
    }
    return false;
  }

  /// After at most a few errors, each of which names its way out, all is as it was.
  void ExpectHealed(std::string error) {
    for (int tries = 0; tries < 4; ++tries) {
      ASSERT_TRUE(Follow(error)) << error;
      const Status opened = life_.Open();
      life_.options().reindex = life_.options().reindex_coins = false;
      if (!opened) {
        error = opened.error().message;
        continue;
      }
      life_.Finish();
      // An index may have it, which the ledger had connected before it lost its blocks.
      Told told;
      life_.Submit({life_.next()}, told);
      const Status checked = CheckLedger(life_.ledger(), life_.known());
      life_.Close();
      if (checked) return;
      error = checked.error().message;
    }
    ADD_FAILURE() << "still not well: " << error;
  }

  void FlipOne(const Files& made, std::mt19937_64& random) {
    // By the byte, or by the file, so that small files have their turn.
    std::vector<std::pair<std::string, uint64_t>> sizes;
    uint64_t total = 0;
    for (const auto& [path, content] : made) {
      if (content.empty()) continue;
      sizes.emplace_back(path, content.size());
      total += content.size();
    }
    size_t file = random() % sizes.size();
    uint64_t place = random() % sizes[file].second;
    if (random() % 2 == 0) {
      place = random() % total;
      for (file = 0; place >= sizes[file].second; ++file) place -= sizes[file].second;
    }
    const std::string& path = sizes[file].first;
    SCOPED_TRACE("byte " + std::to_string(place) + " of " + path);
    std::string content = made.at(path);
    content[place] = static_cast<char>(content[place] ^ (1 + random() % 255));
    life_.env().Restore(made);
    life_.env().Change(path, content);
    const std::vector<std::string> errors = AskForEverything();
    for (const std::string& error : errors) {
      EXPECT_THAT(error, AnyOf(HasSubstr("start with -reindex"), HasSubstr("remove the folders"),
                               HasSubstr("delete its folder")));
    }
    ++(errors.empty() ? harmless_ : reported_);
    if (!errors.empty()) ExpectHealed(errors.front());
  }

  LedgerLife life_;
  uint64_t harmless_ = 0;
  uint64_t reported_ = 0;
};

TEST_F(LedgerDamage, WithoutDamageThereIsNoError) {
  for (const bool in_tables : {false, true}) {
    life_.env().Restore(Make(in_tables));
    EXPECT_THAT(AskForEverything(), testing::IsEmpty());
  }
}

TEST_F(LedgerDamage, AByteFlippedAnywhere) {
  std::mt19937_64 random(TestSeed());
  const uint64_t rounds = IsThorough() ? 1000 : Scaled(50);
  for (const bool in_tables : {false, true}) {
    const Files made = Make(in_tables);
    for (uint64_t round = 0; round < rounds && !HasFailure(); ++round) FlipOne(made, random);
  }
  std::printf("%llu flips reported, %llu harmless\n", static_cast<unsigned long long>(reported_),
              static_cast<unsigned long long>(harmless_));
  EXPECT_GT(reported_, 0u);
}

}  // namespace
}  // namespace cairn::test
