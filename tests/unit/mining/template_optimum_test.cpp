// Templates from random pools with chains and conflicts: valid, within every limit, and worth
// nearly as much as the best block there is.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/mining/job_board.h"
#include "consensus/rules/block.h"
#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mining {
namespace {

using mempool::OpenOutput;

constexpr uint64_t kReserved = 4000;

/// What a naive search sees of the pool: places of parents are below those of their children.
struct Item {
  Amount fee = 0;
  uint64_t weight = 0;
  std::vector<size_t> parents;
};

struct Worth {
  Amount fees = 0;
  uint64_t weight = 0;

  bool PaysMoreThan(const Worth& other) const {
    return static_cast<double>(fees) * static_cast<double>(other.weight) >
           static_cast<double>(other.fees) * static_cast<double>(weight);
  }
};

class TemplateOptimumTest : public mempool::PoolTest {
 protected:
  TemplateOptimumTest() {
    for (const OutPoint& reward : rewards_) coins_[reward] = kReward;
  }

  size_t Below(size_t limit) { return static_cast<size_t>(random_() % limit); }

  /// Fills the empty pool. Some of what is submitted replaces what came before, some is refused. No
  /// more than `related` transactions depend on one another.
  void Fill(size_t count, size_t related) {
    std::vector<std::pair<OutPoint, Amount>> coins(coins_.begin(), coins_.end());
    std::shuffle(coins.begin(), coins.end(), random_);
    coins.resize(std::min(coins.size(), count + 4));
    std::map<Txid, std::set<Txid>> families;
    for (size_t tries = 0; pool_->Info().count < count && tries < 20 * count; ++tries) {
      TransactionDraft draft;
      Amount value = 0;
      std::set<size_t> places;
      for (size_t n = 1 + Below(3); n > 0; --n) places.insert(Below(coins.size()));
      std::set<Txid> family;
      for (const size_t place : places) {
        for (const Txid& relative : families[coins[place].first.txid]) family.insert(relative);
        draft.inputs.push_back(OpenInput(coins[place].first));
        value += coins[place].second;
      }
      const size_t outputs = 1 + Below(8);
      const auto fee = static_cast<Amount>((300 + 50 * outputs) * (1 + Below(30)));
      if (value < 4 * fee || family.size() >= related) continue;
      for (size_t i = 0; i < outputs; ++i) {
        draft.outputs.push_back({(value - fee) / static_cast<Amount>(outputs), OpenOutput()});
      }
      const TransactionPtr tx = draft.Finish();
      if (!Submit(tx).Accepted()) continue;
      family.insert(tx->txid);
      for (const Txid& relative : family) families[relative] = family;
      // Spent coins stay among them, so that conflicts come.
      for (uint32_t i = 0; i < outputs; ++i) {
        coins.emplace_back(OutPoint{tx->txid, i}, tx->outputs[i].value);
      }
    }
  }

  /// Mines all that is in the pool.
  void Empty() {
    std::vector<mempool::PoolEntry> entries = EntriesParentsFirst();
    std::vector<TransactionPtr> transactions;
    for (const mempool::PoolEntry& entry : entries) {
      transactions.push_back(entry.tx);
      for (const TxIn& input : entry.tx->inputs) coins_.erase(input.prevout);
      for (uint32_t i = 0; i < entry.tx->outputs.size(); ++i) {
        coins_[{entry.tx->txid, i}] = entry.tx->outputs[i].value;
      }
    }
    Mine(std::move(transactions));
    ASSERT_EQ(pool_->Info().count, 0u);
  }

  std::vector<mempool::PoolEntry> EntriesParentsFirst() const {
    std::vector<mempool::PoolEntry> entries = pool_->Entries();
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.ancestor_count < b.ancestor_count; });
    return entries;
  }

  std::vector<Item> Items() const {
    std::map<Txid, size_t> places;
    std::vector<Item> items;
    for (const mempool::PoolEntry& entry : EntriesParentsFirst()) {
      places[entry.tx->txid] = items.size();
      Item& item = items.emplace_back(Item{entry.fee, entry.tx->Weight(), {}});
      for (const Txid& parent : entry.parents) item.parents.push_back(places.at(parent));
    }
    return items;
  }

  /// A block of the pool with so much room for transactions, held against all that must be true.
  Amount FeesOfTemplate(uint64_t room) {
    TemplateOptions options{.payout_script = {OP_1}, .version = {}, .pool = pool_.get()};
    options.limits = {.weight = room + kReserved, .reserved_weight = kReserved};
    JobBoard board(*world_.ledger, world_.clock, options);
    const auto job = board.Fresh();  // which asks the ledger whether it would connect
    if (!job) {
      ADD_FAILURE() << job.error().message;
      return 0;
    }
    uint64_t weight = 0;
    Amount fees = 0;
    uint64_t sigops = 0;
    for (const mempool::SelectedTransaction& selected : (*job)->transactions) {
      weight += selected.tx->Weight();
      fees += selected.fee;
      sigops += selected.sigops_cost;
      EXPECT_EQ(selected.fee, pool_->Entry(selected.tx->txid)->fee);
    }
    EXPECT_LT(weight, room);
    EXPECT_LE(sigops, consensus::kMaxBlockSigopsCost);
    EXPECT_EQ((*job)->fees, fees);
    return fees;
  }

  std::mt19937_64 random_{20261127};
  std::map<OutPoint, Amount> coins_;
};

