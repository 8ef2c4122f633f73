"""Signs transactions with python3-bitcoinlib."""

import hashlib

import bitcoin
from bitcoin.core import CMutableTransaction, CMutableTxIn, CMutableTxOut, COutPoint, CTxInWitness, CTxWitness, Hash160, lx
from bitcoin.core.script import (
    OP_0,
    OP_CHECKSIG,
    OP_DUP,
    OP_EQUAL,
    OP_EQUALVERIFY,
    OP_HASH160,
    SIGHASH_ALL,
    SIGVERSION_WITNESS_V0,
    CScript,
    CScriptWitness,
    SignatureHash,
)
from bitcoin.wallet import CBitcoinSecret


class Wallet:
    """One key, and outputs of every kind that bitcoinlib signs for."""

    def __init__(self):
        bitcoin.SelectParams("regtest")
        self.secret = CBitcoinSecret.from_secret_bytes(hashlib.sha256(b"mempool").digest())
        self.key = self.secret.pub
        self.key_hash = Hash160(self.key)
        self.p2pkh = CScript([OP_DUP, OP_HASH160, self.key_hash, OP_EQUALVERIFY, OP_CHECKSIG])
        self.p2wpkh = CScript([OP_0, self.key_hash])
        self.redeem = CScript([self.key, OP_CHECKSIG])
        self.p2sh = CScript([OP_HASH160, Hash160(self.redeem), OP_EQUAL])
        self.p2wsh = CScript([OP_0, hashlib.sha256(self.redeem).digest()])

    def _sign(self, code, tx, amount=None):
        if amount is None:
            digest = SignatureHash(code, tx, 0, SIGHASH_ALL)
        else:
            digest = SignatureHash(code, tx, 0, SIGHASH_ALL, amount, SIGVERSION_WITNESS_V0)
        return self.secret.sign(digest) + bytes([SIGHASH_ALL])

    def spend(self, txid, index, amount, script, outputs, version=2):
        """A signed transaction of one input; `outputs` are pairs of value and script."""
        tx = CMutableTransaction(
            [CMutableTxIn(COutPoint(lx(txid), index), nSequence=0xFFFFFFFD)],
            [CMutableTxOut(value, target) for value, target in outputs],
            nVersion=version,
        )
        witness = []
        if script == self.p2pkh:
            tx.vin[0].scriptSig = CScript([self._sign(self.p2pkh, tx), self.key])
        elif script == self.p2sh:
            tx.vin[0].scriptSig = CScript([self._sign(self.redeem, tx), self.redeem])
        elif script == self.p2wpkh:
            witness = [self._sign(self.p2pkh, tx, amount), self.key]
        else:
            witness = [self._sign(self.redeem, tx, amount), self.redeem]
        if witness:
            tx.wit = CTxWitness([CTxInWitness(CScriptWitness(witness))])
        return tx.serialize().hex()
