"""Spends taproot outputs (BIP341, BIP342): the digests are written here, the signatures are libsecp256k1's."""

import dataclasses
import hashlib
import struct

from framework.chain import Input, Output, Transaction, from_display, sized
from schnorr import KeyPair

EPOCH = b"\0"
DEFAULT, ALL = 0, 1  # hash types
LEAF_VERSION = 0xC0
CHECKSIG, CHECKSIGADD, NUMEQUAL, TWO = b"\xac", b"\xba", b"\x9c", b"\x52"
NO_CODE_SEPARATOR = 0xFFFFFFFF
SEQUENCE = 0xFFFFFFFD


def sha256(data):
    return hashlib.sha256(data).digest()


def tagged_hash(tag, data):
    return sha256(sha256(tag) * 2 + data)


def leaf_hash(script):
    return tagged_hash(b"TapLeaf", bytes([LEAF_VERSION]) + sized(script))


def branch_hash(one, other):
    return tagged_hash(b"TapBranch", min(one, other) + max(one, other))


def digest(tx, spent, index, hash_type, leaf=None):
    """What a signature of input `index` signs, without annex; `spent` are the outputs that the inputs spend.

    `leaf` is the hash of the script that runs, or None for the key path.
    """
    entries = tx.inputs
    message = EPOCH + struct.pack("<BiI", hash_type, tx.version, tx.locktime)
    message += sha256(b"".join(entry.txid + struct.pack("<I", entry.index) for entry in entries))
    message += sha256(b"".join(struct.pack("<q", output.value) for output in spent))
    message += sha256(b"".join(sized(output.script) for output in spent))
    message += sha256(b"".join(struct.pack("<I", entry.sequence) for entry in entries))
    message += sha256(b"".join(struct.pack("<q", output.value) + sized(output.script) for output in tx.outputs))
    message += struct.pack("<BI", 0 if leaf is None else 2, index)
    if leaf is not None:
        message += leaf + struct.pack("<BI", 0, NO_CODE_SEPARATOR)
    return tagged_hash(b"TapSighash", message)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A script, and the pairs that sign it, in the order in which it takes the signatures from the stack."""

    script: bytes
    pairs: tuple

    def hash(self):
        return leaf_hash(self.script)


def output_script(pair):
    return b"\x51\x20" + pair.key


class Tree:
    """An output key above two leaves, and how each way to spend it is proved."""

    def __init__(self, pair, leaf, sibling):
        self.pair, self.leaf, self.sibling = pair, leaf, sibling
        root = branch_hash(leaf.hash(), sibling.hash())
        self.output = pair.tweaked(tagged_hash(b"TapTweak", pair.key + root))
        self.script = output_script(self.output)

    def control_block(self):
        """For `leaf`."""
        return bytes([LEAF_VERSION | self.output.parity]) + self.pair.key + self.sibling.hash()


class TaprootWallet:
    def __init__(self):
        internal, one, two = (KeyPair(sha256(b"taproot %d" % number)) for number in range(3))
        bare = internal.tweaked(tagged_hash(b"TapTweak", internal.key))
        single = Leaf(sized(one.key) + CHECKSIG, (one,))
        both = Leaf(sized(one.key) + CHECKSIG + sized(two.key) + CHECKSIGADD + TWO + NUMEQUAL, (one, two))
        unused, first, second = Tree(two, single, both), Tree(internal, single, both), Tree(one, both, single)
        self.kinds = {
            "P2TR by a key without scripts": output_script(bare),
            "P2TR by a key with scripts": unused.script,
            "P2TR by a script of one key": first.script,
            "P2TR by a script of two keys": second.script,
        }
        self._keys = {output_script(bare): bare, unused.script: unused.output}
        self._trees = {first.script: first, second.script: second}

    def spend(self, coins, outputs):
        inputs = [Input(from_display(coin.txid), coin.index, sequence=SEQUENCE) for coin in coins]
        tx = Transaction(inputs, [Output(value, bytes(script)) for value, script in outputs])
        spent = [Output(coin.value, coin.script) for coin in coins]
        for index, coin in enumerate(coins):
            inputs[index].witness = self._witness(tx, spent, index)
        return tx.serialize().hex()

    def _witness(self, tx, spent, index):
        script = spent[index].script
        if script in self._keys:
            return [self._keys[script].sign(digest(tx, spent, index, DEFAULT))]
        tree = self._trees[script]
        message = digest(tx, spent, index, ALL, tree.leaf.hash())
        signatures = [pair.sign(message) + bytes([ALL]) for pair in reversed(tree.leaf.pairs)]
        return [*signatures, tree.leaf.script, tree.control_block()]