/// The most that any set of transactions with their parents pays in less than `room`.
Amount BestByTrying(const std::vector<Item>& items, uint64_t room) {
  Amount best = 0;
  for (uint32_t set = 0; set < uint32_t{1} << items.size(); ++set) {
    Worth worth;
    bool closed = true;
    for (size_t i = 0; closed && i < items.size(); ++i) {
      if ((set >> i & 1) == 0) continue;
      worth.fees += items[i].fee;
      worth.weight += items[i].weight;
      for (const size_t parent : items[i].parents) closed = closed && (set >> parent & 1) != 0;
    }
    if (closed && worth.weight < room) best = std::max(best, worth.fees);
  }
  return best;
}

uint64_t WeightOf(const std::vector<Item>& items) {
  uint64_t weight = 0;
  for (const Item& item : items) weight += item.weight;
  return weight;
}

/// Groups of those that are connected by parents.
std::vector<std::vector<size_t>> FamiliesOf(const std::vector<Item>& items) {
  std::vector<size_t> group(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    group[i] = i;
    for (const size_t parent : items[i].parents) {
      const size_t joined = group[parent];
      std::replace(group.begin(), group.begin() + static_cast<long>(i) + 1, joined, i);
    }
  }
  std::map<size_t, std::vector<size_t>> families;
  for (size_t i = 0; i < items.size(); ++i) families[group[i]].push_back(i);
  std::vector<std::vector<size_t>> result;
  for (auto& [name, family] : families) result.push_back(std::move(family));
  return result;
}

/// What each chunk of a family is worth in its best order: again and again, the set with all its
/// parents that has the highest fee rate.
std::vector<Worth> ChunksOf(const std::vector<Item>& items, const std::vector<size_t>& family) {
  std::vector<Worth> chunks;
  const uint32_t all = (uint32_t{1} << family.size()) - 1;
  uint32_t taken = 0;
  while (taken != all) {
    uint32_t best = 0;
    Worth most;
    for (uint32_t set = 1; set <= all; ++set) {
      if ((set & taken) != 0) continue;
      Worth worth;
      bool closed = true;
      for (size_t i = 0; closed && i < family.size(); ++i) {
        if ((set >> i & 1) == 0) continue;
        worth.fees += items[family[i]].fee;
        worth.weight += items[family[i]].weight;
        for (const size_t parent : items[family[i]].parents) {
          const auto place =
              static_cast<size_t>(std::find(family.begin(), family.end(), parent) - family.begin());
          closed = closed && ((set | taken) >> place & 1) != 0;
        }
      }
      if (!closed || (best != 0 && !worth.PaysMoreThan(most))) continue;
      best = set;
      most = worth;
    }
    taken |= best;
    chunks.push_back(most);
  }
  return chunks;
}

/// What a block pays that takes the chunks in the order of their fee rates, where they fit.
Amount FeesByChunks(const std::vector<Item>& items, uint64_t room) {
  std::vector<Worth> chunks;
  for (const auto& family : FamiliesOf(items)) {
    for (const Worth& chunk : ChunksOf(items, family)) chunks.push_back(chunk);
  }
  std::sort(chunks.begin(), chunks.end(),
            [](const Worth& a, const Worth& b) { return a.PaysMoreThan(b); });
  Worth block;
  for (const Worth& chunk : chunks) {
    if (block.weight + chunk.weight >= room) continue;
    block.fees += chunk.fees;
    block.weight += chunk.weight;
  }
  return block.fees;
}

TEST_F(TemplateOptimumTest, SmallPoolsAgainstAllSets) {
  for (int pool = 0; pool < 150; ++pool) {
    Fill(12, 12);
    const std::vector<Item> items = Items();
    ASSERT_GT(items.size(), 5u);
    const uint64_t room = WeightOf(items) * (3 + Below(9)) / 10;
    EXPECT_EQ(FeesOfTemplate(room), BestByTrying(items, room)) << "pool " << pool;
    Empty();
  }
}

TEST_F(TemplateOptimumTest, LargePoolsAgainstTheOrderOfChunks) {
  while (coins_.size() < 300) {
    Fill(300, 9);
    Empty();
  }
  for (int pool = 0; pool < 50; ++pool) {
    Fill(300, 9);
    const std::vector<Item> items = Items();
    ASSERT_GT(items.size(), 100u);
    const uint64_t room = WeightOf(items) * (3 + Below(9)) / 10;
    EXPECT_GE(FeesOfTemplate(room) * 100, FeesByChunks(items, room) * 99) << "pool " << pool;
    Empty();
  }
}

}  // namespace
}  // namespace cairn::mining
