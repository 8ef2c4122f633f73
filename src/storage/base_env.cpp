#include "cairn/storage/base_env.h"

#include <atomic>

#include <leveldb/env.h>

namespace cairn::storage {
namespace {

std::atomic<leveldb::Env*> replaced = nullptr;

}  // namespace

void ReplaceBaseEnv(leveldb::Env* env) { replaced = env; }

leveldb::Env* BaseEnv() {
  leveldb::Env* env = replaced;
  return env != nullptr ? env : leveldb::Env::Default();
}

}  // namespace cairn::storage
