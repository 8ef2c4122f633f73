#include "cairn/genesis/chain_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "cairn/base/json.h"
#include "cairn/base/writer.h"
#include "cairn/crypto/sha256.h"
#include "src/genesis/chain_params.h"
#include "src/genesis/embedded_chains.h"

namespace cairn::genesis {

namespace {

using consensus::Params;

constexpr int kMaxDepth = 8;
constexpr std::uintmax_t kMaxFileSize = 16 << 20;  // a block of the greatest size in hex, and room

/// What a chain is called where. Built-in ones have the names that Bitcoin Core gave them.
struct ChainNames {
  std::string_view file;
  std::string_view rpc;
  std::string_view folder;
  std::string_view section;
};

constexpr ChainNames kBuiltIn[] = {
    {"mainnet", "main", "", "main"},
    {"testnet3", "test", "testnet3", "test"},
    {"testnet4", "testnet4", "testnet4", "testnet4"},
    {"signet", "signet", "signet", "signet"},
    {"regtest", "regtest", "regtest", "regtest"},
};

const ChainNames* FindBuiltIn(std::string_view file) {
  const auto* found = std::find_if(std::begin(kBuiltIn), std::end(kBuiltIn),
                                   [&](const ChainNames& names) { return names.file == file; });
  return found == std::end(kBuiltIn) ? nullptr : found;
}

std::string_view EmbeddedText(std::string_view file) {
  for (const EmbeddedChain& chain : EmbeddedChains()) {
    if (chain.name == file) return chain.text;
  }
  return {};
}

/// Whether a name can be a folder beside mainnet's own folders and a section beside the others.
bool IsFreeName(const std::string& name) {
  static constexpr std::string_view kTaken[] = {"main",    "test",       "blocks",
                                                "indexes", "chainstate", "wallets"};
  constexpr size_t kMaxName = 32;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  return plain && !name.empty() && name.size() <= kMaxName &&
         std::find(std::begin(kTaken), std::end(kTaken), name) == std::end(kTaken);
}

tl::unexpected<Error> Broken(const std::string& source, int line, const std::string& reason) {
  return Invalid(source + ":" + std::to_string(line) + ": " + reason);
}

std::string NameIn(const std::string& source) {
  return std::filesystem::path(source).stem().string();
}

Result<std::string> ReadWhole(const std::filesystem::path& path) {
  const std::string shown = path.string();
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(path, problem);
  if (problem) return Fail(ErrorCode::kIo, shown + ": " + problem.message());
  if (size > kMaxFileSize) return Broken(shown, 1, "larger than 16 MiB");
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return Fail(ErrorCode::kIo, shown + ": cannot be read");
  return text;
}

}  // namespace

Result<Params> LoadChainText(std::string_view text, const std::string& source_name) {
  const Result<json::Value> root = json::Parse(text, kMaxDepth, source_name);
  if (!root) return tl::unexpected(root.error());
  if (!root->IsObject()) return Broken(source_name, root->line(), "a chain file must be an object");

  Problem problem;
  Params params = ReadParams(*root, problem);
  if (problem.found()) return Broken(source_name, problem.line(), problem.reason());

  const std::string name = NameIn(source_name);
  const ChainNames* built_in = FindBuiltIn(name);
  if (built_in == nullptr && !IsFreeName(name)) {
    return Broken(source_name, 1,
                  "the file's name becomes the data folder's: it must be free, and of at most 32 "
                  "lower-case letters, digits, - and _");
  }
  params.name = name;
  params.rpc_name = built_in != nullptr ? built_in->rpc : name;
  params.folder = built_in != nullptr ? built_in->folder : name;
  params.config_section = built_in != nullptr ? built_in->section : name;
  return params;
}

Result<Params> LoadChainFile(const std::filesystem::path& path) {
  const Result<std::string> text = ReadWhole(path);
  if (!text) return tl::unexpected(text.error());
  const std::string name = NameIn(path.string());
  if (FindBuiltIn(name) != nullptr && *text != EmbeddedText(name)) {
    return Broken(path.string(), 1,
                  "differs from the built-in chain " + name +
                      ", whose data folder it would use: give the file another name");
  }
  return LoadChainText(*text, path.string());
}

Result<Params> BuiltInChain(std::string_view name) {
  for (const ChainNames& names : kBuiltIn) {
    if (name != names.file && name != names.rpc) continue;
    const std::string file(names.file);
    return LoadChainText(EmbeddedText(file), "genesis/" + file + ".json");
  }
  std::string known;
  for (const ChainNames& names : kBuiltIn) {
    known += (known.empty() ? "" : ", ") + std::string(names.rpc);
  }
  return Fail(ErrorCode::kNotFound, "Unknown chain " + std::string(name) + ": use " + known +
                                        ", or a chain file's path that ends in .json");
}

std::vector<std::string> BuiltInChainNames() {
  std::vector<std::string> names;
  for (const ChainNames& chain : kBuiltIn) names.emplace_back(chain.file);
  return names;
}

void ApplySignetChallenge(Params& params, ByteSpan challenge) {
  params.signet_challenge = Bytes(challenge.begin(), challenge.end());
  Bytes with_length;
  Writer(with_length).VarBytes(challenge);
  const crypto::Digest digest = crypto::Sha256dOf(with_length);
  std::copy_n(digest.begin(), params.magic.size(), params.magic.begin());

  params.dns_seeds.clear();
  params.fixed_seeds.clear();
  params.assumed_valid = BlockHash();
  params.minimum_chain_work = U256();
  params.checkpoints.clear();
  params.activity = {};
}

}  // namespace cairn::genesis
