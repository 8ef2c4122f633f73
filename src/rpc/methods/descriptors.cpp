// Methods about descriptors and the addresses behind them, without looking at the chain.
#include "src/rpc/descriptors.h"

#include <algorithm>
#include <utility>

#include "cairn/base/hex.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/secp256k1.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/descriptor.h"
#include "cairn/primitives/output_scripts.h"
#include "cairn/primitives/script.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/methods.h"
#include "src/rpc/scan.h"

namespace cairn::rpc {

namespace {

Method GetDescriptorInfo() {
  return {
      .name = "getdescriptorinfo",
      .group = "util",
      .description = "Tells what a descriptor is.",
      .params = {Required("descriptor", ParamType::kString, "The descriptor")},
      .results = {Obj(
          "", "",
          {Str("descriptor",
               "Its canonical form, without private keys; of a multipath descriptor the first"),
           Arr("multipath_expansion", "All descriptors that a multipath descriptor stands for",
               Str("", "A descriptor"))
               .Maybe(),
           Str("checksum", "The checksum of the descriptor as it was given"),
           Bool("isrange", "Whether keys are derived by an index"),
           Bool("issolvable", "Whether it tells how to spend what it pays to"),
           Bool("hasprivatekeys", "Whether there was a private key in it")})},
      .examples =
          {R"j(["wpkh([d34db33f/84h/0h/0h]0279be667ef9dcbbac55a06295Ce870b07029Bfcdb2dce28d959f2815b16f81798)"])j"},
      .handler = [](const Request& request, json::Writer& out) {
        const std::string& text = request.String("descriptor");
        const std::vector<Descriptor> descriptors = ParseDescriptors(request, text);
        const Descriptor& first = descriptors.front();
        out.BeginObject();
        out.Key("descriptor").String(first.ToString());
        if (descriptors.size() > 1) {
          out.Key("multipath_expansion").BeginArray();
          for (const Descriptor& descriptor : descriptors) out.String(descriptor.ToString());
          out.EndArray();
        }
        out.Key("checksum").String(DescriptorChecksum(text.substr(0, text.find('#'))));
        out.Key("isrange").Bool(first.IsRange());
        out.Key("issolvable").Bool(first.IsSolvable());
        out.Key("hasprivatekeys").Bool(first.HasPrivateKeys());
        out.EndObject();
      }};
}

// --- deriveaddresses

void WriteAddresses(json::Writer& out, const Request& request, const Descriptor& descriptor,
                    DescriptorRange range) {
  out.BeginArray();
  for (uint32_t index = range.first; index <= range.last; ++index) {
    const auto scripts = descriptor.Scripts(index);
    if (!scripts) {
      throw RpcError(kInvalidAddressOrKey, "Cannot derive script without private keys");
    }
    for (const Bytes& script : *scripts) {
      const auto address = EncodeAddress(script, request.node().params.prefixes);
      if (address) {
        out.String(*address);
        continue;
      }
      // The bare key of a combo() has no address, but the others do.
      if (scripts->size() > 1 && ClassifyOutput(script).type == OutputType::kPubKey) continue;
      throw RpcError(kInvalidAddressOrKey, "Descriptor does not have a corresponding address");
    }
    ThrowIfStopping(request);
  }
  out.EndArray();
}

Method DeriveAddresses() {
  return {
      .name = "deriveaddresses",
      .group = "util",
      .description =
          "Gives the addresses of a descriptor. Keys behind hardened steps take the private key.",
      .params = {Required("descriptor", ParamType::kString, "The descriptor, with its checksum"),
                 Optional("range", ParamType::kRange, "",
                          "How far keys are derived: the last index, or the first and the last; "
                          "needed for descriptors with a range")},
      .results = {Arr("", "The addresses", Str("", "An address")).When("for one descriptor"),
                  Arr("", "Those of each descriptor",
                      Arr("", "The addresses", Str("", "An address")))
                      .When("for a multipath descriptor")},
      .examples =
          {R"j(["wpkh([d34db33f/84h/0h/0h]xpub6DJ2dNUysrn5Vt36jH2KLBT2i1auw1tTSSomg8PhqNiUtx8QX2SvC9nrHu81fT41fvDUnhMjEzQgXnQjKEu3oaqMSzhSrHMxyyoEAmUHQbY/0/*)#cjjspncu", [0, 2]])j"},
      .handler = [](const Request& request, json::Writer& out) {
        DescriptorRange range;
        if (request.Has("range")) range = ParseDescriptorRange(request.Get("range"));
        const std::vector<Descriptor> descriptors =
            ParseDescriptors(request, request.String("descriptor"), ChecksumRule::kRequired);
        const bool ranged = descriptors.front().IsRange();
        if (!ranged && request.Has("range")) {
          throw RpcError(kInvalidParameter,
                         "Range should not be specified for an un-ranged descriptor");
        }
        if (ranged && !request.Has("range")) {
          throw RpcError(kInvalidParameter, "Range must be specified for a ranged descriptor");
        }
        if (descriptors.size() == 1) {
          WriteAddresses(out, request, descriptors.front(), range);
          return;
        }
        out.BeginArray();
        for (const Descriptor& descriptor : descriptors) {
          WriteAddresses(out, request, descriptor, range);
        }
        out.EndArray();
      }};
}

// --- createmultisig

constexpr size_t kCompressedSize = 33;

enum class Wrapping { kLegacy, kScriptHashWitness, kWitness };

Wrapping WrappingOf(const Request& request) {
  const std::string type = request.StringOr("address_type", "legacy");
  if (type == "legacy") return Wrapping::kLegacy;
  if (type == "p2sh-segwit") return Wrapping::kScriptHashWitness;
  if (type == "bech32") return Wrapping::kWitness;
  if (type == "bech32m") {
    throw RpcError(kInvalidAddressOrKey, "createmultisig cannot create bech32m multisig addresses");
  }
  throw RpcError(kInvalidAddressOrKey, "Unknown address type '" + type + "'");
}

Bytes PublicKeyFrom(const std::string& text) {
  const std::string name = "Pubkey \"" + text + "\"";
  const std::optional<Bytes> key = FromHex(text);
  if (!key || key->empty()) {
    throw RpcError(kInvalidAddressOrKey, name + " must be a hex string");
  }
  if (key->size() != kCompressedSize && key->size() != 65) {
    throw RpcError(kInvalidAddressOrKey, name + " must have a length of either 33 or 65 bytes");
  }
  if (!crypto::IsPublicKey(*key)) {
    throw RpcError(kInvalidAddressOrKey, name + " must be cryptographically valid.");
  }
  return *key;
}

Bytes MultisigScript(int required, const std::vector<Bytes>& keys) {
  constexpr size_t kMostKeys = 20;
  if (required < 1) {
    throw RpcError(kInvalidParameter,
                   "a multisignature address must require at least one key to redeem");
  }
  if (keys.size() < static_cast<size_t>(required)) {
    throw RpcError(kInvalidParameter,
                   "not enough keys supplied (got " + std::to_string(keys.size()) +
                       " keys, but need at least " + std::to_string(required) + " to redeem)");
  }
  if (keys.size() > kMostKeys) {
    throw RpcError(kInvalidParameter,
                   "Number of keys involved in the multisignature address creation > 20\nReduce "
                   "the number");
  }
  return PayToMultisig(static_cast<size_t>(required),
                       std::vector<ByteSpan>(keys.begin(), keys.end()));
}

/// The output script that pays to `inner`, and the function calls of its descriptor around it.
struct WrappedScript {
  Bytes script;
  std::string before;
  std::string after;
};

WrappedScript Wrap(const Bytes& inner, Wrapping wrapping) {
  if (wrapping == Wrapping::kLegacy) {
    constexpr size_t kMostScriptHashed = 520;  // what a script may push
    if (inner.size() > kMostScriptHashed) {
      throw RpcError(kInvalidParameter,
                     "redeemScript exceeds size limit: " + std::to_string(inner.size()) + " > 520");
    }
    return {PayToScriptHash(crypto::Hash160Of(inner)), "sh(", ")"};
  }
  Bytes program = PayToWitness(0, crypto::Sha256Of(inner));
  if (wrapping == Wrapping::kWitness) return {std::move(program), "wsh(", ")"};
  return {PayToScriptHash(crypto::Hash160Of(program)), "sh(wsh(", "))"};
}

std::string MultisigDescriptor(const Request& request, const WrappedScript& wrapped,
                               const std::vector<Bytes>& keys) {
  const AddressPrefixes& prefixes = request.node().params.prefixes;
  std::string text = wrapped.before + "multi(" + std::to_string(request.SmallInt("nrequired"));
  for (const Bytes& key : keys) text += "," + ToHex(key);
  text += ")" + wrapped.after;
  // Hybrid keys are none for descriptors.
  return Descriptor::Parse(text, prefixes) ? WithChecksum(text)
                                           : InferDescriptor(wrapped.script, prefixes);
}

void CreateMultisigAddress(const Request& request, json::Writer& out) {
  const int required = request.SmallInt("nrequired");
  std::vector<Bytes> keys;
  for (const json::Value& key : request.Get("keys").Items()) {
    keys.push_back(PublicKeyFrom(ToText(key)));
  }
  const Wrapping wanted = WrappingOf(request);
  const bool compressed = std::all_of(
      keys.begin(), keys.end(), [](const Bytes& key) { return key.size() == kCompressedSize; });
  const Bytes inner = MultisigScript(required, keys);
  const WrappedScript wrapped = Wrap(inner, compressed ? wanted : Wrapping::kLegacy);
  out.BeginObject();
  out.Key("address").String(*EncodeAddress(wrapped.script, request.node().params.prefixes));
  out.Key("redeemScript").String(ToHex(inner));
  out.Key("descriptor").String(MultisigDescriptor(request, wrapped, keys));
  if (!compressed && wanted != Wrapping::kLegacy) {
    out.Key("warnings").BeginArray();
    out.String(
        "Unable to make chosen address type, please ensure no uncompressed public keys are "
        "present.");
    out.EndArray();
  }
  out.EndObject();
}

Method CreateMultisig() {
  return {
      .name = "createmultisig",
      .group = "util",
      .description = "Makes the address that any of some keys can spend from.",
      .params = {Required("nrequired", ParamType::kNumber, "How many signatures it takes"),
                 Required("keys", ParamType::kArray, "The public keys",
                          {Required("key", ParamType::kHex, "A key in hex")}),
                 Optional("address_type", ParamType::kString, "legacy",
                          "\"legacy\", \"p2sh-segwit\" or \"bech32\"")},
      .results = {Obj(
          "", "",
          {Str("address", "The address"), Hex("redeemScript", "The script whose hash it has"),
           Str("descriptor", "Its descriptor"),
           Arr("warnings", "What is not as it was asked for", Str("", "A warning")).Maybe()})},
      .examples =
          {R"([2, ["03789ed0bb717d88f7d321a368d905e7430207ebbd82bd342cf11ae157a7ace5fd", "03dbc6764b8884a92e871274b87583e6d5c2a58819473e17e107ef3f6aa5a61626"]])"},
      .handler = CreateMultisigAddress};
}

}  // namespace

std::vector<Method> DescriptorMethods() {
  return {GetDescriptorInfo(), DeriveAddresses(), CreateMultisig()};
}

}  // namespace cairn::rpc
