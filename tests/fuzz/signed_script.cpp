#include "tests/fuzz/signed_script.h"

#include <iterator>

#include "cairn/primitives/script.h"
#include "consensus/sighash/sighash.h"
#include "tests/support/test_key.h"

namespace cairn::fuzz {
namespace {

using consensus::SigVersion;

constexpr size_t kKeys = 4;
constexpr size_t kMostClauses = 4;

uint8_t AnyKey(Input& input) { return static_cast<uint8_t>(1 + input.Below(kKeys)); }

uint8_t AnyHashType(Input& input) {
  static constexpr uint8_t kTypes[] = {consensus::kSighashAll,
                                       consensus::kSighashAll,
                                       consensus::kSighashNone,
                                       consensus::kSighashSingle,
                                       consensus::kSighashDefault,
                                       consensus::kSighashAll | consensus::kSighashAnyoneCanPay,
                                       0x83,
                                       0x50};
  return kTypes[input.Below(std::size(kTypes))];
}

/// The number 5, which is the x of no point.
Bytes OffCurve() {
  Bytes x(32);
  x[31] = 5;
  return x;
}

class Builder {
 public:
  Builder(Input& input, SigVersion version) : input_(input), version_(version) {}

  SignedScript Build() {
    for (size_t count = 1 + input_.Below(kMostClauses); count > 0; --count) {
      AddClause();
      clauses_.push_back(std::move(arguments_));
      arguments_.clear();
    }
    Op(OP_1);
    SignedScript result;
    result.script = std::move(script_);
    for (auto clause = clauses_.rbegin(); clause != clauses_.rend(); ++clause) {
      result.arguments.insert(result.arguments.end(), clause->begin(), clause->end());
    }
    return result;
  }

 private:
  void AddClause() {
    switch (input_.Below(8)) {
      case 0: return Check(AnyKey(input_), OP_CHECKSIGVERIFY);
      case 1: Check(AnyKey(input_), OP_CHECKSIG); return Op(OP_NOT).Op(OP_VERIFY).Done();
      case 2: Check(AnyKey(input_), OP_CHECKSIG); return Op(OP_DROP).Done();
      case 3: return AddBranch();
      case 4: return AddEither();
      case 5: return version_ == SigVersion::kTapscript ? AddCounted() : AddMultisig();
      case 6:
        Op(OP_CODESEPARATOR);
        code_begin_ = script_.size();
        separator_ = opcodes_ - 1;
        return;
      default: return Op(input_.Byte()).Done();
    }
  }

  /// The first signature chooses whether the second is asked for.
  void AddBranch() {
    const uint8_t chooser = AnyKey(input_);
    const uint8_t key = AnyKey(input_);
    arguments_.push_back(Signature(key));
    Check(chooser, OP_CHECKSIG);
    Op(OP_IF).Push(KeyForm(input_, key, version_)).Op(OP_CHECKSIGVERIFY);
    Op(OP_ELSE).Op(OP_DROP).Op(OP_ENDIF);
  }

  /// One of two signatures is enough.
  void AddEither() {
    const uint8_t second = AnyKey(input_);
    arguments_.push_back(Signature(second));
    Check(AnyKey(input_), OP_CHECKSIG);
    Op(OP_SWAP).Push(KeyForm(input_, second, version_)).Op(OP_CHECKSIG);
    Op(OP_BOOLOR).Op(OP_VERIFY);
  }

  /// CHECKMULTISIG, with the signatures of some of the keys in their order.
  void AddMultisig() {
    const size_t keys = 1 + input_.Below(3);
    const size_t wanted = input_.Below(keys + 1);
    const size_t first = input_.Below(keys - wanted + 1);
    arguments_.push_back({Copy(input_.Take(input_.Byte() % 8 == 7 ? 1 : 0))});
    for (size_t i = 0; i < wanted; ++i) {
      arguments_.push_back(Signature(static_cast<uint8_t>(first + i + 1)));
    }
    Number(wanted);
    for (size_t i = 0; i < keys; ++i) {
      Push(KeyForm(input_, static_cast<uint8_t>(i + 1), version_));
    }
    Number(keys);
    if (input_.Byte() % 4 != 3) {
      Op(OP_CHECKMULTISIGVERIFY);
    } else {
      Op(OP_CHECKMULTISIG).Op(OP_NOT).Op(OP_VERIFY);
    }
  }

