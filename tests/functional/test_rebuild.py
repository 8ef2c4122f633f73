"""Pruning, and making everything anew from the stored blocks."""

import time
import unittest

from framework.case import FunctionalTest
from framework.node import scaled

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
KEPT = 288  # blocks that are never pruned


class Pruning(FunctionalTest):
    def test_by_command(self):
        node = self.start_node("-prune=1", "-fastprune")
        self.assert_rpc_error(-1, "Blockchain is too short for pruning.", node.rpc.pruneblockchain, 1)
        node.rpc.generatetoaddress(400, ADDRESS)
        before = node.rpc.gettxoutsetinfo("muhash")["muhash"]
        info = node.rpc.getblockchaininfo()
        self.assertEqual((info["pruned"], info["pruneheight"], info["automatic_pruning"]), (True, 0, False))
        self.assertNotIn("prune_target_size", info)
        self.assertEqual(node.rpc.pruneblockchain(50), 50)
        self.assertEqual(node.rpc.getblockchaininfo()["pruneheight"], 51)
        gone, kept = node.rpc.getblockhash(50), node.rpc.getblockhash(51)
        self.assert_rpc_error(-1, "Block not available (pruned data)", node.rpc.getblock, gone)
        self.assertEqual(node.rpc.getblock(kept)["height"], 51)
        self.assertEqual(node.rpc.getblockheader(gone)["nTx"], 1)
        node.restart("-checkblocks=0", "-checklevel=4")
        self.assertEqual(node.rpc.pruneblockchain(400), 400 - KEPT)
        self.assertEqual(node.rpc.getblockchaininfo()["pruneheight"], 400 - KEPT + 1)
        self.assertTrue(node.rpc.verifychain(4, KEPT))
        self.assertFalse(node.rpc.verifychain(4, 0))  # not all can be looked at
        self.assertEqual(node.rpc.gettxoutsetinfo("muhash")["muhash"], before)
        self.assert_rpc_error(-20, "are pruned, so the chain cannot be taken back", node.rpc.invalidateblock, node.rpc.getblockhash(100))
        node.stop()
        self.assertIn("-reindex to go back to unpruned mode", node.start_failure("-prune=0"))

    def test_options_that_exclude_each_other(self):
        node = self.make_node()
        for options, reason in (
            (("-prune=549",), "below the minimum of 550 MiB"),
            (("-prune=-1",), "negative"),
            (("-prune=1", "-txindex"), "incompatible with -txindex"),
            (("-prune=1", "-reindex-chainstate"), "incompatible with -reindex-chainstate"),
        ):
            self.assertIn(reason, node.start_failure(*options))

    def test_by_target(self):
        node = self.start_node("-prune=550")
        info = node.rpc.getblockchaininfo()
        self.assertEqual((info["automatic_pruning"], info["prune_target_size"]), (True, 550 << 20))


class Reindex(FunctionalTest):
    def test_everything(self):
        node = self.start_node("-txindex", "-coinstatsindex")
        node.rpc.generatetoaddress(120, ADDRESS)
        tip, muhash = node.rpc.getbestblockhash(), node.rpc.gettxoutsetinfo("muhash")["muhash"]
        for option in ("-reindex-chainstate", "-reindex"):
            node.restart(option)
            self.assertEqual(node.rpc.getbestblockhash(), tip)
            self.assertEqual(node.rpc.gettxoutsetinfo("muhash")["muhash"], muhash)
            coinbase = node.rpc.getblock(node.rpc.getblockhash(7))["tx"][0]
            self.assertEqual(node.rpc.gettxout(coinbase, 0)["confirmations"], 114)
        node.restart("-txindex", "-coinstatsindex", "-reindex")
        self.assertEqual(node.rpc.getrawtransaction(coinbase, 1)["confirmations"], 114)
        node.stop()

    def test_way_out_of_damage(self):
        node = self.start_node()
        node.rpc.generatetoaddress(30, ADDRESS)
        tip = node.rpc.getbestblockhash()
        node.stop()
        for folder, option in (("chainstate", "-reindex-chainstate"), ("blocks/index", "-reindex")):
            (node.network_dir / folder / "CURRENT").write_text("x")
            self.assertIn(f"start with {option}", node.start_failure())
            node.start(option)
            self.assertEqual(node.rpc.getbestblockhash(), tip)
            node.stop()

    def test_killed(self):
        node = self.start_node()
        node.rpc.generatetoaddress(300, ADDRESS)
        tip, muhash = node.rpc.getbestblockhash(), node.rpc.gettxoutsetinfo("muhash")["muhash"]
        node.stop()
        for option in ("-reindex", "-reindex-chainstate"):
            for tenth in range(1, 11):
                node.launch(option, "-flushblocks=5")
                time.sleep(scaled(0.02 * tenth))
                node.kill()
                node.start("-checkblocks=0", "-checklevel=4")
                self.assertEqual(node.rpc.getbestblockhash(), tip)
                self.assertEqual(node.rpc.gettxoutsetinfo("muhash")["muhash"], muhash)
                node.stop()


if __name__ == "__main__":
    unittest.main()
