// consensus/README.md is made from the rulebooks, and says what they say.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/consensus/rulebook_index.h"

namespace cairn::test {
namespace {

using consensus::Blame;
using consensus::Subject;

constexpr std::string_view kIntroduction = R"(# Consensus

Every rule that decides whether a block or a transaction is valid, and nothing else. The functions here are pure: they look at
immutable views and know no clock, log, lock or file. Networks differ only in their [params.h](params.h), which
[genesis](../genesis) fills. [docs/consensus.md](../docs/consensus.md) is the guided tour, and says how a soft fork is added.

## How to read it

1. [rulebook.h](rulebook.h) and [verdict.h](verdict.h): what a rule is, what comes out when it is broken, and who is to blame.
2. [views.h](views.h), [params.h](params.h): what rules may see.
3. [rules/](rules), in the order of the tables below: each file is its rules as small functions, then the table that names them, then
   the function that walks the table.
4. What the rules count with: [work.h](work.h) (targets), [deployments.h](deployments.h) (soft forks), [subsidy.h](subsidy.h),
   [merkle.h](merkle.h).
5. [script/](script), from [script/verify.h](script/verify.h) down: an input's scripts, the interpreter, its opcodes by group, witness
   programs, taproot. [sighash/](sighash) makes the messages that signatures sign; [script/checker.h](script/checker.h) has who verifies them,
   at once or later, and [script/optimistic.h](script/optimistic.h) what later means.

## The rules

The tables below are the tables of the code, in the order in which a block meets them; the first rule that is broken gives the
reason. *Blame* says whom a violation condemns: the block or transaction itself (*invalid*); only the bytes, since a
relay can attach any body to a header (*mutated*); nobody yet (*premature*); nobody, since something it builds on is not known
(*missing*). Each row has a case in [tests/consensus](../tests/consensus) that breaks it alone.

This page is made by `CAIRN_UPDATE_DOCS=1 consensus_vectors --gtest_filter='RulebookReadme.*'`.
)";

std::string_view NameOf(Blame blame) {
  switch (blame) {
    case Blame::kInvalid: return "invalid";
    case Blame::kMutated: return "mutated";
    case Blame::kPremature: return "premature";
    case Blame::kMissing: return "missing";
  }
  return "";
}

std::string BlameCell(consensus::Reject reject) {
  const consensus::Violation violation{reject};
  const Blame in_block = consensus::BlameOf(violation, Subject::kBlock);
  const Blame loose = consensus::BlameOf(violation, Subject::kLooseTransaction);
  std::string cell(NameOf(in_block));
  if (loose != in_block) cell += ", *" + std::string(NameOf(loose)) + "* outside of blocks";
  return cell;
}

/// "34, 66" as links to the proposals.
std::string BipCell(std::string_view bips) {
  std::istringstream numbers{std::string(bips)};
  std::string cell;
  for (std::string number; numbers >> number;) {
    if (number.back() == ',') number.pop_back();
    const std::string padded = std::string(4 - number.size(), '0') + number;
    if (!cell.empty()) cell += ", ";
    cell += "[" + number + "](https://github.com/bitcoin/bips/blob/master/bip-" + padded +
            ".mediawiki)";
  }
  return cell;
}

std::string MakeReadme() {
  std::string page(kIntroduction);
  for (const IndexedBook& book : AllRulebooks()) {
    page += "\n### " + book.title + "\n\n" + book.subject + " Judged by `" + book.walked_by +
            "`, in [" + book.file + "](" + book.file + ").\n\n";
    page += "| reason | rule | BIP | blame |\n|---|---|---|---|\n";
    for (const IndexedRule& rule : book.rules) {
      page += "| `" + std::string(consensus::ReasonOf(rule.reject)) + "` | " +
              std::string(rule.must) + " | " + BipCell(rule.bip) + " | " + BlameCell(rule.reject) +
              " |\n";
    }
  }
  return page;
}

TEST(RulebookReadme, IsMadeFromTheTables) {
  const std::string path = CAIRN_SOURCE_DIR "/consensus/README.md";
  const std::string wanted = MakeReadme();
  if (std::getenv("CAIRN_UPDATE_DOCS") != nullptr) std::ofstream(path) << wanted;
  std::ifstream file(path);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_TRUE(page == wanted)
      << "consensus/README.md differs from the tables; run this test with CAIRN_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace cairn::test
