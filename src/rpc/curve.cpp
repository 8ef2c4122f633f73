#include "src/rpc/curve.h"

#include <memory>

#include <openssl/bn.h>

#include "cairn/base/assert.h"

namespace cairn::rpc {

namespace {

using BigNumber = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

BigNumber NewNumber() { return {BN_new(), &BN_free}; }

}  // namespace

bool IsOnCurve(ByteSpan x) {
  CAIRN_ASSERT(x.size() == 32);
  const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> scratch(BN_CTX_new(), &BN_CTX_free);
  BIGNUM* parsed = nullptr;
  BN_hex2bn(&parsed, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");
  const BigNumber prime(parsed, &BN_free);
  const BigNumber number(BN_bin2bn(x.data(), static_cast<int>(x.size()), nullptr), &BN_free);
  if (BN_cmp(number.get(), prime.get()) >= 0) return false;

  // y^2 = x^3 + 7 has a solution if the right side is a square; it is never zero on this curve.
  const BigNumber right = NewNumber();
  const bool computed =
      BN_mod_sqr(right.get(), number.get(), prime.get(), scratch.get()) == 1 &&
      BN_mod_mul(right.get(), right.get(), number.get(), prime.get(), scratch.get()) == 1 &&
      BN_add_word(right.get(), 7) == 1;
  return computed && BN_kronecker(right.get(), prime.get(), scratch.get()) == 1;
}

}  // namespace cairn::rpc
