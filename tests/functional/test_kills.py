"""kill -9 and full disks while real chains are imported, reorganised, indexed and pruned: the same coins in the end.

CAIRN_LONG_TESTS=1 makes at least 300 kills of it, CAIRN_TEST_SEED repeats a run as far as time lets it.
"""

import ctypes
import http.client
import itertools
import os
import random
import shutil
import threading
import time
import unittest

from framework.case import FunctionalTest
from framework.made_chain import MadeChain
from framework.node import scaled, wait_until
from framework.rpc import RpcError

# Kills that must land inside the work, in each of the tests; fewer under the sanitizers, where each takes longer.
THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
KILLS = 80 if THOROUGH else max(3, round(12 / scaled(1)))
MOST_ROUNDS = 8 * KILLS
# A machine on which most kills miss the work says so by a failure; where a few are to show that all goes well, one that
# is merely busy does not. Under a sanitizer the work can be over long before the kill, and what is looked at is that
# nothing is reported.
LEAST_KILLS = KILLS if THOROUGH else 1 if scaled(1) == 1 else 0
SEED = int(os.environ.get("CAIRN_TEST_SEED", time.time_ns()))
CLONE_NEWNS, MS_REMOUNT, MS_REC, MS_PRIVATE = 0x20000, 0x20, 0x4000, 0x40000


