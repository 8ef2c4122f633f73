// Lists and tables of changed rows.
#include "src/ledger/index/row_table.h"

#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace cairn::ledger {
namespace {

Bytes RandomBytes(std::mt19937& random, size_t most) {
  Bytes bytes(random() % (most + 1));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST(RowTable, AListKeepsOrderAndEmptyBytes) {
  RowList list;
  list.Put(AsBytes("a"), AsBytes("one"));
  list.Delete(AsBytes("b"));
  list.Put({}, {});
  list.Put(AsBytes("a"), AsBytes("two"));
  std::vector<std::pair<std::string, std::string>> seen;
  list.ForEach([&](ByteSpan key, const RowChange& change) {
    seen.emplace_back(AsText(key), change ? "=" + std::string(AsText(*change)) : "deleted");
  });
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "=one"}, {"b", "deleted"}, {"", "="}, {"a", "=two"}};
  EXPECT_EQ(seen, expected);
}

TEST(RowTable, HoldsTheLastChangeOfEachRow) {
  std::mt19937 random(1);
  std::map<Bytes, std::optional<Bytes>> model;
  RowTable table;
  for (int round = 0; round < 50; ++round) {
    RowList list;
    for (int i = 0; i < 20; ++i) {
      const Bytes key = RandomBytes(random, 1);
      if (random() % 3 == 0) {
        list.Delete(key);
        model[key] = std::nullopt;
      } else {
        const Bytes value = RandomBytes(random, 50);
        list.Put(key, value);
        model[key] = value;
      }
    }
    table.Apply(list);
  }
  ASSERT_EQ(table.rows().size(), model.size());
  auto row = table.rows().begin();
  for (const auto& [key, value] : model) {
    EXPECT_TRUE(Equal(row->first, key));
    const RowChange* found = table.Find(key);
    ASSERT_NE(found, nullptr);
    ASSERT_EQ(found->has_value(), value.has_value());
    if (value) {
      EXPECT_TRUE(Equal(**found, *value));
    }
    ++row;
  }
  EXPECT_EQ(table.Find(AsBytes("no such row")), nullptr);
  EXPECT_GT(table.MemoryBytes(), model.size());
}

}  // namespace
}  // namespace cairn::ledger
