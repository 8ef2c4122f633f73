// The pages of docs/formats as programs can use them: their tables become layouts by which records
// are taken apart, so that a page which does not tell the truth fails a test.
#pragma once

#include <cctype>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cairn/base/bytes.h"
#include "cairn/base/hex.h"
#include "tests/support/vectors.h"

namespace cairn::test {

/// Bytes in the notation of the pages: `00 "format"`, `"s"`, `76 a9 14`.
inline Bytes NotedBytes(const std::string& noted) {
  Bytes bytes;
  std::istringstream words(noted);
  for (std::string word; words >> word;) {
    if (word.front() == '"') {
      for (const char letter : word.substr(1, word.size() - 2)) {
        bytes.push_back(static_cast<uint8_t>(letter));
      }
    } else {
      const auto hex = FromHex(word);
      EXPECT_TRUE(hex.has_value()) << noted;
      if (hex) bytes.insert(bytes.end(), hex->begin(), hex->end());
    }
  }
  return bytes;
}

/// The text between the n-th pair of backticks.
inline std::string Quoted(const std::string& text, size_t n = 0) {
  size_t at = 0;
  for (size_t i = 0; i < 2 * n + 1; ++i) at = text.find('`', at) + 1;
  return text.substr(at, text.find('`', at) - at);
}

/// One field of a layout: how long it is, and what it means, both in the words of the page.
struct Field {
  std::string size;
  std::string meaning;
};
using Layout = std::vector<Field>;

/// A record that was taken apart. Fields are asked for by the beginning of what they mean.
class Record {
 public:
  /// Nothing where the bytes do not have the layout. Fields in another form (`...`) are left over,
  /// as `rest`.
  static std::optional<Record> Decode(const Layout& layout, ByteSpan bytes) {
    Record record;
    for (const Field& field : layout) {
      if (field.size == "...") break;
      size_t size = 0;
      uint64_t number = 0;
      if (field.size == "varint") {
        if (!ReadVarint(bytes, size, number)) return std::nullopt;
      } else if (field.size == "all" || field.size == "rest") {
        size = bytes.size();
      } else if (field.size.starts_with("all but ")) {
        const size_t left = std::stoul(field.size.substr(8));
        if (bytes.size() < left) return std::nullopt;
        size = bytes.size() - left;
      } else {
        size = std::stoul(field.size);
      }
      if (bytes.size() < size) return std::nullopt;
      const ByteSpan raw = bytes.first(size);
      bytes = bytes.subspan(size);
      if (field.size != "varint" && size <= 8) number = NumberIn(raw, field.meaning);
      const bool literal = field.meaning.starts_with("`\"");
      if (literal && !Equal(raw, NotedBytes(Quoted(field.meaning)))) return std::nullopt;
      record.values_.push_back({field.meaning, Bytes(raw.begin(), raw.end()), number});
    }
    record.rest_ = bytes;
    return record;
  }

  uint64_t Number(const std::string& meaning) const { return Find(meaning).number; }
  const Bytes& Raw(const std::string& meaning) const { return Find(meaning).raw; }
  const Bytes& RawAt(size_t i) const { return values_.at(i).raw; }
  uint64_t NumberAt(size_t i) const { return values_.at(i).number; }
  size_t size() const { return values_.size(); }
  /// What follows the fields, in the bytes that were decoded.
  ByteSpan rest() const { return rest_; }

 private:
  struct Value {
    std::string meaning;
    Bytes raw;
    uint64_t number;
  };

  static bool ReadVarint(ByteSpan bytes, size_t& size, uint64_t& number) {
    for (unsigned shift = 0; size < bytes.size() && size < 10; shift += 7) {
      const uint8_t byte = bytes[size++];
      number |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return size == 1 || byte != 0;
    }
    return false;
  }

  static uint64_t NumberIn(ByteSpan raw, const std::string& meaning) {
    const bool highest_first = meaning.find("u32be") != std::string::npos ||
                               meaning.find("u64be") != std::string::npos ||
                               meaning.find("most significant byte first") != std::string::npos;
    uint64_t number = 0;
    for (size_t i = 0; i < raw.size(); ++i) {
      number = number << 8 | raw[highest_first ? i : raw.size() - 1 - i];
    }
    return number;
  }

  const Value& Find(const std::string& meaning) const {
    for (const Value& value : values_) {
      if (value.meaning.starts_with(meaning)) return value;
    }
    ADD_FAILURE() << "no field \"" << meaning << '"';
    static const Value kNone{};
    return kNone;
  }

  std::vector<Value> values_;
  ByteSpan rest_;
};

/// Key and value of a row.
struct RowLayout {
  Layout key;
  Layout value;
};

class FormatPage {
 public:
  explicit FormatPage(const std::string& name)
      : text_(ReadText(std::filesystem::path(CAIRN_SOURCE_DIR) / "docs/formats" / name)) {}

  using Table = std::vector<std::vector<std::string>>;

  /// The n-th table below a heading (`## The tip`), without its own heading.
  Table TableOf(const std::string& heading, size_t n = 0) const {
    std::istringstream lines(text_);
    std::string line;
    while (std::getline(lines, line) && line != heading) {
    }
    std::vector<Table> tables;
    bool inside = false;
    while (std::getline(lines, line) && line.rfind('#', 0) != 0) {
      const bool row = line.rfind('|', 0) == 0;
      if (row && !inside) tables.emplace_back();
      if (row) tables.back().push_back(Cells(line));
      inside = row;
    }
    EXPECT_LT(n, tables.size()) << heading;
    if (n >= tables.size()) return {};
    return Table(tables[n].begin() + 2, tables[n].end());
  }

  Layout LayoutOf(const std::string& heading, size_t n = 0) const {
    Layout layout;
    for (const auto& cells : TableOf(heading, n)) layout.push_back({cells.at(0), cells.at(1)});
    return layout;
  }

  RowLayout RowLayoutOf(const std::string& heading, size_t n = 0) const {
    RowLayout layout;
    bool key = true;
    for (const auto& cells : TableOf(heading, n)) {
      if (cells.at(0) == "value") key = false;
      (key ? layout.key : layout.value).push_back({cells.at(1), cells.at(2)});
    }
    return layout;
  }

  /// The key with this text in it, wherever the page notes it: `00 "flush"`.
  Bytes Key(const std::string& text) const {
    const size_t at = text_.find('"' + text + "\"`");
    EXPECT_NE(at, std::string::npos) << text;
    const size_t from = text_.rfind('`', at) + 1;
    return NotedBytes(text_.substr(from, text_.find('`', from) - from));
  }

 private:
  static std::vector<std::string> Cells(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream parts(line.substr(1));
    for (std::string cell; std::getline(parts, cell, '|');) {
      const size_t from = cell.find_first_not_of(' ');
      const size_t to = cell.find_last_not_of(' ');
      cells.push_back(from == std::string::npos ? "" : cell.substr(from, to - from + 1));
    }
    return cells;
  }

  std::string text_;
};

}  // namespace cairn::test
