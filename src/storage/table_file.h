// Opens a table for reading, with care for what no checksum of LevelDB's covers.
//
// Tables are read with pread, not mapped: a mapped file counts as memory of the process outside
// every budget, goes around LevelDB's own cache, and a bad sector would kill the process.
#pragma once

#include <string>

#include <leveldb/env.h>

namespace cairn::storage {

/// Refuses a table whose footer names blocks outside of the file: LevelDB would allocate whatever
/// size it reads there. `env` other than the machine's own opens the file itself.
leveldb::Status OpenTable(leveldb::Env& env, const std::string& name,
                          leveldb::RandomAccessFile** file);

}  // namespace cairn::storage
