// The ways in which an output can hold a script, and the spends that open it again.
#pragma once

#include <utility>
#include <vector>

#include "cairn/crypto/hash.h"
#include "consensus/script/flags.h"
#include "tests/support/input_signer.h"

namespace cairn::fuzz {

enum class Wrapping : uint8_t { kBare, kP2sh, kP2wsh, kP2shP2wsh, kTapscript };
inline constexpr size_t kWrappings = 5;

inline consensus::SigVersion VersionOf(Wrapping wrapping) {
  switch (wrapping) {
    case Wrapping::kBare:
    case Wrapping::kP2sh: return consensus::SigVersion::kBase;
    case Wrapping::kP2wsh:
    case Wrapping::kP2shP2wsh: return consensus::SigVersion::kWitnessV0;
    case Wrapping::kTapscript: break;
  }
  return consensus::SigVersion::kTapscript;
}

inline Bytes PayToScriptHash(ByteSpan script) {
  return ScriptBuilder().Op(OP_HASH160).Push(crypto::Hash160Of(script)).Op(OP_EQUAL).Take();
}

inline Bytes PayToWitnessScriptHash(ByteSpan script) {
  return ScriptBuilder().Op(OP_0).Push(crypto::Sha256Of(script)).Take();
}

/// The shortest push: also of the numbers that have an opcode of their own.
inline void PushShortest(ScriptBuilder& builder, ByteSpan item) {
  if (item.size() != 1) {
    builder.Push(item);
  } else if (item[0] >= 1 && item[0] <= 16) {
    builder.Number(item[0]);
  } else if (item[0] == 0x81) {
    builder.Number(-1);
  } else {
    builder.Push(item);
  }
}

/// A script inside its wrapping. A tapscript's internal key is the one with the secret 1.
class WrappedScript {
 public:
  WrappedScript(Wrapping wrapping, Bytes script,
                uint8_t leaf_version = consensus::kTapscriptLeafVersion,
                std::span<const crypto::Digest> siblings = {})
      : wrapping_(wrapping),
        script_(std::move(script)),
        taproot_(test::TestKey(1), script_, leaf_version, siblings) {}

  Bytes Output() const {
    switch (wrapping_) {
      case Wrapping::kBare: return script_;
      case Wrapping::kP2sh: return PayToScriptHash(script_);
      case Wrapping::kP2wsh: return PayToWitnessScriptHash(script_);
      case Wrapping::kP2shP2wsh: return PayToScriptHash(PayToWitnessScriptHash(script_));
      case Wrapping::kTapscript: break;
    }
    return taproot_.script;
  }

  /// Sets scriptSig and witness so that the script runs on `arguments`, the last one on top.
  void Open(std::vector<Bytes> arguments, TransactionDraft::Input& input) const {
    if (VersionOf(wrapping_) == consensus::SigVersion::kBase) {
      ScriptBuilder builder;
      for (const Bytes& argument : arguments) PushShortest(builder, argument);
      if (wrapping_ == Wrapping::kP2sh) PushShortest(builder, script_);
      input.script_sig = builder.Take();
      return;
    }
    input.witness = std::move(arguments);
    input.witness.push_back(script_);
    if (wrapping_ == Wrapping::kTapscript) input.witness.push_back(taproot_.control);
    if (wrapping_ == Wrapping::kP2shP2wsh) {
      input.script_sig = ScriptBuilder().Push(PayToWitnessScriptHash(script_)).Take();
    }
  }

  const Bytes& script() const { return script_; }
  const crypto::Digest& leaf() const { return taproot_.leaf; }
  Wrapping wrapping() const { return wrapping_; }

 private:
  Wrapping wrapping_;
  Bytes script_;
  test::TaprootOutput taproot_;
};

/// The flags among `bits` that go together: CLEANSTACK needs WITNESS, and that needs P2SH.
inline consensus::ScriptFlags LegalFlags(uint32_t bits) {
  using Flags = consensus::ScriptFlags;
  bits &= Flags::kAll;
  if ((bits & Flags::kP2sh) == 0) bits &= ~uint32_t{Flags::kWitness};
  if ((bits & Flags::kWitness) == 0) bits &= ~uint32_t{Flags::kCleanStack};
  return bits;
}

}  // namespace cairn::fuzz
