#include "src/mining/found_block.h"

#include "cairn/base/hex.h"
#include "cairn/base/log.h"
#include "cairn/base/whole_file.h"

namespace cairn::mining {

void KeepFoundBlock(const std::filesystem::path& folder, const BlockHash& hash, ByteSpan block,
                    const std::string& reason) {
  const std::string hex = ToHex(block) + "\n";
  const std::filesystem::path file = folder / ("found-" + hash.ToString() + ".block");
  const Status kept = folder.empty() ? Status(Invalid("there is no folder for it"))
                                     : ReplaceFile(file, AsBytes(hex));
  if (kept) {
    LOG_ERROR(
        "Block {} was found but not stored: {}. It is in {}: cairn-cli -stdin submitblock <{}",
        hash, reason, file.string(), file.filename().string());
  } else {
    LOG_ERROR("Block {} was found but not stored: {}. No file can keep it ({}), so this is it: {}",
              hash, reason, kept.error().message, hex);
  }
}

}  // namespace cairn::mining
