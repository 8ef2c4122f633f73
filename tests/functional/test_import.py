"""-loadblock: real chains of every network, files in any order, and files that are damaged."""

import random
import unittest

from framework import chain
from framework.case import FunctionalTest, vectors
from framework.node import wait_until

# file, network, height and hash of the tip
CHAINS = [
    ("mainnet_0_599.dat", "main", 599, "0000000042844571bc6bce8e1c0fbec99466971eaff89fef8c0d123582181d4d"),
    ("mainnet_alt_0_2016.dat", "main", 2016, "000000000c806553811fd3e6c40bc9c279db53643da7d3b401a9882c074c24b2"),
    ("signet_0_120.dat", "signet", 120, "0000013673a6d6169418a65dc888b51c10dd666ef0e82785515c2086476066ea"),
    ("regtest_0_206.dat", "regtest", 206, "3de082158b117acd088306c395d09771bb7cbf0b7355796c1b1e0bd748ef9bed"),
    ("regtest_reorg.dat", "regtest", 16, "4572ac401b94915dde6c4957b706abdb13b5824b000cad7f6065ebd9aea6dad1"),
]
FLIPS = 12


class ImportTest(FunctionalTest):
    def load(self, path, network="regtest"):
        """A node that has finished importing `path`."""
        node = self.start_node(f"-loadblock={path}", chain=network)
        self.wait_for_imports(node, 1)
        return node

    def wait_for_imports(self, node, count):
        """Waits until the log tells of that many imports that came to their end."""
        wait_until(lambda: node.log().count(" Imported ") >= count, seconds=120, what="the end of the import")

    def import_error(self, node):
        """The line of the log that says why the import ended early."""
        lines = wait_until(lambda: [line for line in node.log().splitlines() if "Import of " in line], what="an error")
        self.assertEqual(len(lines), 1)
        return lines[0]

    def write(self, name, raw_blocks_or_data, network="regtest"):
        data = raw_blocks_or_data
        if not isinstance(data, bytes):
            data = chain.frame(data, network)
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def assert_every_block_is_exact(self, node, raw_blocks):
        hashes = [chain.display(chain.Block.parse(raw).hash()) for raw in raw_blocks]
        batch = [{"id": i, "method": "getblock", "params": [name, 0]} for i, name in enumerate(hashes)]
        for answer, raw in zip(node.rpc.post(batch).json(), raw_blocks, strict=True):
            self.assertEqual(answer["result"], raw.hex())


class WholeFiles(ImportTest):
    def test_every_chain(self):
        for file, network, height, tip in CHAINS:
            with self.subTest(file):
                raw_blocks = chain.read_frames(vectors("chains/" + file).read_bytes(), network)
                node = self.load(vectors("chains/" + file), network)
                self.assertEqual((node.rpc.getblockcount(), node.rpc.getbestblockhash()), (height, tip))
                self.assert_every_block_is_exact(node, raw_blocks)
                node.restart()
                self.wait_for_imports(node, 2)
                self.assertEqual(node.rpc.getbestblockhash(), tip)
                node.stop()
                node.options = []
                self.assertEqual(node.start().rpc.getblockcount(), height)
                node.stop()

    def test_more_work_wins_between_files(self):
        node = self.load(vectors("chains/mainnet_0_599.dat"), "main")
        node.options = [f"-loadblock={vectors('chains/mainnet_alt_0_2016.dat')}"]
        node.restart()
        wait_until(lambda: node.rpc.getblockcount() == 2016, seconds=120, what="the reorganisation")
        self.assertEqual(len(node.rpc.getchaintips()), 2)
        node.stop()

    def test_premature_spend_is_refused(self):
        node = self.load(vectors("chains/mainnet_params_reorg.dat"), "main")
        self.assertRegex(self.import_error(node), r"height 2, offset \d+: .*bad-txns-premature-spend-of-coinbase")
        self.assertEqual(node.rpc.getblockcount(), 1)
        node.stop()

    def test_any_order(self):
        raw_blocks = chain.read_frames(vectors("chains/regtest_0_206.dat").read_bytes(), "regtest")
        shuffled = list(raw_blocks)
        random.Random(1).shuffle(shuffled)
        for name, order in (("backwards", raw_blocks[::-1]), ("shuffled", shuffled), ("twice", raw_blocks * 2)):
            with self.subTest(name):
                node = self.load(self.write(name, order))
                self.assertEqual(node.rpc.getbestblockhash(), CHAINS[3][3])
                self.assert_every_block_is_exact(node, raw_blocks)
                node.stop()

    def test_several_files(self):
        raw_blocks = chain.read_frames(vectors("chains/regtest_0_206.dat").read_bytes(), "regtest")
        second = self.write("second", raw_blocks[100:])
        node = self.start_node(f"-loadblock={self.write('first', raw_blocks[:100])}", f"-loadblock={second}")
        wait_until(lambda: node.rpc.getblockcount() == 206, what="the end of both files")
        node.stop()

    def test_missing_file(self):
        node = self.start_node(f"-loadblock={self.folder / 'absent.dat'}")
        wait_until(lambda: "absent.dat" in node.log(), what="a line on the missing file")
        self.assertEqual(node.rpc.getblockcount(), 0)
        node.stop()


