"""What the wallets built on different programs have in common, and the one built on python3-bitcoinlib.

Each wallet has `kinds`, the scripts of outputs that it signs for by their names, and `spend(coins, outputs)`, which
gives a signed transaction in hex; `outputs` are pairs of value and script.
"""

import dataclasses

from bitcoin.core import CTransaction, x
from bitcoin.core.script import CScript

import bitcoinlib_wallet


@dataclasses.dataclass(frozen=True)
class Coin:
    txid: str
    index: int
    value: int
    script: bytes


class BitcoinlibWallet:
    def __init__(self):
        self._wallet = wallet = bitcoinlib_wallet.Wallet()
        self.kinds = {
            "P2PKH": wallet.p2pkh,
            "P2SH of a key": wallet.p2sh,
            "P2WPKH": wallet.p2wpkh,
            "P2WSH of a key": wallet.p2wsh,
        }

    def spend(self, coins, outputs):
        (coin,) = coins  # it signs for one input
        return self._wallet.spend(coin.txid, coin.index, coin.value, coin.script, outputs)


def spoiled(raw):
    """The same transaction with one bit wrong in the number s of its first signature; its form stays valid."""
    tx = CTransaction.deserialize(x(raw))
    pushed = [item for item in CScript(tx.vin[0].scriptSig) if isinstance(item, bytes)]
    witness = list(tx.wit.vtxinwit[0].scriptWitness) if tx.wit.vtxinwit else []
    signature = next(item for item in pushed + witness if _is_signature(item))
    wrong = bytearray(signature)
    wrong[-2] ^= 1  # the last byte may be the hash type
    assert raw.count(signature.hex()) == 1
    return raw.replace(signature.hex(), wrong.hex())


def _is_signature(item):
    """Of ECDSA in DER, or of Schnorr. No key or script of the wallets begins so or has this length."""
    return item[:1] == b"\x30" or len(item) in (64, 65)