class MadeChainTest(FunctionalTest):
    # More blocks than the inputs need, so that a kill finds the chain at many heights.
    numbers = {"inputs": 3000, "keys": 60, "blocks": 200, "fork_depth": 12, "fork_transactions": 150}

    def setUp(self):
        super().setUp()
        print(f"CAIRN_TEST_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        self.made = MadeChain(self.folder, **self.numbers)

    def loading(self, *parts):
        return [f"-loadblock={self.made.files[part]}" for part in parts]

    def wait_for_tip(self, node, tip):
        wait_until(lambda: node.rpc.getbestblockhash() == tip, seconds=120, what=f"tip {tip}")

    def assert_coins(self, node):
        """The coins are those that were announced for the tip, which must be an end."""
        facts = self.made.ends[node.rpc.getbestblockhash()]
        found = node.rpc.gettxoutsetinfo("muhash")
        self.assertEqual((found["height"], found["txouts"]), (facts["height"], facts["txouts"]))
        self.assertEqual(found["muhash"], facts["muhash"])

    def assert_sound(self, node):
        self.assertTrue(node.rpc.verifychain(3, 20))
        return node.rpc.getblockcount()

    def kill_soon(self, node, longest):
        time.sleep(self.random.uniform(0, scaled(longest)))
        node.kill()
        self.assertEqual(node.stderr(), "")

    def in_rounds(self, one_round):
        """Calls it until enough kills have landed; it says whether one has."""
        kills = rounds = 0
        while kills < KILLS and rounds < MOST_ROUNDS:
            kills += bool(one_round())
            rounds += 1
        print(f"{kills} of {rounds} kills landed inside the work")
        self.assertGreaterEqual(kills, LEAST_KILLS, "too few kills landed inside the work")


class Kills(MadeChainTest):
    def full_node(self):
        """A stopped node that has all three parts of the chain."""
        node = self.start_node("-dbcache=4", *self.loading(0, 1, 2))
        self.wait_for_tip(node, self.made.overtaken["tip"])
        node.stop()
        return node

    def test_import_with_flushes(self):
        last = self.made.end["height"]
        state = {"node": self.make_node("-dbcache=4"), "height": 0}

        def one_round():
            node = state["node"]
            every = self.random.choice((1, 3, 20))
            node.start(*self.loading(0), f"-flushblocks={every}")
            self.kill_soon(node, 0.3)
            left = self.height_left(node)
            self.assertGreaterEqual(left, state["height"], "a kill lost blocks that were there before the import")
            state["height"] = left
            if left == last:
                state.update(node=self.make_node("-dbcache=4"), height=0)
            return left < last

        self.in_rounds(one_round)
        node = state["node"].start(*self.loading(0))
        self.wait_for_tip(node, self.made.end["tip"])
        self.assert_coins(node)
        node.stop()

    def height_left(self, node):
        node.start()
        height = self.assert_sound(node)
        self.assertEqual(node.rpc.getbestblockhash(), self.made.hashes[0][height])
        node.stop()
        return height

    def test_reorganisation_back_and_forth(self):
        node = self.full_node()
        first = self.made.hashes[0][self.made.fork["leaves_at"] + 1]

        def go_back_and_forth(rpc):
            try:
                while True:
                    rpc.invalidateblock(first)
                    rpc.reconsiderblock(first)
            except (OSError, http.client.HTTPException):
                pass  # The node was killed.

        tips = set()

        def one_round():
            node.start(f"-flushblocks={self.random.choice((0, 1, 5))}")
            self.assert_coins(node)
            tips.add(node.rpc.getbestblockhash())
            worker = threading.Thread(target=go_back_and_forth, args=(node.connection(),))
            before = node.log().count("Reorganising: ")
            worker.start()
            self.kill_soon(node, 0.5)
            worker.join()
            return node.log().count("Reorganising: ") > before

        self.in_rounds(one_round)
        node.start()
        self.assert_coins(node)
        node.rpc.reconsiderblock(first)
        self.assertEqual(node.rpc.getbestblockhash(), self.made.overtaken["tip"])
        self.assert_coins(node)
        self.assert_sound(node)
        node.stop()

    def test_indexes_that_are_switched_on_later(self):
        node = self.full_node()
        indexing = ("-dbcache=4", "-txindex", "-blockfilterindex", "-coinstatsindex")

        def one_round():
            before = node.log().count(" has reached the tip")
            node.launch(*indexing)
            self.kill_soon(node, 0.6)
            built = node.log().count(" has reached the tip") - before
            begun = (node.network_dir / "indexes" / "coinstats").exists()
            if built == 3:
                self.assert_indexed(node, indexing)
                shutil.rmtree(node.network_dir / "indexes")
            return begun and built < 3

        self.in_rounds(one_round)
        self.assert_indexed(node, indexing)

    def assert_indexed(self, node, indexing):
        node.start(*indexing)
        tip = self.made.overtaken
        wait_until(lambda: all(index["synced"] for index in node.rpc.getindexinfo().values()), what="the indexes")
        for index in node.rpc.getindexinfo().values():
            self.assertEqual(index["best_block_height"], tip["height"])
        self.assertEqual(node.rpc.gettxoutsetinfo("muhash", tip["tip"], True)["muhash"], tip["muhash"])
        self.assertEqual(node.rpc.gettxoutsetinfo("muhash", self.made.end["tip"], True)["muhash"], self.made.end["muhash"])
        for block_hash in self.random.sample(self.made.hashes[0][1:], 10):
            self.assertRegex(node.rpc.getblockfilter(block_hash)["header"], "^[0-9a-f]{64}$")
            for txid in node.rpc.getblock(block_hash)["tx"][:3]:
                self.assertEqual(node.rpc.getrawtransaction(txid, 1)["blockhash"], block_hash)
        node.stop()


class PruningKills(MadeChainTest):
    """Blocks come and go at once, from a height on at which there is something to prune."""

    numbers = {**MadeChainTest.numbers, "blocks": 420}
    target = 1  # by commands

    def test_pruning(self):
        base = self.make_node("-dbcache=4", f"-prune={self.target}", "-fastprune", "-flushblocks=5").start()
        for raw in self.made.raw[0][1:300]:
            base.rpc.submitblock(raw.hex())
        base.stop()
        copies = itertools.count()
        state = {}

        def begin_anew():
            state["node"] = self.adopt(base.copy_of_data(self.folder / f"copy{next(copies)}"))
            state["height"] = 299

        def one_round():
            node = state["node"].start()
            height = node.rpc.getblockcount()
            self.assertGreaterEqual(height, state["height"], "a kill lost blocks that an earlier start had")
            self.assert_kept(node, height)
            worker = threading.Thread(target=self.submit_and_prune, args=(node.connection(), height + 1))
            worker.start()
            self.kill_soon(node, 0.3)
            worker.join()
            state["height"] = height
            if height < self.made.end["height"]:
                return True
            self.assert_coins(node.start())
            node.stop()
            begin_anew()
            return False

        begin_anew()
        self.in_rounds(one_round)
        node = state["node"].start()
        self.submit_and_prune(node.rpc, node.rpc.getblockcount() + 1)
        self.assert_coins(node)
        self.assertGreater(node.rpc.getblockchaininfo()["pruneheight"], 100 if self.target == 1 else 0)
        node.stop()

    def submit_and_prune(self, rpc, height):
        try:
            for raw in self.made.raw[0][height:]:
                rpc.submitblock(raw.hex())
                if self.target == 1 and height % 5 == 0:
                    rpc.pruneblockchain(height - 290)
                height += 1
        except (OSError, http.client.HTTPException):
            pass  # The node was killed.

    def assert_kept(self, node, height):
        """Whatever is not pruned can be read, and the last 288 blocks are not pruned."""
        lowest = node.rpc.getblockchaininfo()["pruneheight"]
        self.assertLessEqual(lowest, max(0, height - 287))
        for at in {lowest, (lowest + height) // 2, height}:
            self.assertEqual(node.rpc.getblock(node.rpc.getblockhash(at), 0), self.made.raw[0][at].hex())


class PruningByTargetKills(PruningKills):
    """The same, but the node prunes by itself: a chain that takes more than its target."""

    numbers = {**PruningKills.numbers, "inputs": 8000}
    target = 2  # MiB


class FullDisk(MadeChainTest):
    def mount(self, place, size, flags=0):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", flags, f"size={size}".encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount")

    def enter_mount_namespace(self):
        """What is mounted from now on is seen by this process and its children alone, and goes with them."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b"", b"/", b"", MS_REC | MS_PRIVATE, None) != 0:
            self.skipTest(f"no right to mount a small file system: {os.strerror(ctypes.get_errno())}")

    def test_full_disk(self):
        self.enter_mount_namespace()
        whole = self.start_node("-dbcache=4", *self.loading(0))
        self.wait_for_tip(whole, self.made.end["tip"])
        whole.stop()
        used = sum(path.stat().st_size for path in whole.datadir.rglob("*") if path.is_file())
        for size in (used // 8, used // 3, used // 2):
            with self.subTest(size=size):
                self.fill(size)

    def fill(self, size):
        node = self.make_node("-dbcache=4", "-flushblocks=1", "-debug=0")
        self.mount(node.datadir, size)
        node.launch(*self.loading(0))
        height = self.watch(node)
        code, error = node.wait_stopped(), node.stderr()
        self.assertEqual(code, 1)
        self.assertRegex(error, r"^Error: .*the disk is full: make room, then start again[^\n]*\n$")
        # Nobody can go on without room; that is said, too, and nothing is lost by it.
        again = node.start_failure()
        self.assertRegex(again, "[Nn]o space|disk is full")
        self.mount(node.datadir, 1 << 30, MS_REMOUNT)
        node.start()
        self.assertGreaterEqual(self.assert_sound(node), height)
        node.restart(*self.loading(0))
        self.wait_for_tip(node, self.made.end["tip"])
        self.assert_coins(node)
        node.stop()

    def watch(self, node):
        """The last height that the node has told, until it ends. With -flushblocks=1, that is durable."""
        height = 0
        while node.running():
            try:
                height = node.rpc.getblockcount()
            except (OSError, http.client.HTTPException, RpcError):
                node.rpc.close()
            time.sleep(0.01)
        return height


if __name__ == "__main__":
    unittest.main()
