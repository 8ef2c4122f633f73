// The methods on a ledger that keeps all indexes, with a proxy in between.
#pragma once

#include <memory>
#include <random>

#include "tests/support/coin_set.h"
#include "tests/unit/rpc/ledger_fixture.h"
#include "tests/unit/rpc/ledger_proxy.h"

namespace cairn::rpc {

class IndexedTest : public LedgerMethodsTest {
 protected:
  explicit IndexedTest(ledger::IndexOptions indexes = {true, true, true}) {
    world_.options.indexes = indexes;
    pool_.reset();
    world_.Reopen();
    OpenPool();
    proxy_ = std::make_unique<LedgerProxy>(*world_.ledger);
    context_.ledger = proxy_.get();
  }

  /// A chain with outputs of all kinds, spent and unspent.
  void GrowRandomChain(int blocks) {
    std::mt19937 random(5);
    chain_.Grow(blocks, random);
    for (const BlockPtr& block : chain_.blocks()) {
      ASSERT_EQ(world_.ledger->SubmitBlock(block).get().outcome, ledger::BlockOutcome::kConnected);
    }
  }

  const ledger::HeaderEntry& At(int height) const { return *world_.ledger->View()->At(height); }

  /// Makes the methods see the index through a proxy, which is given back.
  IndexProxy& Disguise(std::string_view name) {
    disguised_ = std::make_unique<IndexProxy>(*world_.ledger->FindIndex(name));
    proxy_->find_index = [this](std::string_view wanted) {
      return wanted == disguised_->name()
                 ? static_cast<const ledger::IndexReader*>(disguised_.get())
                 : world_.ledger->FindIndex(wanted);
    };
    return *disguised_;
  }

  test::ModelChain chain_{world_.params};
  std::unique_ptr<LedgerProxy> proxy_;
  std::unique_ptr<IndexProxy> disguised_;
};

}  // namespace cairn::rpc
