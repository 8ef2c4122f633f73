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
# Kills that must land inside the work; fewer under the sanitizers, where each round takes longer and proves the same.
KILLS = max(5, round(50 / scaled(1)))
# A machine on which most kills miss the work says so by a failure.
MOST_ROUNDS = 6 * KILLS
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

    def what_a_kill_left(self, node):
        """Height and hash of the tip that a start without any work to do finds."""
        node.start()
        height, tip = self.assert_sound(node), node.rpc.getbestblockhash()
        node.stop()
        return height, tip

    def test_import(self):
        path = vectors("chains/mainnet_alt_0_2016.dat")
        expected = [chain.display(chain.Block.parse(raw).hash()) for raw in chain.read_frames(path.read_bytes(), "main")]
        last = len(expected) - 1
        importing = (f"-loadblock={path}", "-flushblocks=1")
        node, height, kills, heights = self.make_node(chain="main"), 0, 0, []
        for _ in range(MOST_ROUNDS):
            if kills == KILLS:
                break
            node.start(*importing)
            self.kill_soon(node, 0.1)
            left, tip = self.what_a_kill_left(node)
            self.assertEqual(tip, expected[left])
            self.assertGreaterEqual(left, height, "a kill lost blocks that were there before the import")
            kills += height < left < last
            heights.append(left)
            height = left
            if height == last:
                node, height = self.make_node(chain="main"), 0
        print("heights after the kills:", heights)
        self.assertEqual(kills, KILLS, "too few kills landed inside an import")
        node.start(*importing)
        wait_until(lambda: node.rpc.getblockcount() == last, seconds=120, what="the end of the import")
        self.assertEqual(node.rpc.getbestblockhash(), expected[last])
        node.stop()

    def test_mining(self):
        node, height, kills, heights = self.make_node(), 0, 0, []
        for _ in range(MOST_ROUNDS):
            if kills == KILLS:
                break
            node.start("-flushblocks=1")
            miner = threading.Thread(target=self.mine_until_the_end, args=(node.connection(),))
            miner.start()
            self.kill_soon(node, 0.2)
            miner.join()
            left, _ = self.what_a_kill_left(node)
            self.assertGreaterEqual(left, height, "a kill lost blocks that were there before the start")
            kills += left > height
            heights.append(left)
            height = left
        print("heights after the kills:", heights)
        self.assertEqual(kills, KILLS, "too few kills landed while blocks were mined")
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