class DamagedFiles(ImportTest):
    def setUp(self):
        super().setUp()
        self.data = vectors("chains/regtest_0_206.dat").read_bytes()
        self.raw_blocks = chain.read_frames(self.data, "regtest")
        self.hashes = [chain.display(chain.Block.parse(raw).hash()) for raw in self.raw_blocks]

    def assert_what_stands_is_right(self, node):
        """Every block of the best chain is one of the file's, and exact."""
        height = node.rpc.getblockcount()
        self.assertEqual(node.rpc.getblockhash(height), self.hashes[height])
        self.assert_every_block_is_exact(node, self.raw_blocks[: height + 1])
        return height

    def test_truncated(self):
        offset = len(chain.frame(self.raw_blocks[:100])) + 150
        node = self.load(self.write("truncated", self.data[:offset]))
        self.assertEqual(self.assert_what_stands_is_right(node), 99)
        self.assertRegex(self.import_error(node), rf"height \d+, offset {offset - 150}: ")
        node.rpc.generatetoaddress(1, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
        node.stop()

    def test_a_bad_block_ends_the_import(self):
        block = chain.Block.parse(self.raw_blocks[50])
        block.transactions[0].outputs[0].value += 1
        node = self.load(self.write("bad", [*self.raw_blocks[:50], block.serialize(), *self.raw_blocks[51:]]))
        self.assertEqual(self.assert_what_stands_is_right(node), 49)
        self.assertRegex(self.import_error(node), r"height 50, offset \d+: .*bad-txnmrklroot")
        node.stop()

    def test_foreign_files(self):
        for name, data in (("empty", b""), ("zeroes", bytes(10_000)), ("text", b"no blocks here\n" * 99)):
            with self.subTest(name):
                node = self.load(self.write(name, data))
                self.assertEqual(node.rpc.getblockcount(), 0)
                node.stop()
        node = self.load(vectors("chains/mainnet_0_599.dat"))
        self.assertEqual(node.rpc.getblockcount(), 0)
        node.stop()

    def test_flipped_bits(self):
        generator = random.Random(2)
        genesis_frame = len(chain.frame(self.raw_blocks[:1]))  # Never read again: every node has that block.
        for number in range(FLIPS):
            place, bit = generator.randrange(genesis_frame, len(self.data)), generator.randrange(8)
            with self.subTest(place=place, bit=bit):
                data = bytearray(self.data)
                data[place] ^= 1 << bit
                node = self.load(self.write(f"flip{number}", bytes(data)))
                height = self.assert_what_stands_is_right(node)
                self.assertLess(height, 206, "a damaged block was let through")
                self.assertRegex(self.import_error(node), r"offset \d+: ")
                node.stop()


if __name__ == "__main__":
    unittest.main()
