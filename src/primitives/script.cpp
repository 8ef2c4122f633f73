#include "cairn/primitives/script.h"

#include "cairn/base/endian.h"

namespace cairn {

bool ScriptCursor::Next(ScriptElement& element) {
  const size_t left = script_.size() - at_ - 1;
  const uint8_t* next = script_.data() + at_ + 1;
  const uint8_t opcode = script_[at_];
  size_t prefix = 0;  // bytes of length behind the opcode
  uint64_t length = 0;
  if (opcode < OP_PUSHDATA1) {
    length = opcode;
  } else if (opcode <= OP_PUSHDATA4) {
    prefix = size_t{1} << (opcode - OP_PUSHDATA1);
    if (left < prefix) return false;
    length = prefix == 1   ? *next
             : prefix == 2 ? LoadLittle<uint16_t>(next)
                           : LoadLittle<uint32_t>(next);
  }
  if (left - prefix < length) return false;
  element.opcode = opcode;
  element.data = {next + prefix, static_cast<size_t>(length)};
  at_ += 1 + prefix + static_cast<size_t>(length);
  return true;
}

ScriptBuilder& ScriptBuilder::Op(uint8_t opcode) {
  script_.push_back(opcode);
  return *this;
}

ScriptBuilder& ScriptBuilder::Push(ByteSpan data) {
  const size_t size = data.size();
  if (size < OP_PUSHDATA1) {
    script_.push_back(static_cast<uint8_t>(size));
  } else {
    const uint8_t opcode = size <= 0xff     ? OP_PUSHDATA1
                           : size <= 0xffff ? OP_PUSHDATA2
                                            : OP_PUSHDATA4;
    uint8_t length[4];
    StoreLittle(length, static_cast<uint32_t>(size));
    script_.push_back(opcode);
    script_.insert(script_.end(), length, length + (size_t{1} << (opcode - OP_PUSHDATA1)));
  }
  Append(script_, data);
  return *this;
}

ScriptBuilder& ScriptBuilder::Number(int64_t value) {
  if (value == 0) return Op(OP_0);
  if (value == -1) return Op(OP_1NEGATE);
  if (value >= 1 && value <= 16) return Op(static_cast<uint8_t>(OP_1 + value - 1));
  return Push(EncodeScriptNumber(value));
}

Bytes EncodeScriptNumber(int64_t value) {
  Bytes bytes;
  const bool negative = value < 0;
  uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  for (; magnitude != 0; magnitude >>= 8) bytes.push_back(static_cast<uint8_t>(magnitude));
  if (bytes.empty()) return bytes;
  // The top bit is the sign: where the magnitude uses it, the sign needs a byte of its own.
  if ((bytes.back() & 0x80) != 0) bytes.push_back(0);
  if (negative) bytes.back() |= 0x80;
  return bytes;
}

uint32_t CountSigops(ByteSpan script, bool accurate) {
  constexpr uint32_t kMaxKeysPerMultisig = 20;
  uint32_t count = 0;
  uint8_t previous = OP_INVALIDOPCODE;
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd() && cursor.Next(element)) {
    if (element.opcode == OP_CHECKSIG || element.opcode == OP_CHECKSIGVERIFY) {
      ++count;
    } else if (element.opcode == OP_CHECKMULTISIG || element.opcode == OP_CHECKMULTISIGVERIFY) {
      const bool known = accurate && previous >= OP_1 && previous <= OP_16;
      count += known ? previous - OP_1 + 1u : kMaxKeysPerMultisig;
    }
    previous = element.opcode;
  }
  return count;
}

bool IsPayToScriptHash(ByteSpan script) {
  return script.size() == 23 && script[0] == OP_HASH160 && script[1] == 20 &&
         script[22] == OP_EQUAL;
}

std::optional<WitnessProgram> ParseWitnessProgram(ByteSpan script) {
  if (script.size() < 4 || script.size() > 42) return std::nullopt;
  if (script[0] != OP_0 && (script[0] < OP_1 || script[0] > OP_16)) return std::nullopt;
  if (script[1] + size_t{2} != script.size()) return std::nullopt;
  return WitnessProgram{script[0] == OP_0 ? 0 : script[0] - OP_1 + 1, script.subspan(2)};
}

bool IsPushOnly(ByteSpan script) {
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd()) {
    if (!cursor.Next(element) || element.opcode > OP_16) return false;
  }
  return true;
}

}  // namespace cairn
