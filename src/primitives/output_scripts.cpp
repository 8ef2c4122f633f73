#include "cairn/primitives/output_scripts.h"

#include "cairn/primitives/script.h"

namespace cairn {

Bytes PayToKey(ByteSpan key) { return ScriptBuilder().Push(key).Op(OP_CHECKSIG).Take(); }

Bytes PayToKeyHash(ByteSpan hash) {
  return ScriptBuilder()
      .Op(OP_DUP)
      .Op(OP_HASH160)
      .Push(hash)
      .Op(OP_EQUALVERIFY)
      .Op(OP_CHECKSIG)
      .Take();
}

Bytes PayToMultisig(size_t required, std::span<const ByteSpan> keys) {
  ScriptBuilder script;
  script.Number(static_cast<int64_t>(required));
  for (const ByteSpan key : keys) script.Push(key);
  return script.Number(static_cast<int64_t>(keys.size())).Op(OP_CHECKMULTISIG).Take();
}

Bytes PayToScriptHash(ByteSpan hash) {
  return ScriptBuilder().Op(OP_HASH160).Push(hash).Op(OP_EQUAL).Take();
}

Bytes PayToWitness(int version, ByteSpan program) {
  return ScriptBuilder().Number(version).Push(program).Take();
}

}  // namespace cairn
