// A LevelDB environment that syncs a log file before it is closed.
//
// LevelDB rotates its log without syncing the old one, so a power cut could lose unsynced batches
// although a later batch was synced. Durability in Cairn means: all that came before is there, too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <leveldb/env.h>

namespace cairn::storage {

/// Wraps `base`, which must outlive it, for the database in `folder`.
std::unique_ptr<leveldb::Env> MakeSyncingEnv(leveldb::Env* base, const std::string& folder);

/// Bytes of the files of the database that the environment serves.
uint64_t DiskBytesOf(const leveldb::Env& env);

/// True once the sync of a rotated log has failed: from then on nothing written through that
/// environment can be promised to be durable.
bool LostSync(const leveldb::Env& env);

}  // namespace cairn::storage
