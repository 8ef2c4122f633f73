// The pool on disk: what comes back, and what is taken for no pool.
#include "cairn/mempool/pool_file.h"

#include <fstream>

#include "tests/unit/mempool/pool_fixture.h"

namespace cairn::mempool {
namespace {

class PoolFileTest : public PoolTest {
 protected:
  LoadReport Load(const LoadOptions& options = {}) {
    const auto report =
        LoadPool(*pool_, file_, world_.params.magic, options, world_.clock, [] { return false; });
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report.value_or(LoadReport{});
  }
  void Save() { ASSERT_TRUE(SavePool(*pool_, file_, world_.params.magic).has_value()); }

  const std::filesystem::path file_ = world_.folder / "mempool.dat";
};

TEST_F(PoolFileTest, BringsBackWhatWaited) {
  world_.clock.SetMock(1'800'000'000);
  const TransactionPtr parent = SpendReward(0);
  const TransactionPtr child = Draft({test::OutputOf(*parent)}, kReward - kFee).Finish();
  const TransactionPtr other = SpendReward(1);
  ASSERT_TRUE(pool_->Submit(parent, {}).Accepted());
  ASSERT_TRUE(pool_->Submit(child, Origin::Peer(1)).Accepted());
  ASSERT_TRUE(pool_->Submit(other, Origin::Peer(1)).Accepted());
  pool_->Prioritise(child->txid, 700);
  pool_->Prioritise(Txid{}, 800);
  Save();
  OpenPool();
  world_.clock.SetMock(1'800'000'600);
  const LoadReport report = Load();
  EXPECT_EQ(report.accepted, 3u);
  EXPECT_EQ(report.refused + report.known + report.expired, 0u);
  const auto entry = pool_->Entry(child->txid);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->time, 1'800'000'000);
  EXPECT_EQ(entry->modified_fee, kFee + 700);
  EXPECT_FALSE(entry->unbroadcast);
  EXPECT_TRUE(pool_->Entry(parent->txid)->unbroadcast);
  EXPECT_EQ(pool_->Priorities().size(), 2u);
  EXPECT_EQ(Load().known, 3u);
}

TEST_F(PoolFileTest, TakesOnlyWhatItIsToldTo) {
  const TransactionPtr tx = SpendReward();
  world_.clock.SetMock(1'800'000'000);
  ASSERT_TRUE(pool_->Submit(tx, {}).Accepted());
  pool_->Prioritise(tx->txid, 700);
  Save();
  OpenPool();
  world_.clock.SetMock(1'800'000'600);
  EXPECT_EQ(Load({false, false, false}).accepted, 1u);
  const auto entry = pool_->Entry(tx->txid);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->time, 1'800'000'600);
  EXPECT_EQ(entry->modified_fee, kFee);
  EXPECT_FALSE(entry->unbroadcast);
}

TEST_F(PoolFileTest, LeavesOutWhatCanNoLongerBeMined) {
  world_.clock.SetMock(1'800'000'000);
  const TransactionPtr mined = SpendReward(0);
  const TransactionPtr waiting = SpendReward(1);
  ASSERT_TRUE(pool_->Submit(mined, {}).Accepted());
  ASSERT_TRUE(pool_->Submit(waiting, {}).Accepted());
  Save();
  Mine({mined});
  OpenPool();
  const LoadReport report = Load();
  EXPECT_EQ(report.accepted, 1u);
  EXPECT_EQ(report.known, 1u);

  OpenPool();
  world_.clock.SetMock(1'800'000'000 + policy_.expiry.count());
  EXPECT_EQ(Load().expired, 2u);
}

TEST_F(PoolFileTest, StopsWhenAsked) {
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(pool_->Submit(SpendReward(i), {}).Accepted());
  Save();
  OpenPool();
  int asked = 0;
  const auto report =
      LoadPool(*pool_, file_, world_.params.magic, {}, world_.clock, [&] { return ++asked > 2; });
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->interrupted);
  EXPECT_EQ(report->accepted, 2u);
}

TEST_F(PoolFileTest, TellsDamageFromAPool) {
  ASSERT_TRUE(pool_->Submit(SpendReward(), {}).Accepted());
  Save();
  std::ifstream in(file_, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const Bytes bytes(text.begin(), text.end());
  ASSERT_TRUE(DecodePool(bytes, world_.params.magic).has_value());
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= 1;
    EXPECT_FALSE(DecodePool(damaged, world_.params.magic).has_value()) << i;
    EXPECT_FALSE(DecodePool(ByteSpan(bytes).first(i), world_.params.magic).has_value()) << i;
  }
  const auto other = DecodePool(bytes, test::ChainNamed("mainnet").magic);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().message, "it is of another chain");
  const auto missing = LoadPool(*pool_, world_.folder / "none", world_.params.magic, {},
                                world_.clock, [] { return false; });
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cairn::mempool
