// Scripts that ask for signatures, made from a fuzzer's bytes, with the arguments that they ask
// for.
#pragma once

#include <cstdint>
#include <vector>

#include "cairn/base/bytes.h"
#include "consensus/script/execution.h"
#include "tests/fuzz/input.h"

namespace cairn::fuzz {

/// An argument of a script: bytes, or a signature that is to be made once the script is whole.
struct Argument {
  Bytes data;
  uint8_t key = 0;  // number of the signing key, from 1; 0 for `data` as it is
  uint8_t hash_type = 0;
  uint8_t damage = 0;               // what is done to the signature; see `Damaged`
  size_t code_begin = 0;            // behind the OP_CODESEPARATOR that has run before
  uint32_t separator = UINT32_MAX;  // its number as an opcode, or all ones
};

struct SignedScript {
  Bytes script;
  std::vector<Argument> arguments;  // the last one on top
};

/// A chain of clauses (a signature demanded, refused, ignored, chosen by, of many keys, ...), of
/// which each takes its own arguments.
SignedScript BuildSignedScript(Input& input, consensus::SigVersion version);

/// A key in one of the forms that the version knows, sound and unsound.
Bytes KeyForm(Input& input, uint8_t key, consensus::SigVersion version);

/// A signing request for `key`; most are left undamaged.
Argument SignatureBy(Input& input, uint8_t key);

/// The signature as `damage` says: mostly untouched, else cut, turned, replaced or re-encoded.
Bytes Damaged(Bytes signature, uint8_t damage);

}  // namespace cairn::fuzz
