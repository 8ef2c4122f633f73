// A real store is taken apart by what docs/formats says, and by nothing else: every record of every
// database has a table there, and what it says is what the ledger says.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/scenarios/ledger_life.h"
#include "tests/support/database_rows.h"
#include "tests/support/format_page.h"

namespace cairn::test {
namespace {

/// CRC-32C bit by bit: the reflected polynomial of Castagnoli.
uint32_t Crc32c(ByteSpan bytes) {
  uint32_t crc = 0xffffffff;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

class FormatPages : public testing::Test {
 protected:
  void SetUp() override {
    life_.env().Clear();
    const Story story = {"Formats", 3, 64 << 20, true, true};
    ASSERT_EQ(life_.Live(story).failure, "");
    life_.ExpectFinished();  // waits for the indexes
    for (const BlockFacts* facts : life_.known().ChainTo(life_.last_tip())) chain_.push_back(facts);
  }

  /// All rows of a database that carries this format, without the record of the format.
  static Rows Read(const FormatPage& page, const std::string& folder, const std::string& format) {
    Rows rows = ReadRows("/node/" + folder, format);
    if (rows.empty()) return rows;
    EXPECT_EQ(AsText(TakeRow(rows, page.Key("format"))), format);
    return rows;
  }

  /// The format in the table of formats, by the name of the database.
  static std::string FormatOf(const FormatPage::Table& table, const std::string& name) {
    for (const auto& cells : table) {
      if (Quoted(cells.front()) == name) return Quoted(cells.back());
    }
    ADD_FAILURE() << "no format of " << name;
    return "";
  }

  static Record Whole(const Layout& layout, ByteSpan bytes) {
    const auto record = Record::Decode(layout, bytes);
    EXPECT_TRUE(record.has_value()) << ToHex(bytes);
    if (!record) return {};
    EXPECT_TRUE(record->rest().empty()) << ToHex(bytes);
    return *record;
  }

  // ---- Coins ----

  static Amount AmountOf(uint64_t compressed) {
    if (compressed == 0) return 0;
    uint64_t amount = (compressed - 1) / 10;  // digits
    for (uint64_t exponent = (compressed - 1) % 10; exponent > 0; --exponent) amount *= 10;
    return static_cast<Amount>(amount);
  }

  /// The script of a form and its payload, which is taken off the front of `bytes`.
  Bytes ScriptOf(uint64_t form, ByteSpan& bytes) const {
    const auto forms = coins_page_.TableOf("## A coin", 1);
    const auto take = [&bytes](size_t size) {
      EXPECT_LE(size, bytes.size());
      size = std::min(size, bytes.size());
      const ByteSpan payload = bytes.first(size);
      bytes = bytes.subspan(size);
      return Bytes(payload.begin(), payload.end());
    };
    for (const auto& cells : forms) {
      if (cells[0].starts_with("5 + n") || std::stoul(cells[0]) != form) continue;
      const size_t size = std::stoul(cells[2]);
      const std::string& script = cells[1];  // `76 a9 14` hash `88 ac`: P2PKH
      Bytes behind;
      if (std::count(script.begin(), script.end(), '`') == 4)
        behind = NotedBytes(Quoted(script, 1));
      return Joined({NotedBytes(Quoted(script)), take(size), behind});
    }
    EXPECT_EQ(forms.back()[0], "5 + n");
    return take(form - 5);
  }

  struct DecodedCoin {
    Amount value = 0;
    int height = 0;
    bool coinbase = false;
    Bytes script;

    Coin View() const { return {value, height, coinbase, script}; }
  };

  /// One coin off the front of `bytes`.
  DecodedCoin TakeCoin(ByteSpan& bytes) const {
    const Layout layout = coins_page_.LayoutOf("## A coin");
    EXPECT_EQ(layout.back().size, "...");
    const auto record = Record::Decode(layout, bytes);
    EXPECT_TRUE(record.has_value());
    if (!record) return {};
    bytes = record->rest();
    const uint64_t origin = record->Number("2 × height + 1");
    DecodedCoin coin;
    coin.value = AmountOf(record->Number("amount, compressed"));
    coin.height = static_cast<int>(origin / 2);
    coin.coinbase = origin % 2 == 1;
    coin.script = ScriptOf(record->Number("form of the script"), bytes);
    return coin;
  }

  /// The kind as `kind: "b" for a body, "u" for undo data` notes it.
  static uint8_t KindOf(const std::string& meaning, const std::string& what) {
    const size_t at = meaning.find(" for " + what);
    EXPECT_NE(at, std::string::npos);
    return static_cast<uint8_t>(meaning.at(at - 3));  // `"b"` for a body
  }

  /// The payload of the record, whose kind and checksum are right.
  Bytes TakePayload(Rows& bodies, uint64_t sequence, const std::string& what) const {
    const RowLayout layout = blocks_page_.RowLayoutOf("## `blocks/bodies`");
    Bytes key = NotedBytes(Quoted(layout.key[0].meaning));
    for (int shift = 56; shift >= 0; shift -= 8) {
      key.push_back(static_cast<uint8_t>(sequence >> shift));
    }
    EXPECT_EQ(Whole(layout.key, key).Number("sequence number"), sequence);
    const Bytes value = TakeRow(bodies, key);
    const Record record = Whole(layout.value, value);
    EXPECT_EQ(record.Raw("kind").at(0), KindOf(layout.value[1].meaning, what));
    const Bytes& payload = record.Raw("the payload");
    EXPECT_EQ(record.Number("checksum"), Crc32c(Joined({key, payload, record.Raw("kind")})));
    return payload;
  }

  LedgerLife life_;
  std::vector<const BlockFacts*> chain_;
  const FormatPage blocks_page_{"blocks.md"};
  const FormatPage coins_page_{"coins.md"};
  const FormatPage indexes_page_{"indexes.md"};
};

TEST_F(FormatPages, Blocks) {
  const auto formats = blocks_page_.TableOf("# The databases under `blocks/`");
  Rows bodies = Read(blocks_page_, "blocks/bodies", FormatOf(formats, "blocks/bodies"));
  Rows index = Read(blocks_page_, "blocks/index", FormatOf(formats, "blocks/index"));
  const Record flush = Whole(blocks_page_.LayoutOf("## `blocks/index`", 2),
                             TakeRow(index, blocks_page_.Key("flush")));
  EXPECT_GT(flush.Number("number of the flush"), 5u);
  EXPECT_EQ(flush.Number("the first sequence number"), bodies.size() + 1);

  const RowLayout layout = blocks_page_.RowLayoutOf("## `blocks/index`");
  const Layout undo_layout = blocks_page_.LayoutOf("## `blocks/bodies`", 1);
  EXPECT_EQ(index.size(), life_.all().size() + 1);
  for (const auto& [key, value] : index) {
    const Record named = Whole(layout.key, key);
    const Record row = Whole(layout.value, value);
    BlockHash hash = BlockHash::From(named.Raw("hash of the header"));
    const BlockFacts* facts = life_.known().Find(hash);
    ASSERT_NE(facts, nullptr);
    EXPECT_EQ(crypto::Sha256dOf(row.Raw("the header as on the wire")), hash.bytes);
    EXPECT_EQ(row.Number("height"), static_cast<uint64_t>(facts->place.height));
    EXPECT_EQ(row.Number("bytes of the body"), facts->block->bytes().size());
    EXPECT_EQ(row.Number("number of transactions"), facts->block->transactions().size());
    EXPECT_EQ(row.Number("2 × validity + failed"), 2u * 2);  // connected once, not failed
    const Bytes body = TakePayload(bodies, row.Number("sequence number of the body"), "a body");
    EXPECT_TRUE(Equal(body, facts->block->bytes()));
    if (facts->place.height == 0) continue;
    const Bytes undo =
        TakePayload(bodies, row.Number("sequence number of the undo data"), "undo data");
    const auto record = Record::Decode(undo_layout, undo);
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(ToHex(record->Raw("hash of the block")), ToHex(hash.span()));
    ASSERT_EQ(record->Number("number of coins"), facts->spent->size());
    ByteSpan rest = record->rest();
    for (size_t i = 0; i < facts->spent->size(); ++i) {
      const DecodedCoin coin = TakeCoin(rest);
      const Coin& spent = (*facts->spent)[i];
      EXPECT_TRUE(coin.value == spent.value && coin.height == spent.height &&
                  coin.coinbase == spent.coinbase && Equal(coin.script, spent.script));
    }
    EXPECT_TRUE(rest.empty());
  }
  EXPECT_TRUE(bodies.empty()) << bodies.size() << " records that no row names";
}

TEST_F(FormatPages, Coins) {
  const auto keys = coins_page_.TableOf("# The database `chainstate/`");
  ASSERT_EQ(keys.size(), 3u);
  Rows rows = Read(coins_page_, "chainstate", Quoted(keys[0][1]));
  const Record tip =
      Whole(coins_page_.LayoutOf("## The tip"), TakeRow(rows, NotedBytes(Quoted(keys[1][0]))));
  EXPECT_EQ(ToHex(tip.Raw("hash of the block")), ToHex(life_.last_tip().span()));
  EXPECT_GT(tip.Number("number of the flush"), 5u);

  const Layout key_layout = coins_page_.LayoutOf("## A coin's key");
  const ledger::CoinStatsAt& expected = chain_.back()->coin_stats;
  EXPECT_EQ(rows.size(), expected.totals.txouts);
  crypto::MuHash muhash;
  for (const auto& [key, value] : rows) {
    const Record named = Whole(key_layout, key);
    ByteSpan rest = value;
    const DecodedCoin coin = TakeCoin(rest);
    EXPECT_TRUE(rest.empty());
    Bytes hashed;
    const OutPoint outpoint{Txid::From(named.Raw("txid")),
                            static_cast<uint32_t>(named.Number("index of the output"))};
    ledger::AppendHashedCoin(hashed, outpoint, coin.View());
    muhash.Insert(hashed);
  }
  EXPECT_EQ(muhash.Finalize(), expected.muhash);
}

class IndexPages : public FormatPages {
 protected:
  /// The rows of an index without those that every index has, which are checked here.
  Rows ReadIndex(const std::string& folder, Bytes* state) {
    const auto formats = indexes_page_.TableOf("# The databases under `indexes/`");
    Rows rows = Read(indexes_page_, "indexes/" + folder, FormatOf(formats, folder));
    const std::string every = "## Rows that every index has";
    const Record tip =
        Whole(indexes_page_.LayoutOf(every, 1), TakeRow(rows, indexes_page_.Key("tip")));
    EXPECT_EQ(tip.Number("height of the block"), chain_.size() - 1);
    EXPECT_EQ(ToHex(tip.Raw("its hash")), ToHex(life_.last_tip().span()));
    *state = tip.Raw("the state");
    const Bytes prefix = NotedBytes(Quoted(indexes_page_.TableOf(every).at(2)[0]));
    for (const BlockFacts* facts : chain_) {
      const Bytes key = Joined({prefix, Height(*facts)});
      EXPECT_EQ(ToHex(TakeRow(rows, key)), ToHex(facts->place.hash.span()));
    }
    return rows;
  }

  static Bytes Height(const BlockFacts& facts) {
    return {0, 0, 0, static_cast<uint8_t>(facts.place.height)};
  }

  /// The value of the row that this table has for a block; nothing without one.
  std::optional<Record> TakeBlockRow(Rows& rows, const std::string& heading, size_t table,
                                     const BlockFacts& facts) const {
    const RowLayout layout = indexes_page_.RowLayoutOf(heading, table);
    const Bytes key =
        Joined({NotedBytes(Quoted(layout.key[0].meaning)), Height(facts), facts.place.hash.span()});
    EXPECT_EQ(Whole(layout.key, key).Number("height, u32be"),
              static_cast<uint64_t>(facts.place.height));
    if (!rows.contains(key)) return std::nullopt;
    return Whole(layout.value, TakeRow(rows, key));
  }
};

TEST_F(IndexPages, Transactions) {
  Bytes state;
  Rows rows = ReadIndex("txindex", &state);
  EXPECT_TRUE(state.empty());
  const RowLayout layout = indexes_page_.RowLayoutOf("## `txindex`");
  for (const BlockFacts* facts : chain_) {
    for (const Transaction& tx : facts->block->transactions()) {
      if (facts->place.height == 0) continue;
      const Bytes key = Joined({NotedBytes(Quoted(layout.key[0].meaning)), tx.txid.span()});
      EXPECT_EQ(ToHex(Whole(layout.key, key).Raw("txid")), ToHex(tx.txid.span()));
      const Record row = Whole(layout.value, TakeRow(rows, key));
      EXPECT_EQ(row.Number("height of the block"), static_cast<uint64_t>(facts->place.height));
      const ByteSpan bytes = facts->block->bytes().subspan(
          row.Number("where the transaction begins"), row.Number("its size in bytes"));
      EXPECT_TRUE(Equal(bytes, tx.bytes));
    }
  }
  EXPECT_TRUE(rows.empty());
}

TEST_F(IndexPages, Filters) {
  Bytes state;
  Rows rows = ReadIndex("blockfilter", &state);
  EXPECT_EQ(ToHex(state), ToHex(chain_.back()->filter.header.span()));
  size_t found = 0;
  for (const auto& [hash, facts] : life_.known().blocks()) {
    const auto filter = TakeBlockRow(rows, "## `blockfilter`", 0, facts);
    const auto hashes = TakeBlockRow(rows, "## `blockfilter`", 1, facts);
    ASSERT_EQ(filter.has_value(), hashes.has_value());
    if (!filter) continue;
    ++found;
    EXPECT_EQ(HashFilter(filter->Raw("the basic filter")), facts.filter.filter);
    EXPECT_EQ(ToHex(hashes->Raw("hash of the filter")), ToHex(facts.filter.filter.span()));
    EXPECT_EQ(ToHex(hashes->Raw("its header")), ToHex(facts.filter.header.span()));
  }
  EXPECT_GE(found, chain_.size());
  EXPECT_TRUE(rows.empty());
}

TEST_F(IndexPages, CoinStatistics) {
  Bytes state;
  Rows rows = ReadIndex("coinstats", &state);
  const std::string heading = "## `coinstats`";
  const Layout totals_layout = indexes_page_.LayoutOf(heading, 1);
  const Layout changes_layout = indexes_page_.LayoutOf(heading, 2);
  const auto expect_totals = [&](ByteSpan bytes, const ledger::CoinTotals& expected) {
    const auto totals = Record::Decode(totals_layout, bytes);
    ASSERT_TRUE(totals.has_value());
    EXPECT_EQ(totals->Number("number of coins"), expected.txouts);
    EXPECT_EQ(totals->Number("bogosize"), expected.bogosize);
    EXPECT_EQ(totals->Number("satoshis of all"), static_cast<uint64_t>(expected.total_amount));
    EXPECT_EQ(totals->Number("satoshis that were lost"),
              static_cast<uint64_t>(expected.total_unspendable_amount));
  };
  size_t found = 0;
  for (const auto& [hash, facts] : life_.known().blocks()) {
    const auto row = TakeBlockRow(rows, heading, 0, facts);
    if (!row) continue;
    ++found;
    expect_totals(row->RawAt(0), facts.coin_stats.totals);
    const Record changes = Whole(changes_layout, row->RawAt(1));
    const ledger::BlockCoinStats& block = facts.coin_stats.block;
    const std::vector<int64_t> expected = {block.txouts,
                                           block.bogosize,
                                           block.total_amount,
                                           block.prevout_spent,
                                           block.coinbase,
                                           block.new_outputs_ex_coinbase,
                                           block.unspendable.genesis_block,
                                           block.unspendable.bip30,
                                           block.unspendable.scripts,
                                           block.unspendable.unclaimed_rewards};
    ASSERT_EQ(changes.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(static_cast<int64_t>(changes.NumberAt(i)), expected[i])
          << changes_layout[i].meaning;
    }
    EXPECT_EQ(ToHex(row->Raw("MuHash")), ToHex(facts.coin_stats.muhash));
  }
  EXPECT_GE(found, chain_.size());
  EXPECT_TRUE(rows.empty());
  expect_totals(state, chain_.back()->coin_stats.totals);
  ASSERT_EQ(state.size(), 32u + 384);
  EXPECT_EQ(crypto::Sha256Of(ByteSpan(state).subspan(32)), chain_.back()->coin_stats.muhash);
}

}  // namespace
}  // namespace cairn::test
