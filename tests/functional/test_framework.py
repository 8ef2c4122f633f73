"""The framework's own Python against real blocks and known addresses: a test is worth what its tools are."""

import hashlib
import json
import unittest

from framework import address, chain
from framework.case import vectors


class Formats(unittest.TestCase):
    def test_real_blocks_round_trip(self):
        for entry in json.loads(vectors("blocks/index.json").read_text())[::6]:
            raw = vectors("blocks/" + entry["file"]).read_bytes()
            block = chain.Block.parse(raw)
            self.assertEqual(block.serialize(), raw)
            self.assertEqual(chain.display(block.hash()), entry["hash"])
            self.assertEqual(chain.merkle_root([tx.txid() for tx in block.transactions]), block.header.merkle_root)
            self.assertEqual(len(block.serialize(with_witness=False)), entry["stripped_size"])

    def test_bootstrap_framing(self):
        data = vectors("chains/regtest_0_206.dat").read_bytes()
        blocks = chain.read_frames(data, "regtest")
        self.assertEqual(len(blocks), 207)
        self.assertEqual(chain.frame(blocks), data)

    def test_built_blocks_are_sound(self):
        blocks = chain.build_chain(b"\0" * 32, 1, 1_600_000_000, 3)
        self.assertEqual([block.header.previous for block in blocks[1:]], [block.hash() for block in blocks[:-1]])
        for block in blocks:
            self.assertTrue(block.header.meets_target())
            self.assertEqual(chain.Block.parse(block.serialize()), block)

    def test_heights_in_script(self):
        known = {0: "00", 1: "51", 16: "60", 17: "0111", 127: "017f", 128: "028000", 256: "020001"}
        for number, expected in known.items():
            self.assertEqual(chain.push_number(number).hex(), expected)

    def test_subsidy_halves(self):
        expected = {1: 50 * chain.COIN, 149: 50 * chain.COIN, 150: 25 * chain.COIN, 300: 1250000000}
        self.assertEqual({height: chain.subsidy(height) for height in expected}, expected)


class Addresses(unittest.TestCase):
    CHAINS = {"main": "main", "test": "test", "testnet4": "testnet4", "signet": "signet", "regtest": "regtest"}

    def test_known_addresses(self):
        checked = 0
        for text, script, about in json.loads(vectors("keys/key_io_valid.json").read_text()):
            if not about["isPrivkey"]:
                self.assertEqual(address.script_of(text, self.CHAINS[about["chain"]]).hex(), script)
                checked += 1
        self.assertGreater(checked, 40)

    def test_both_ways(self):
        program = hashlib.sha256(b"cairn").digest()
        for version, length in ((0, 20), (0, 32), (1, 32), (16, 2)):
            text = address.segwit_address("bcrt", version, program[:length])
            self.assertEqual(address.segwit_decode("bcrt", text), (version, program[:length]))
        text = address.base58check(b"\x6f" + program[:20])
        self.assertEqual(address.base58check_decode(text), b"\x6f" + program[:20])
        self.assertRaises(ValueError, address.base58check_decode, text[:-1] + ("1" if text[-1] != "1" else "2"))


if __name__ == "__main__":
    unittest.main()
