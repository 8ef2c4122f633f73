#include "tests/consensus/rulebook_index.h"

#include <utility>

#include "consensus/rules/block.h"
#include "consensus/rules/header.h"
#include "consensus/rules/scripts.h"
#include "consensus/rules/spending.h"
#include "consensus/rules/transaction.h"

namespace cairn::test {
namespace {

using consensus::Reject;

template <typename Subject>
IndexedBook Index(IndexedBook book, std::span<const consensus::Rule<Subject>> rules) {
  for (const auto& rule : rules) book.rules.push_back({rule.reject, rule.bip, rule.must});
  return book;
}

}  // namespace

std::vector<IndexedBook> AllRulebooks() {
  using namespace consensus;
  return {
      Index({"Headers",
             "CheckHeader",
             "rules/header.cpp",
             "A header at its place: its ancestors, and the time.",
             {}},
            HeaderRules()),
      Index(
          {"Transactions",
           "CheckTransaction",
           "rules/transaction.cpp",
           "A transaction by itself, without its coins and its place. `CheckTransaction` asks the "
           "rules of every output behind the first three of this table.",
           {}},
          TransactionRules()),
      Index({"Outputs",
             "CheckTransaction",
             "rules/transaction.cpp",
             "Every output of a transaction, with the sum of those before it.",
             {}},
            OutputRules()),
      Index(
          {"Blocks",
           "CheckBlock",
           "rules/block.cpp",
           "A block by itself. `CheckBlock` asks for the proof of work first, and for the rules of "
           "every transaction before the last two of this table.",
           {}},
          BlockRules()),
      Index({"Blocks at their place",
             "AcceptBlock",
             "rules/placed_block.cpp",
             "A checked block and its ancestors.",
             {}},
            PlacedBlockRules()),
      Index({"Blocks and older coins",
             "ConnectBlock",
             "rules/spending.cpp",
             "A block with the coins that its inputs spend. Asked only where `Bip30Applies`.",
             {}},
            FundedBlockRules()),
      Index({"Spends",
             "CheckSpending",
             "rules/spending.cpp",
             "Every input, with the coin that it spends.",
             {}},
            SpendRules()),
      Index({"Money of transactions",
             "CheckSpending",
             "rules/spending.cpp",
             "A transaction, with all coins that it spends.",
             {}},
            FundedTransactionRules()),
      Index({"Sums over a block",
             "ConnectBlock",
             "rules/spending.cpp",
             "Every transaction at its place, with what its block has come to so far.",
             {}},
            SummedSpendRules()),
      Index({"Money of blocks",
             "ConnectBlock",
             "rules/spending.cpp",
             "A block, with the sum of its fees.",
             {}},
            PaidBlockRules()),
      Index(
          {"Scripts",
           "CheckScripts",
           "rules/scripts.cpp",
           "What the run of an input's scripts came to, under the flags that `ScriptFlagsAt` gives "
           "for the block. The rules of script itself are [script/](script), one function per "
           "opcode group; its errors are in [script/error.h](script/error.h).",
           {}},
          ScriptRules()),
  };
}

std::vector<Reject> AllRejects() {
  std::vector<Reject> rejects;
  for (int i = 0; i <= static_cast<int>(Reject::kScript); ++i) {
    rejects.push_back(static_cast<Reject>(i));
  }
  return rejects;
}

}  // namespace cairn::test
