// The messages for light clients: compact block filters (BIP157) and Bloom filters (BIP37).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cairn/base/bytes.h"
#include "cairn/primitives/block_filter.h"
#include "cairn/primitives/hash.h"
#include "cairn/primitives/merkle_proof.h"

namespace cairn::wire {

/// Asks for the filters of a range of blocks.
struct GetCFilters {
  static constexpr std::string_view kCommand = "getcfilters";
  static constexpr uint32_t kMostBlocks = 1000;  // in a range

  uint8_t filter_type = kBasicFilterType;
  uint32_t start_height = 0;
  BlockHash stop;
};

/// The filter of a block.
struct CFilter {
  static constexpr std::string_view kCommand = "cfilter";

  uint8_t filter_type = kBasicFilterType;
  BlockHash block;
  Bytes filter;
};

/// Asks for the filter hashes of a range of blocks.
struct GetCFHeaders {
  static constexpr std::string_view kCommand = "getcfheaders";
  static constexpr uint32_t kMostBlocks = 2000;  // in a range

  uint8_t filter_type = kBasicFilterType;
  uint32_t start_height = 0;
  BlockHash stop;
};

/// The hashes, and the header that they build on.
struct CFHeaders {
  static constexpr std::string_view kCommand = "cfheaders";

  uint8_t filter_type = kBasicFilterType;
  BlockHash stop;
  FilterHeader previous;
  std::vector<FilterHash> hashes;
};

/// Asks for the filter header of every thousandth block.
struct GetCFCheckpt {
  static constexpr std::string_view kCommand = "getcfcheckpt";
  static constexpr uint32_t kInterval = 1000;

  uint8_t filter_type = kBasicFilterType;
  BlockHash stop;
};

struct CFCheckpt {
  static constexpr std::string_view kCommand = "cfcheckpt";

  uint8_t filter_type = kBasicFilterType;
  BlockHash stop;
  std::vector<FilterHeader> headers;
};

/// Sets the Bloom filter of the connection.
struct FilterLoad {
  static constexpr std::string_view kCommand = "filterload";
  static constexpr size_t kMostBytes = 36'000;
  static constexpr uint32_t kMostFunctions = 50;

  enum Update : uint8_t {
    kNone = 0,
    kAll = 1,
    kPubKeyOnly = 2,
    kMask = 3,
  };

  Bytes bits;
  uint32_t functions = 0;
  uint32_t tweak = 0;
  uint8_t flags = kNone;
};

/// Adds an element to it.
struct FilterAdd {
  static constexpr std::string_view kCommand = "filteradd";
  static constexpr size_t kMostBytes = 520;

  Bytes element;
};

/// Takes it off.
struct FilterClear {
  static constexpr std::string_view kCommand = "filterclear";
};

/// The answer to `getdata` for a filtered block.
struct MerkleBlock {
  static constexpr std::string_view kCommand = "merkleblock";

  MerkleProof proof;
};

}  // namespace cairn::wire
