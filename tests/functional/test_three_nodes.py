"""Three nodes on one chain, of which some are killed again and again: nobody's progress is lost, and all end alike.

CAIRN_LONG_TESTS=1 takes the chain that the benchmarks import (400,000 inputs) and kills more often; CAIRN_TEST_SEED
repeats a run as far as time lets it.
"""

import os
import random
import threading
import time
import unittest

from framework.case import FunctionalTest
from framework.made_chain import MadeChain
from framework.node import scaled, wait_until

THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
SEED = int(os.environ.get("CAIRN_TEST_SEED", time.time_ns()))
ADDRESS = "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"
# Of miners. Fewer under the sanitizers, where each takes longer.
KILLS = 50 if THOROUGH else max(3, round(10 / scaled(1)))
# Small, but of more blocks than one round of requests fetches.
NUMBERS = {} if THOROUGH else {"inputs": 6000, "keys": 60, "blocks": 300, "fork_depth": 12, "fork_transactions": 150}


class ThreeNodes(FunctionalTest):
    def setUp(self):
        super().setUp()
        print(f"CAIRN_TEST_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)

    def make_nodes(self, *options):
        """Three that are not started, each of which wants to be connected to both others."""
        nodes = [self.make_node(*options, listens=True) for _ in range(3)]
        for node in nodes:
            node.options += [f"-addnode={other.address}" for other in nodes if other is not node]
        return nodes

    def kill(self, node):
        node.kill()
        self.assertEqual(node.stderr(), "")


class Synchronisation(ThreeNodes):
    def test_two_fetch_the_chain_while_one_imports_it(self):
        """Both who fetch it are killed on the way, one of them twice, and so is the one who imports it."""
        begun = time.monotonic()
        made = MadeChain(self.folder, **NUMBERS)
        print(f"a chain of {made.end['inputs']} inputs in {time.monotonic() - begun:.1f} s")
        nodes = self.make_nodes(f"-mocktime={made.end['tip_time'] + 3600}")
        nodes[0].options.append(f"-loadblock={made.files[0]}")
        begun = time.monotonic()
        for node in nodes:
            node.start()
        last = made.end["height"]
        victims = [nodes[1], nodes[2], nodes[0], nodes[self.random.choice((1, 2))]]
        landed = 0
        for number, victim in enumerate(victims):
            share = (number + self.random.uniform(0, 0.8)) / len(victims)
            landed += self.kill_on_the_way(victim, int(share * last), last)
        # The small chain can be over before a busy machine comes to the kill.
        self.assertGreaterEqual(landed, len(victims) if THOROUGH else 0)
        for node in nodes:
            wait_until(lambda node=node: node.rpc.getbestblockhash() == made.end["tip"], seconds=600, what="the tip")
        print(f"all at height {last} after {time.monotonic() - begun:.1f} s")
        for node in nodes:
            found = node.rpc.gettxoutsetinfo("muhash")
            for name in ("height", "txouts", "muhash"):
                self.assertEqual(found[name], made.end[name], name)
        for node in nodes:
            node.stop()

    def kill_on_the_way(self, node, height, last):
        """Kills it when it has come to `height`, and starts it again; says whether it had not come to the end."""
        wait_until(lambda: node.rpc.getblockcount() >= height, seconds=600, what=f"height {height}")
        at = node.rpc.getblockcount()
        self.kill(node)
        node.start()
        number = self.nodes.index(node)
        print(f"node {number} was killed at height {at} of {last}, and started at {node.rpc.getblockcount()}")
        return at < last


class Life(threading.Thread):
    """Mines on a node and watches its tip, from a start of it until it is killed or told to rest."""

    def __init__(self, node, seed):
        super().__init__(daemon=True)
        self.rpc = node.connection()
        self.random = random.Random(seed)
        self.ends = threading.Event()
        self.work, self.blocks, self.failure = 0, 0, None
        self.start()

    def run(self):
        try:
            while not self.ends.wait(self.random.uniform(0, 0.15)):
                self.rpc.generatetoaddress(1, ADDRESS)
                self.blocks += 1
                work = int(self.rpc.getblockchaininfo()["chainwork"], 16)
                if work < self.work:
                    self.failure = f"the tip went back from the work {self.work} to {work}"
                    return
                self.work = work
        except Exception as error:
            if not self.ends.is_set():
                self.failure = repr(error)


class Mining(ThreeNodes):
    """All three mine at once, mostly on each other's blocks, and now and then beside them."""

    def test_miners_are_killed_one_after_the_other(self):
        nodes = self.make_nodes()
        for node in nodes:
            node.start()
        for node in nodes:
            wait_until(lambda node=node: node.rpc.getconnectioncount() >= 2, what="connections to both others")
        lives = [Life(node, self.random.random()) for node in nodes]
        past = []
        for _ in range(KILLS):
            time.sleep(self.random.uniform(0, scaled(0.4)))
            number = self.random.randrange(len(nodes))
            past.append(lives[number])
            self.end(lives[number], nodes[number])
            time.sleep(self.random.uniform(0, 0.2))
            others = max(life.work for life in lives if life is not past[-1])
            nodes[number].start(f"-flushblocks={self.random.choice((0, 1, 5))}")
            # What the others have comes to it, and with that all that it had told them.
            wait_until(lambda: self.work_of(nodes[number]) >= others, what=f"the others' work, {others}")
            lives[number] = Life(nodes[number], self.random.random())
            self.assert_well(lives + past)
        for life in lives:
            self.end(life)
        self.assert_well(lives + past)
        self.assert_all_come_together(nodes, max(life.work for life in lives + past))
        blocks = sum(life.blocks for life in lives + past)
        print(f"{KILLS} kills, {blocks} blocks mined, height {nodes[0].rpc.getblockcount()}")
        for node in nodes:
            node.stop()

    def work_of(self, node):
        return int(node.rpc.getblockchaininfo()["chainwork"], 16)

    def end(self, life, node=None):
        """Ends it, by a kill of the node if one is given."""
        life.ends.set()
        if node is not None:
            self.kill(node)
        life.join(scaled(30))
        self.assertFalse(life.is_alive(), "RPC does not answer")

    def assert_well(self, lives):
        for life in lives:
            self.assertIsNone(life.failure, life.failure)

    def assert_all_come_together(self, nodes, most):
        """On a tip with more work than anybody was seen with."""
        best = max(nodes, key=self.work_of)
        self.assertGreaterEqual(self.work_of(best), most)
        tip = best.rpc.generatetoaddress(1, ADDRESS)[0]
        for node in nodes:
            wait_until(lambda node=node: node.rpc.getbestblockhash() == tip, what="the same tip everywhere")
        self.assertEqual(len({node.rpc.gettxoutsetinfo("muhash")["muhash"] for node in nodes}), 1)


if __name__ == "__main__":
    unittest.main()
