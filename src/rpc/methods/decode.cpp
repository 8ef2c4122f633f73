// Methods that explain addresses, scripts and transactions without looking at the chain.
#include <algorithm>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/primitives/output_scripts.h"
#include "cairn/primitives/script.h"
#include "cairn/rpc/error.h"
#include "consensus/script/interpreter.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/render.h"

namespace cairn::rpc {

namespace {

std::string ScriptHashAddress(ByteSpan script, const AddressPrefixes& prefixes) {
  return *EncodeAddress(PayToScriptHash(crypto::Hash160Of(script)), prefixes);
}

// --- validateaddress

void WriteAddressDetails(json::Writer& out, ByteSpan script) {
  const OutputType type = ClassifyOutput(script).type;
  const bool of_script = type == OutputType::kScriptHash ||
                         type == OutputType::kWitnessV0ScriptHash ||
                         type == OutputType::kWitnessV1Taproot || type == OutputType::kAnchor;
  if (type != OutputType::kWitnessUnknown) out.Key("isscript").Bool(of_script);
  const std::optional<WitnessProgram> program = ParseWitnessProgram(script);
  out.Key("iswitness").Bool(program.has_value());
  if (!program || type == OutputType::kAnchor) return;
  out.Key("witness_version").Int(program->version);
  out.Key("witness_program").String(ToHex(program->program));
}

Method ValidateAddress() {
  return {
      .name = "validateaddress",
      .group = "util",
      .description = "Tells whether an address is one of this network, and what it pays to.",
      .params = {Required("address", ParamType::kString, "The address")},
      .results = {Obj(
          "", "",
          {Bool("isvalid", "Whether it is an address of this network"),
           Str("address", "The address").Maybe(), Hex("scriptPubKey", "The output script").Maybe(),
           Bool("isscript", "Whether it pays to a script").Maybe(),
           Bool("iswitness", "Whether it pays to a witness program").Maybe(),
           Num("witness_version", "The program's version").Maybe(),
           Hex("witness_program", "The program").Maybe(),
           Arr("error_locations", "Where a mistake was found", Num("", "An index into the address"))
               .Maybe(),
           Str("error", "What is wrong with it").Maybe()})},
      .examples = {R"(["bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl"])"},
      .handler = [](const Request& request, json::Writer& out) {
        const AddressPrefixes& prefixes = request.node().params.prefixes;
        const Result<Bytes> script = DecodeAddress(request.String("address"), prefixes);
        out.BeginObject();
        out.Key("isvalid").Bool(script.has_value());
        if (script) {
          const std::optional<std::string> address = EncodeAddress(*script, prefixes);
          out.Key("address").String(address.value_or(request.String("address")));
          out.Key("scriptPubKey").String(ToHex(*script));
          WriteAddressDetails(out, *script);
        } else {
          out.Key("error_locations").BeginArray();
          for (const int position : AddressErrorPositions(request.String("address"), prefixes)) {
            out.Int(position);
          }
          out.EndArray();
          out.Key("error").String(script.error().message);
        }
        out.EndObject();
      }};
}

// --- decoderawtransaction

/// Both encodings are tried unless the caller knows.
TransactionPtr DecodeTransaction(const Bytes& bytes, const json::Value& has_witness) {
  const bool try_witness = has_witness.IsNull() || has_witness.AsBool();
  const bool try_plain = has_witness.IsNull() || !has_witness.AsBool();
  if (try_witness) {
    if (auto parsed = ParseTransaction(bytes); parsed) return *parsed;
  }
  if (try_plain) {
    if (auto parsed = ParseTransaction(bytes, WitnessEncoding::kForbidden); parsed) return *parsed;
  }
  throw RpcError(kDeserializationError,
                 "TX decode failed. Make sure the tx has at least one input.");
}

Method DecodeRawTransaction() {
  return {.name = "decoderawtransaction",
          .group = "rawtransactions",
          .description = "Explains a raw transaction.",
          .params = {Required("hexstring", ParamType::kHex, "The raw transaction"),
                     Optional("iswitness", ParamType::kBool, "whatever fits",
                              "Whether it is in the encoding with witness (BIP144)")},
          .results = {Obj("", "", TransactionFields())},
          .examples = {R"(["hexstring"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const std::optional<Bytes> bytes = FromHex(request.String("hexstring"));
            const TransactionPtr transaction =
                DecodeTransaction(bytes.value_or(Bytes()), request.Get("iswitness"));
            WriteTransaction(out, *transaction, request.node().params.prefixes,
                             {.show_hex = false});
          }};
}

// --- decodescript

/// Opcodes that end a tapscript with success (BIP342), besides those above OP_CHECKSIGADD.
bool IsSuccessOpcode(uint8_t opcode) {
  return opcode == OP_RESERVED || opcode == OP_VER || (opcode >= OP_CAT && opcode <= OP_LEFT) ||
         (opcode >= OP_INVERT && opcode <= OP_XOR) ||
         (opcode >= OP_RESERVED1 && opcode <= OP_RESERVED2) ||
         (opcode >= OP_2MUL && opcode <= OP_2DIV) || (opcode >= OP_MUL && opcode <= OP_RSHIFT) ||
         opcode >= OP_CHECKSIGADD;
}

/// True if every element is well formed and could run in a script before taproot.
bool HasOnlyOldOpcodes(ByteSpan script) {
  ScriptCursor cursor(script);
  ScriptElement element;
  while (!cursor.AtEnd()) {
    if (!cursor.Next(element) || element.data.size() > consensus::kMaxPushSize) return false;
    if (IsSuccessOpcode(element.opcode)) return false;
  }
  return true;
}

bool FitsInScriptHash(OutputType type, ByteSpan script) {
  switch (type) {
    case OutputType::kMultisig:
    case OutputType::kNonStandard:
    case OutputType::kPubKey:
    case OutputType::kPubKeyHash:
    case OutputType::kWitnessV0KeyHash:
    case OutputType::kWitnessV0ScriptHash:
      return !IsUnspendable(script) && HasOnlyOldOpcodes(script);
    case OutputType::kNullData:
    case OutputType::kScriptHash:
    case OutputType::kWitnessV1Taproot:
    case OutputType::kAnchor:
    case OutputType::kWitnessUnknown: return false;
  }
  return false;
}

/// Witness programs allow compressed keys only, and do not nest.
bool FitsInWitness(const ClassifiedOutput& output) {
  switch (output.type) {
    case OutputType::kMultisig:
    case OutputType::kPubKey:
      return std::all_of(output.parts.begin(), output.parts.end(),
                         [](ByteSpan key) { return key.size() == 33; });
    case OutputType::kPubKeyHash:
    case OutputType::kNonStandard: return true;
    default: return false;
  }
}

/// The witness program that a script can be wrapped in: of its key where it has just one.
Bytes WitnessScriptFor(const ClassifiedOutput& output, ByteSpan script) {
  if (output.type == OutputType::kPubKey) {
    return PayToWitness(0, crypto::Hash160Of(output.parts[0]));
  }
  if (output.type == OutputType::kPubKeyHash) return PayToWitness(0, output.parts[0]);
  return PayToWitness(0, crypto::Sha256Of(script));
}

void WriteWrappings(json::Writer& out, const ClassifiedOutput& output, ByteSpan script,
                    const AddressPrefixes& prefixes) {
  out.Key("p2sh").String(ScriptHashAddress(script, prefixes));
  if (!FitsInWitness(output)) return;
  const Bytes wrapped = WitnessScriptFor(output, script);
  out.Key("segwit").BeginObject();
  out.Key("asm").String(ScriptToAsm(wrapped));
  out.Key("desc").String(InferWitnessScriptDescriptor(wrapped, script, prefixes));
  out.Key("hex").String(ToHex(wrapped));
  out.Key("address").String(*EncodeAddress(wrapped, prefixes));
  out.Key("type").String(OutputTypeName(ClassifyOutput(wrapped).type));
  out.Key("p2sh-segwit").String(ScriptHashAddress(wrapped, prefixes));
  out.EndObject();
}

Method DecodeScript() {
  return {
      .name = "decodescript",
      .group = "rawtransactions",
      .description = "Explains a script.",
      .params = {Required("hexstring", ParamType::kHex, "The script; may be empty")},
      .results = {Obj(
          "", "",
          {Str("asm", "The script in words"), Str("desc", "A descriptor of it as an output script"),
           Str("address", "Its address as an output script").Maybe(),
           Str("type", "What kind of output script it is"),
           Str("p2sh", "Address of the pay-to-script-hash that wraps it").Maybe(),
           Obj("segwit", "The witness program that wraps it",
               {Str("asm", "In words"), Str("desc", "A descriptor"),
                Hex("hex", "The output script"), Str("address", "Its address"),
                Str("type", "What kind it is"),
                Str("p2sh-segwit", "Address of the script hash that wraps the program")})
               .Maybe()})},
      .examples = {R"(["hexstring"])"},
      .handler = [](const Request& request, json::Writer& out) {
        const Bytes script = HexParam(request, "hexstring");
        const AddressPrefixes& prefixes = request.node().params.prefixes;
        const ClassifiedOutput output = ClassifyOutput(script);
        out.BeginObject();
        out.Key("asm").String(ScriptToAsm(script));
        out.Key("desc").String(InferDescriptor(script, prefixes));
        if (const auto address = EncodeAddress(script, prefixes)) {
          out.Key("address").String(*address);
        }
        out.Key("type").String(OutputTypeName(output.type));
        if (FitsInScriptHash(output.type, script)) {
          WriteWrappings(out, output, script, prefixes);
        }
        out.EndObject();
      }};
}

}  // namespace

std::vector<Method> DecodeMethods() {
  return {ValidateAddress(), DecodeRawTransaction(), DecodeScript()};
}

}  // namespace cairn::rpc
