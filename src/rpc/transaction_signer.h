// Signs the inputs of raw transactions, with keys and scripts that come with the call.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cairn/crypto/hash.h"
#include "cairn/crypto/secret_key.h"
#include "cairn/primitives/address.h"
#include "cairn/primitives/transaction.h"
#include "consensus/sighash/midstates.h"

namespace cairn::rpc {

/// Private keys and scripts, to be found by what scripts say of them.
class Keyring {
 public:
  struct Key {
    crypto::SecretKey secret{};
    Bytes public_key{};  // compressed or not, as the private key was given
  };

  /// A private key of a taproot output, and what is added to it.
  struct OutputKey {
    const Key* key = nullptr;
    std::optional<crypto::Digest> tweak{};
  };

  void AddKey(const DecodedSecret& secret);
  /// A redeem script or witness script. The witness program of the script is a redeem script, too.
  void AddScript(ByteSpan script);

  /// Null if it is not here.
  const Key* Find(ByteSpan public_key) const;
  const Key* FindByHash(ByteSpan key_hash) const;
  /// For outputs whose key is one of ours, or one of ours without scripts (BIP86).
  std::optional<OutputKey> FindOutputKey(ByteSpan output_key) const;
  /// By the HASH160 of the script.
  const Bytes* FindScript(ByteSpan script_hash) const;
  /// By its SHA-256.
  const Bytes* FindWitnessScript(ByteSpan script_hash) const;

 private:
  std::map<crypto::Digest160, Key> keys_;
  std::map<crypto::Digest160, Bytes> scripts_;
};

/// A transaction whose inputs get their scriptSigs and witnesses.
class TransactionSigner {
 public:
  using Coin = TransactionDraft::Output;

  /// `coins` are those that the inputs spend, in order, nothing for those that are not known.
  TransactionSigner(const TransactionDraft& draft, std::vector<std::optional<Coin>> coins);
  TransactionSigner(const TransactionSigner&) = delete;
  TransactionSigner& operator=(const TransactionSigner&) = delete;

  /// Fills in what can be filled in of an input whose coin is known: with the signatures of
  /// `present`, which are the same input of other copies of the transaction, and with new ones.
  /// No keys, no new ones.
  void Sign(size_t input, const Keyring& keys, uint8_t hash_type,
            std::span<const TransactionDraft::Input> present);

  /// Empty if the input may spend its coin, or why not, in the words of Bitcoin Core.
  std::string Problem(size_t input) const;

  const TransactionDraft& draft() const { return draft_; }

 private:
  class InputFiller;

  TransactionDraft draft_;
  std::vector<std::optional<Coin>> coins_;
  std::vector<TxOut> spent_;  // all of them, or empty
  TransactionPtr hashed_;     // the transaction that signatures sign, with a witness of no meaning
  consensus::TransactionMidstates midstates_;
};

}  // namespace cairn::rpc
