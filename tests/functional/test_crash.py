"""kill -9 at random moments of importing and of mining: the next start finds a sound chain and goes on."""

import http.client
import os
import random
import threading
import time
import unittest

from framework import chain
from framework.case import FunctionalTest, vectors
from framework.node import scaled, wait_until

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
# Fewer under the sanitizers, where each round takes longer and proves the same.
ROUNDS = max(5, round(50 / scaled(1)))
SEED = int(os.environ.get("CAIRN_TEST_SEED", time.time_ns()))


class Crashes(FunctionalTest):
    def setUp(self):
        super().setUp()
        print(f"CAIRN_TEST_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)

    def kill_soon(self, node, longest):
        time.sleep(self.random.uniform(0, scaled(longest)))
        node.kill()
        self.assertEqual(node.stderr(), "")

    def assert_sound(self, node):
        """The best chain is whole: bodies hash to what they should, and the tip's coinbase is an unspent coin."""
        height = node.rpc.getblockcount()
        for at in {height, max(0, height - 1), height // 2}:
            block = chain.Block.parse(bytes.fromhex(node.rpc.getblock(node.rpc.getblockhash(at), 0)))
            self.assertEqual(chain.display(block.hash()), node.rpc.getblockhash(at))
            self.assertEqual(chain.merkle_root([tx.txid() for tx in block.transactions]), block.header.merkle_root)
        if height > 0:
            coinbase = node.rpc.getblock(node.rpc.getbestblockhash())["tx"][0]
            self.assertIsNotNone(node.rpc.gettxout(coinbase, 0))
        return height

    def test_import(self):
        path = vectors("chains/mainnet_alt_0_2016.dat")
        expected = [chain.Block.parse(raw).hash() for raw in chain.read_frames(path.read_bytes(), "main")]
        node = self.make_node(f"-loadblock={path}", "-flushblocks=1", chain="main")
        heights = []
        for _ in range(ROUNDS):
            node.start()
            height = self.assert_sound(node)
            self.assertEqual(node.rpc.getblockhash(height), chain.display(expected[height]))
            heights.append(height)
            self.kill_soon(node, 0.1)
            if height == len(expected) - 1:
                break
        print("heights at the starts:", heights)
        self.assertEqual(heights, sorted(heights), "a start lost blocks that an earlier one had")
        node.start()
        wait_until(lambda: node.rpc.getblockcount() == 2016, seconds=120, what="the end of the import")
        node.stop()

    def test_mining(self):
        node = self.make_node("-flushblocks=1")
        heights = []
        for _ in range(ROUNDS):
            node.start()
            heights.append(self.assert_sound(node))
            miner = threading.Thread(target=self.mine_until_the_end, args=(node.connection(),))
            miner.start()
            self.kill_soon(node, 0.2)
            miner.join()
        print("heights at the starts:", heights)
        self.assertEqual(heights, sorted(heights), "a start lost blocks that an earlier one had")
        self.assertGreater(heights[-1], 0)
        node.start()
        node.stop()

    @staticmethod
    def mine_until_the_end(rpc):
        try:
            while True:
                rpc.generatetoaddress(10, ADDRESS)
        except (OSError, http.client.HTTPException):
            pass  # The node was killed.


if __name__ == "__main__":
    unittest.main()
