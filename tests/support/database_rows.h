// All rows of a closed database, to be taken one by one until none is left unexplained.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "cairn/base/hex.h"
#include "cairn/storage/database.h"

namespace cairn::test {

using Rows = std::map<Bytes, Bytes>;

/// A key of several parts.
inline Bytes Joined(std::initializer_list<ByteSpan> parts) {
  Bytes all;
  for (const ByteSpan part : parts) Append(all, part);
  return all;
}

/// Of a database that carries this format; the record of it is among them.
inline Rows ReadRows(const std::filesystem::path& folder, const std::string& format) {
  Rows rows;
  auto database = storage::Database::Open(folder, {}, format);
  EXPECT_TRUE(database.has_value()) << (database ? "" : database.error().message);
  if (!database) return rows;
  const Status scanned = (*database)->Scan({}, {}, [&](ByteSpan key, ByteSpan value) {
    rows[Bytes(key.begin(), key.end())] = Bytes(value.begin(), value.end());
    return true;
  });
  EXPECT_TRUE(scanned.has_value());
  return rows;
}

/// The value of a key that must be there, once.
inline Bytes TakeRow(Rows& rows, const Bytes& key) {
  const auto row = rows.find(key);
  EXPECT_NE(row, rows.end()) << ToHex(key);
  if (row == rows.end()) return {};
  Bytes value = row->second;
  rows.erase(row);
  return value;
}

}  // namespace cairn::test
