// Methods that sign texts with the key of an address, and verify such signatures.
#include "cairn/base/writer.h"
#include "cairn/crypto/hash.h"
#include "cairn/crypto/secret_key.h"
#include "cairn/crypto/sha256.h"
#include "cairn/primitives/address.h"
#include "cairn/primitives/script.h"
#include "cairn/rpc/base64.h"
#include "cairn/rpc/context.h"
#include "cairn/rpc/error.h"
#include "cairn/rpc/request.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

/// What is signed: never the hash of a transaction, whatever the text is.
crypto::Digest HashOfMessage(const std::string& message) {
  Bytes bytes;
  Writer(bytes).VarBytes(AsBytes("Bitcoin Signed Message:\n")).VarBytes(AsBytes(message));
  return crypto::Sha256dOf(bytes);
}

Method VerifyMessage() {
  return {.name = "verifymessage",
          .group = "util",
          .description = "Tells whether a text was signed with the key of an address.",
          .params = {Required("address", ParamType::kString, "The address, of a key's hash"),
                     Required("signature", ParamType::kString, "The signature in base 64"),
                     Required("message", ParamType::kString, "The text")},
          .results = {Bool("", "Whether it was")},
          .examples = {R"(["1D1ZrZNe3JUo7ZycKEYQQiQAWd9y54F4XX", "signature", "my message"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const Result<Bytes> script =
                DecodeAddress(request.String("address"), request.node().params.prefixes);
            if (!script) throw RpcError(kInvalidAddressOrKey, "Invalid address");
            const ClassifiedOutput output = ClassifyOutput(*script);
            if (output.type != OutputType::kPubKeyHash) {
              throw RpcError(kTypeError, "Address does not refer to key");
            }
            const auto signature = DecodeBase64(request.String("signature"));
            if (!signature) throw RpcError(kTypeError, "Malformed base64 encoding");
            const auto key = crypto::RecoverPublicKey(AsBytes(*signature),
                                                      HashOfMessage(request.String("message")));
            out.Bool(key && Equal(crypto::Hash160Of(*key), output.parts[0]));
          }};
}

Method SignMessageWithPrivKey() {
  return {.name = "signmessagewithprivkey",
          .group = "util",
          .description = "Signs a text with a private key.",
          .params = {Required("privkey", ParamType::kString,
                              "The private key, in wallet import format"),
                     Required("message", ParamType::kString, "The text")},
          .results = {Str("", "The signature in base 64")},
          .examples = {R"(["privkey", "my message"])"},
          .handler = [](const Request& request, json::Writer& out) {
            const std::optional<DecodedSecret> secret =
                DecodeSecret(request.String("privkey"), request.node().params.prefixes);
            if (!secret) throw RpcError(kInvalidAddressOrKey, "Invalid private key");
            const crypto::RecoverableSignature signature = crypto::SignRecoverable(
                secret->key, HashOfMessage(request.String("message")), secret->compressed);
            out.String(EncodeBase64(AsText(signature)));
          }};
}

}  // namespace

std::vector<Method> SignedMessageMethods() { return {VerifyMessage(), SignMessageWithPrivKey()}; }

}  // namespace cairn::rpc
