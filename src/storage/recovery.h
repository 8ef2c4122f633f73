// Makes the files of a database ready for LevelDB after a crash or a power cut.
//
// A power cut may leave anything behind the last synced byte of a log: nothing, zeroes, garbage,
// whole records behind missing ones. LevelDB either refuses such a file or steps over the gap, and
// neither will do. So every file is measured first, and what follows its unbroken run of whole
// records is cut off, provided that the marks in SYNCED prove that nothing of it was ever promised
// to be durable. Where promised bytes are missing, that is damage, and is reported as such.
#pragma once

#include <optional>
#include <string>

#include <leveldb/env.h>

#include "src/storage/synced_marks.h"

namespace cairn::storage {

/// Prepares `folder`, whose lock the caller holds. `marks` become those that hold from here on. An
/// error names the damage. Every step may be cut short by another power cut.
leveldb::Status PrepareForOpening(leveldb::Env& env, const std::string& folder, SyncedMarks* marks);

}  // namespace cairn::storage
