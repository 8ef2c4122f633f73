// The parts of results that several methods share, as entries of the method table.
#include "src/rpc/fields.h"
#include "src/rpc/render.h"

namespace cairn::rpc {

Field ScriptPubKeyField(std::string name) {
  return Obj(std::move(name), "The output script",
             {Str("asm", "The script in words"), Str("desc", "A descriptor of it, with checksum"),
              Hex("hex", "The script"), Str("address", "Its address, if it has one").Maybe(),
              Str("type", "What kind of script it is: pubkeyhash, witness_v1_taproot, ...")});
}

std::vector<Field> TransactionFields() {
  return {
      Hex("txid", "The transaction's id"),
      Hex("hash", "Its hash with witness"),
      Num("version", "The version"),
      Num("size", "Bytes, witness included"),
      Num("vsize", "Virtual bytes: a quarter of the weight"),
      Num("weight", "The weight (BIP141)"),
      Num("locktime", "The lock time"),
      Arr("vin", "The inputs",
          Obj("", "",
              {Hex("coinbase", "The script of a coinbase input, which has no other parts").Maybe(),
               Hex("txid", "Of the output that is spent").Maybe(),
               Num("vout", "The number of that output").Maybe(),
               Obj("scriptSig", "The script that unlocks it",
                   {Str("asm", "In words"), Hex("hex", "The script")})
                   .Maybe(),
               Arr("txinwitness", "The witness", Hex("", "An item")).Maybe(),
               Obj("prevout", "What is spent, where asked for and known",
                   {Bool("generated", "Whether a coinbase made it"),
                    Num("height", "Of the block that made it"), Money("value", "Its value"),
                    ScriptPubKeyField("scriptPubKey")})
                   .Maybe(),
               Num("sequence", "The sequence number")})),
      Arr("vout", "The outputs",
          Obj("", "",
              {Money("value", "Bitcoins"), Num("n", "The output's number"),
               ScriptPubKeyField("scriptPubKey")})),
      Money("fee", "The fee, where what is spent is known").Maybe(),
      Hex("hex", "The raw transaction").Maybe(),
  };
}

std::vector<Field> HeaderFields() {
  return {
      Hex("hash", "The block's hash"),
      Num("confirmations",
          "Blocks of the best chain from this one to the tip; -1 if it is not on it"),
      Num("height", "The block's height"),
      Num("version", "The version"),
      Hex("versionHex", "The same in hex"),
      Hex("merkleroot", "The root of the transactions' tree"),
      Time("time", "When the block says it was made"),
      Time("mediantime", "The median time of this block and the ten before it"),
      Num("nonce", "The nonce"),
      Hex("bits", "The target in its compact form"),
      Num("difficulty", "How many times harder than the easiest mainnet target"),
      Hex("chainwork", "Expected hashes behind the chain up to this block"),
      Num("nTx", "Transactions in the block; 0 if they are not known yet"),
      Hex("previousblockhash", "The block before").Maybe(),
      Hex("nextblockhash", "The block after it on the best chain").Maybe(),
  };
}

}  // namespace cairn::rpc
