// Making the names in a folder durable.
#pragma once

#include <string>

#include <leveldb/env.h>

namespace cairn::storage {

/// Returns when the names that were created, renamed or removed in `folder` would survive a power
/// cut. Through `env` if that is a `FolderSync`.
leveldb::Status SyncFolder(leveldb::Env& env, const std::string& folder);

/// Creates `folder` and the folders above it where they are missing, and makes them durable.
leveldb::Status MakeFolders(leveldb::Env& env, const std::string& folder);

}  // namespace cairn::storage
