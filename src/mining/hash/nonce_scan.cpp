#include "cairn/mining/nonce_scan.h"

#include <algorithm>
#include <array>

#include "cairn/base/assert.h"
#include "cairn/base/endian.h"
#include "cairn/crypto/sha256.h"
#include "src/mining/hash/scan_kernel.h"

namespace cairn::mining {
namespace {

constexpr uint64_t kAllNonces = uint64_t{1} << 32;
constexpr size_t kBlockSize = 64;

uint32_t HighestBits(const U256& target) { return static_cast<uint32_t>((target >> 224).Low64()); }

NonceInput InputOf(const Header& header, uint32_t limit) {
  const auto raw = header.Serialize();
  uint32_t tail[4];
  for (size_t i = 0; i < 4; ++i) tail[i] = LoadBig<uint32_t>(&raw[kBlockSize + 4 * i]);
  NonceInput input;
  std::copy_n(crypto::kInitialState, 8, input.midstate);
  crypto::ActiveSha256Backend().transform(input.midstate, raw.data(), 1);
  input.plan = MakeTailPlan(input.midstate, tail);
  input.limit = limit;
  return input;
}

VersionInput Interleave(std::span<const NonceInput> inputs) {
  VersionInput out{};
  const size_t stride = inputs.size();
  for (size_t i = 0; i < stride; ++i) {
    for (size_t w = 0; w < 8; ++w) {
      out.midstates[w * stride + i] = inputs[i].midstate[w];
      out.states[w * stride + i] = inputs[i].plan.state[w];
    }
    for (size_t w = 0; w < 3; ++w) out.sums[w * stride + i] = inputs[i].plan.sums[w];
  }
  out.plan = inputs[0].plan;
  out.limit = inputs[0].limit;
  return out;
}

}  // namespace

struct NonceScan::Prepared {
  ScanKernel kernel;
  Header header;
  U256 target;
  std::vector<int32_t> versions;
  std::vector<VersionInput> full;  // as many versions as the kernel takes, one after another
  std::vector<NonceInput> rest;    // the versions that are left

  /// Whether `offset` lies within the range, and the header that it leads to meets the target.
  bool Meets(int32_t version, uint32_t nonce) const {
    Header candidate = header;
    candidate.version = version;
    candidate.nonce = nonce;
    return U256::FromLittle(candidate.Hash().span()) <= target;
  }
};

namespace {

/// A range of nonces, and where what is found goes.
struct Search {
  uint32_t first;
  uint64_t count;
  std::vector<std::pair<uint64_t, size_t>> found;  // offset of the nonce, place of the version
};

/// Runs a kernel over the whole range, in groups of `group` nonces. `scan` takes the first nonce
/// and the number of groups, and says how many it did.
template <class Scan>
void RunGroups(Search& search, size_t group, size_t first_version, const Scan& scan) {
  uint64_t done = 0;
  while (done < search.count) {
    Candidates candidates;
    const uint64_t groups = (search.count - done + group - 1) / group;
    done += group * scan(search.first + static_cast<uint32_t>(done), groups, candidates);
    for (size_t i = 0; i < candidates.count; ++i) {
      const Candidate& candidate = candidates.at[i];
      const uint64_t offset = candidate.nonce - search.first;  // modulo 2^32
      // A group may reach behind the end of the range, and around.
      if (offset >= search.count) continue;
      search.found.emplace_back(offset, first_version + candidate.version);
    }
  }
}

}  // namespace

NonceScan::NonceScan(const ScanKernel& kernel, const Header& header, const U256& target,
                     std::span<const int32_t> versions) {
  auto prepared = std::make_unique<Prepared>();
  prepared->kernel = kernel;
  prepared->header = header;
  prepared->target = target;
  prepared->versions.assign(versions.begin(), versions.end());
  std::vector<NonceInput> inputs;
  for (const int32_t version : versions) {
    Header rolled = header;
    rolled.version = version;
    inputs.push_back(InputOf(rolled, HighestBits(target)));
  }
  size_t begin = 0;
  for (; inputs.size() - begin >= kernel.versions; begin += kernel.versions) {
    prepared->full.push_back(Interleave(std::span(inputs).subspan(begin, kernel.versions)));
  }
  prepared->rest.assign(inputs.begin() + static_cast<std::ptrdiff_t>(begin), inputs.end());
  prepared_ = std::move(prepared);
}

NonceScan::~NonceScan() = default;
NonceScan::NonceScan(NonceScan&&) noexcept = default;
NonceScan& NonceScan::operator=(NonceScan&&) noexcept = default;

uint64_t NonceScan::Run(uint32_t first, uint64_t count, std::vector<ScanHit>& hits) const {
  const Prepared& prepared = *prepared_;
  const ScanKernel& kernel = prepared.kernel;
  CAIRN_ASSERT(count <= kAllNonces);
  Search search{first, count, {}};
  size_t version = 0;
  for (const VersionInput& input : prepared.full) {
    RunGroups(search, 1, version, [&](uint32_t nonce, size_t groups, Candidates& candidates) {
      return kernel.functions->scan_versions(input, nonce, groups, candidates);
    });
    version += kernel.versions;
  }
  for (const NonceInput& input : prepared.rest) {
    RunGroups(search, kernel.nonces, version++,
              [&](uint32_t nonce, size_t groups, Candidates& candidates) {
                return kernel.functions->scan_nonces(input, nonce, groups, candidates);
              });
  }
  std::sort(search.found.begin(), search.found.end());
  for (const auto& [offset, place] : search.found) {
    const ScanHit hit = {prepared.versions[place], first + static_cast<uint32_t>(offset)};
    if (prepared.Meets(hit.version, hit.nonce)) hits.push_back(hit);
  }
  return count * prepared.versions.size();
}

}  // namespace cairn::mining
