"""Signs transactions with Electrum's library, offline."""

import hashlib

try:
    from electrum import bitcoin, constants, ecc
    from electrum.transaction import PartialTransaction, PartialTxInput, PartialTxOutput, TxOutpoint, TxOutput, multisig_script
except ImportError as error:
    raise ImportError("Debian's package python3-electrum is missing: scripts/test installs it") from error

KEYS = 3
NEEDED = 2  # of the keys, for the outputs of several


class ElectrumWallet:
    def __init__(self):
        constants.set_regtest()
        secrets = [hashlib.sha256(b"electrum %d" % number).digest() for number in range(KEYS)]
        self._keys = {ecc.ECPrivkey(secret).get_public_key_hex(): (secret, True) for secret in secrets}
        self._templates = {}  # script: what Electrum must be told of an input that spends it
        self.kinds = {
            **self._kinds_of_one_key(next(iter(self._keys))),
            **self._kinds_of_several_keys(list(self._keys)),
        }

    def _kinds_of_one_key(self, key):
        def add(script_type, **details):
            script = bytes.fromhex(bitcoin.address_to_script(bitcoin.pubkey_to_address(script_type, key)))
            self._templates[script] = {"script_type": script_type, "pubkeys": [bytes.fromhex(key)], "num_sig": 1, **details}
            return script

        return {
            "P2PKH": add("p2pkh"),
            "P2WPKH": add("p2wpkh"),
            "P2WPKH in P2SH": add("p2wpkh-p2sh", redeem_script=bytes.fromhex(bitcoin.p2wpkh_nested_script(key))),
        }

    def _kinds_of_several_keys(self, keys):
        multisig = multisig_script(keys, NEEDED)
        inner, nested = bytes.fromhex(multisig), bytes.fromhex(bitcoin.p2wsh_nested_script(multisig))

        def add(script_type, **details):
            address = bitcoin.redeem_script_to_address(script_type, multisig)
            script = bytes.fromhex(bitcoin.address_to_script(address))
            pubkeys = [bytes.fromhex(key) for key in keys]
            self._templates[script] = {"script_type": script_type, "pubkeys": pubkeys, "num_sig": NEEDED, **details}
            return script

        return {
            "multisig in P2SH": add("p2sh", redeem_script=inner),
            "multisig in P2WSH": add("p2wsh", witness_script=inner),
            "multisig in P2WSH in P2SH": add("p2wsh-p2sh", redeem_script=nested, witness_script=inner),
        }

    def spend(self, coins, outputs):
        targets = [PartialTxOutput(scriptpubkey=bytes(script), value=value) for value, script in outputs]
        inputs = [self._input(coin) for coin in coins]
        tx = PartialTransaction.from_io(inputs, targets, locktime=0, version=2, BIP69_sort=False)
        tx.sign(self._keys)
        assert tx.is_complete()
        return tx.serialize()

    def _input(self, coin):
        entry = PartialTxInput(prevout=TxOutpoint(bytes.fromhex(coin.txid), coin.index))
        entry.witness_utxo = TxOutput(scriptpubkey=coin.script, value=coin.value)
        for name, value in self._templates[coin.script].items():
            setattr(entry, name, value)
        return entry