  /// CHECKSIGADD over all keys, of which some number must have signed.
  void AddCounted() {
    const size_t keys = 1 + input_.Below(3);
    Op(OP_0);
    std::vector<Argument> signatures;
    for (size_t i = 0; i < keys; ++i) {
      const auto key = static_cast<uint8_t>(i + 1);
      signatures.push_back(Signature(key));
      Push(KeyForm(input_, key, version_)).Op(OP_CHECKSIGADD);
    }
    arguments_.assign(signatures.rbegin(), signatures.rend());
    Number(input_.Byte() % 4 == 3 ? input_.Below(keys + 1) : keys);
    Op(OP_NUMEQUALVERIFY);
  }

  /// Pushes a key and runs `opcode` on it and on a signature for it.
  void Check(uint8_t key, uint8_t opcode) {
    arguments_.push_back(Signature(key));
    Push(KeyForm(input_, key, version_)).Op(opcode);
  }

  Argument Signature(uint8_t key) {
    Argument argument = SignatureBy(input_, key);
    argument.code_begin = code_begin_;
    argument.separator = separator_;
    return argument;
  }

  Builder& Op(uint8_t opcode) {
    script_.push_back(opcode);
    ++opcodes_;
    return *this;
  }
  Builder& Push(ByteSpan data) {
    Append(script_, ScriptBuilder().Push(data).Take());
    ++opcodes_;
    return *this;
  }
  Builder& Number(size_t number) {
    Append(script_, ScriptBuilder().Number(static_cast<int64_t>(number)).Take());
    ++opcodes_;
    return *this;
  }
  void Done() {}

  Input& input_;
  const SigVersion version_;
  Bytes script_;
  uint32_t opcodes_ = 0;
  size_t code_begin_ = 0;
  uint32_t separator_ = UINT32_MAX;
  std::vector<Argument> arguments_;             // of the clause at hand
  std::vector<std::vector<Argument>> clauses_;  // the first to run first
};

/// The same signature with the other S that fits, which is above half the order.
Bytes WithHighS(const Bytes& signature) {
  secp256k1_ecdsa_signature parsed;
  const secp256k1_context* const context = secp256k1_context_static;
  if (signature.empty() || secp256k1_ecdsa_signature_parse_der(context, &parsed, signature.data(),
                                                               signature.size() - 1) != 1) {
    return signature;
  }
  uint8_t compact[64];
  secp256k1_ecdsa_signature_serialize_compact(context, compact, &parsed);
  CAIRN_ASSERT(secp256k1_ec_seckey_negate(context, compact + 32) == 1);
  secp256k1_ecdsa_signature_parse_compact(context, &parsed, compact);
  Bytes high(73);
  size_t size = high.size();
  secp256k1_ecdsa_signature_serialize_der(context, high.data(), &size, &parsed);
  high.resize(size);
  high.push_back(signature.back());
  return high;
}

/// The length of the sequence in two bytes, where strict DER has one.
Bytes WithLongLength(Bytes signature) {
  if (signature.size() > 2) signature.insert(signature.begin() + 1, 0x81);
  return signature;
}

}  // namespace

SignedScript BuildSignedScript(Input& input, SigVersion version) {
  return Builder(input, version).Build();
}

Bytes KeyForm(Input& input, uint8_t key, SigVersion version) {
  const test::TestKey pair(key);
  const size_t form = input.Below(16);
  if (version == SigVersion::kTapscript) {
    switch (form) {
      case 13: return OffCurve();
      case 14: return pair.Compressed();  // a key of no known type
      case 15: return {};
      default: return pair.XOnly();
    }
  }
  switch (form) {
    case 11: return pair.Uncompressed();
    case 12: return pair.Hybrid();
    case 13: {
      Bytes off_curve = {2};
      Append(off_curve, OffCurve());
      return off_curve;
    }
    case 14: return pair.XOnly();  // too short
    case 15: {
      Bytes unknown = pair.Compressed();
      unknown[0] = 5;
      return unknown;
    }
    default: return pair.Compressed();
  }
}

Argument SignatureBy(Input& input, uint8_t key) {
  Argument argument;
  argument.key = key;
  argument.hash_type = AnyHashType(input);
  argument.damage = input.Byte();
  return argument;
}

Bytes Damaged(Bytes signature, uint8_t damage) {
  if (signature.empty()) return signature;
  const size_t place = damage / 16 * 5 % signature.size();
  switch (damage % 16) {
    case 9: return {};
    case 10: signature[place] ^= 1; return signature;
    case 11: signature.back() ^= 2; return signature;
    case 12: signature.pop_back(); return signature;
    case 13: return WithHighS(signature);
    case 14: return WithLongLength(std::move(signature));
    case 15: return {static_cast<uint8_t>(damage / 16)};
    default: return signature;
  }
}

}  // namespace cairn::fuzz
