// The methods on a real ledger, with calls in one line.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "tests/support/block_maker.h"
#include "tests/support/ledger_world.h"
#include "tests/unit/rpc/schema.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {

inline constexpr const char* kAddress = "bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202";

class LedgerMethodsTest : public testing::Test {
 protected:
  explicit LedgerMethodsTest(const std::string& chain = "regtest")
      : world_(test::ChainNamed(chain)) {
    context_.ledger = world_.ledger.get();
    OpenPool();
    dispatcher_.SetReady(context_);
  }

  /// An empty pool on the world's ledger.
  void OpenPool() {
    job_board_.reset();
    pool_ = mempool::Mempool::Open(policy_, *world_.ledger, world_.clock);
    context_.mempool = pool_.get();
    job_board_.emplace(
        *world_.ledger, world_.clock,
        mining::TemplateOptions{.payout_script = {OP_1}, .version = {}, .pool = pool_.get()},
        &last_template_);
    context_.job_board = &*job_board_;
  }

  /// As `rpc::Call`; results are held against the method table.
  std::string Call(const std::string& method, const std::string& params = "[]") {
    return CallByTable(dispatcher_, method, params);
  }
  json::Value CallJson(const std::string& method, const std::string& params = "[]") {
    return ParseOrFail(Call(method, params));
  }

  /// The value as a quoted hash, for parameters.
  static std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

  std::vector<std::string> Generate(int count) {
    std::vector<std::string> hashes;
    const json::Value result =
        CallJson("generatetoaddress", "[" + std::to_string(count) + ",\"" + kAddress + "\"]");
    for (const json::Value& hash : result.Items()) hashes.push_back(hash.Text());
    return hashes;
  }

  /// Hands blocks over, each of which must become the tip.
  void Submit(std::span<const test::MadeBlock> blocks) {
    for (const test::MadeBlock& made : blocks) {
      const ledger::SubmitResult result = world_.ledger->SubmitBlock(made.block).get();
      ASSERT_EQ(result.outcome, ledger::BlockOutcome::kConnected) << result.reason;
    }
  }

  test::LedgerWorld world_;
  mempool::PolicyOptions policy_;
  std::unique_ptr<mempool::Mempool> pool_;
  std::atomic<bool> stopping_{false};
  int synchronisations_ = 0;
  mining::LastTemplate last_template_;
  mining::HashMeter hash_meter_;
  std::optional<mining::JobBoard> job_board_;
  RpcContext context_{.clock = world_.clock,
                      .params = world_.params,
                      .stopping = &stopping_,
                      .last_template = &last_template_,
                      .hash_meter = &hash_meter_,
                      .wait_for_subscribers = [this] { ++synchronisations_; },
                      .warnings = [] { return std::vector<std::string>{"beware"}; }};
  Dispatcher dispatcher_{AllMethods()};
};

/// With 102 blocks, the first coinbases of which anybody can spend, also through the pool.
class PoolMethodsTest : public LedgerMethodsTest {
 protected:
  PoolMethodsTest() {
    policy_.require_standard = false;  // coins that anybody can spend
    OpenPool();
    base_ = test::MakeChain(world_.params, test::Place::Genesis(world_.params), 102);
    Submit(base_);
  }

  /// As `test::MakeSpend`, but large enough to be relayed.
  static TransactionPtr Spend(const OutPoint& prevout, Amount value) {
    TransactionDraft draft;
    draft.inputs.emplace_back().prevout = prevout;
    draft.outputs.push_back({value, {OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_1}});
    return draft.Finish();
  }
  static std::string Raw(const TransactionPtr& tx) { return Quoted(ToHex(tx->bytes)); }
  static std::string Id(const TransactionPtr& tx) { return Quoted(tx->txid.ToString()); }
  std::string Send(const TransactionPtr& tx) {
    return Call("sendrawtransaction", "[" + Raw(tx) + "]");
  }

  std::vector<test::MadeBlock> base_;
};

}  // namespace cairn::rpc
