"""What looks at all coins, asks the indexes, or changes the course of the chain over RPC."""

import json
import unittest

from framework import chain
from framework.case import FunctionalTest
from framework.node import wait_until

START = 1_700_000_000
KEY = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"  # of that key
COMBO = f"combo({KEY})"
INDEXES = ("-txindex", "-blockfilterindex", "-coinstatsindex")


def start_chain(rpc, count=102):
    """`count` blocks whose coinbases anybody can spend; returns them."""
    blocks = chain.build_chain(chain.from_display(rpc.getblockhash(0)), 1, START, count)
    for block in blocks:
        assert rpc.submitblock(block.hex()) is None
    return blocks


def spend_first(blocks, height):
    """A block that spends the first coinbase, and the transaction that does."""
    coin = blocks[0].transactions[0].txid()
    spend = chain.Transaction([chain.Input(coin, 0)], [chain.Output(49 * chain.COIN, b"\x51\x51")])
    block = chain.build_block(blocks[-1].hash(), height, START + height * 600, [spend], fees=chain.COIN)
    return block, spend


class CoinSets(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node(f"-mocktime={START + 1_000_000}")
        self.rpc = self.node.rpc
        self.blocks = start_chain(self.rpc)

    def tearDown(self):
        self.node.stop()

    def test_info(self):
        info = self.rpc.gettxoutsetinfo()
        self.assertEqual((info["height"], info["txouts"], info["transactions"]), (102, 102, 102))
        self.assertEqual(info["total_amount"], 102 * 50)
        self.assertEqual(info["bestblock"], self.rpc.getbestblockhash())
        self.assertIn("hash_serialized_3", info)
        block, _ = spend_first(self.blocks, 103)
        muhash = self.rpc.gettxoutsetinfo("muhash")["muhash"]
        self.assertIsNone(self.rpc.submitblock(block.hex()))
        after = self.rpc.gettxoutsetinfo("muhash")
        self.assertNotEqual(after["muhash"], muhash)
        self.assertEqual(after["txouts"], 103)
        self.rpc.invalidateblock(chain.display(block.hash()))
        self.assertEqual(self.rpc.gettxoutsetinfo(hash_type="muhash")["muhash"], muhash)
        needs = "Querying specific block heights requires coinstatsindex"
        self.assert_rpc_error(-8, needs, self.rpc.gettxoutsetinfo, "muhash", 10)

    def test_scan(self):
        found = self.rpc.scantxoutset("start", ["raw(51)"])
        self.assertTrue(found["success"])
        self.assertEqual((found["txouts"], len(found["unspents"])), (102, 102))
        self.assertEqual(found["total_amount"], 102 * 50)
        (mined,) = self.rpc.generatetodescriptor(1, COMBO)
        found = self.rpc.scantxoutset("start", [{"desc": COMBO}, f"addr({ADDRESS})"])
        (unspent,) = found["unspents"]
        self.assertEqual((unspent["blockhash"], unspent["confirmations"]), (mined, 1))
        self.assertEqual((unspent["height"], unspent["coinbase"], unspent["amount"]), (103, True, 25 * 2))
        self.assertTrue(unspent["desc"].startswith("wpkh([751e76e8]"), unspent)
        self.assertEqual(unspent["scriptPubKey"], "0014751e76e8199196d454941c45d1b3a323f1433bd6")
        self.assertIsNone(self.rpc.scantxoutset("status"))
        self.assertFalse(self.rpc.scantxoutset("abort"))
        self.assert_rpc_error(-5, "is not a valid descriptor function", self.rpc.scantxoutset, "start", ["x"])
        from_cli = json.loads(self.node.cli("scantxoutset", "start", '["raw(51)"]').stdout)
        self.assertEqual(len(from_cli["unspents"]), 102)


class Course(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node(f"-mocktime={START}")
        self.rpc = self.node.rpc

    def tearDown(self):
        self.node.stop()

    def test_invalidate_and_reconsider(self):
        hashes = self.rpc.generatetoaddress(12, ADDRESS)
        self.assertIsNone(self.rpc.invalidateblock(hashes[2]))
        self.assertEqual(self.rpc.getbestblockhash(), hashes[1])
        states = {tip["hash"]: tip["status"] for tip in self.rpc.getchaintips()}
        self.assertEqual(states, {hashes[1]: "active", hashes[11]: "invalid"})
        (warning,) = self.rpc.getblockchaininfo()["warnings"]
        self.assertIn("We do not appear to fully agree with our peers!", warning)
        self.node.restart()
        self.assertEqual(self.rpc.getbestblockhash(), hashes[1])
        self.assertIsNone(self.rpc.reconsiderblock(hashes[5]))
        self.assertEqual(self.rpc.getbestblockhash(), hashes[11])
        self.assertEqual(self.rpc.getblockchaininfo()["warnings"], [])
        for method in ("invalidateblock", "reconsiderblock", "preciousblock"):
            self.assert_rpc_error(-5, "Block not found", self.rpc.call, method, "00" * 32)
            self.assert_rpc_error(-8, "blockhash must be of length 64", self.rpc.call, method, "00")

    def test_precious(self):
        genesis = chain.from_display(self.rpc.getblockhash(0))
        first, second = (chain.build_block(genesis, 1, START + i) for i in range(2))
        self.assertIsNone(self.rpc.submitblock(first.hex()))
        self.assertEqual(self.rpc.submitblock(second.hex()), "inconclusive")
        for block in (second, first, second):
            self.assertIsNone(self.rpc.preciousblock(chain.display(block.hash())))
            self.assertEqual(self.rpc.getbestblockhash(), chain.display(block.hash()))

    def test_verify(self):
        self.rpc.generatetoaddress(10, ADDRESS)
        self.assertTrue(self.rpc.verifychain())
        self.assertTrue(self.rpc.verifychain(4, 0))
        self.assertTrue(self.rpc.verifychain(checklevel=0, nblocks=3))
        self.assertEqual(self.rpc.getblockcount(), 10)

    def test_prune_needs_its_option(self):
        self.assert_rpc_error(-1, "Cannot prune blocks because node is not in prune mode.", self.rpc.pruneblockchain, 1)


class Indexes(FunctionalTest):
    def synced(self, node):
        info = node.rpc.getindexinfo()
        return len(info) == 3 and all(state["synced"] for state in info.values())

    def check_all(self, node, blocks, block, spend):
        rpc = node.rpc
        height = rpc.getblockcount()
        state = {"synced": True, "best_block_height": height}
        self.assertEqual(rpc.getindexinfo("txindex"), {"txindex": state})
        # Transactions.
        txid = chain.display(spend.txid())
        self.assertEqual(rpc.getrawtransaction(txid), spend.serialize().hex())
        self.assertEqual(rpc.getrawtransaction(txid, 2)["fee"], 1)
        spent = chain.display(blocks[0].transactions[0].txid())
        self.assertEqual(rpc.verifytxoutproof(rpc.gettxoutproof([spent])), [spent])
        self.assert_rpc_error(-5, "No such mempool or blockchain transaction", rpc.getrawtransaction, "11" * 32)
        # Filters.
        found = rpc.scanblocks("start", ["raw(5151)"])
        self.assertEqual((found["from_height"], found["to_height"], found["completed"]), (0, height, True))
        self.assertEqual(found["relevant_blocks"], [chain.display(block.hash())])
        certain = rpc.scanblocks("start", ["raw(51)"], 5, 10, "basic", {"filter_false_positives": True})
        self.assertEqual(certain["relevant_blocks"], [rpc.getblockhash(at) for at in range(5, 11)])
        self.assertEqual(set(rpc.getblockfilter(rpc.getblockhash(1))), {"filter", "header"})
        # Statistics.
        indexed = rpc.gettxoutsetinfo("muhash")
        counted = rpc.gettxoutsetinfo("muhash", use_index=False)
        for name in ("height", "bestblock", "txouts", "bogosize", "muhash", "total_amount"):
            self.assertEqual(indexed[name], counted[name], name)
        self.assertEqual(indexed["block_info"]["prevout_spent"], 50)
        self.assertEqual(rpc.gettxoutsetinfo("none", 100)["txouts"], 100)

    def test_kept_from_the_start(self):
        node = self.start_node(f"-mocktime={START + 1_000_000}", *INDEXES)
        blocks = start_chain(node.rpc)
        block, spend = spend_first(blocks, 103)
        self.assertIsNone(node.rpc.submitblock(block.hex()))
        self.check_all(node, blocks, block, spend)
        node.restart()
        self.check_all(node, blocks, block, spend)
        # They follow the chain back.
        node.rpc.invalidateblock(chain.display(block.hash()))
        txid = chain.display(spend.txid())
        self.assert_rpc_error(-5, "No such mempool or blockchain", node.rpc.getrawtransaction, txid)
        self.assertEqual(node.rpc.scanblocks("start", ["raw(5151)"])["relevant_blocks"], [])
        node.rpc.reconsiderblock(chain.display(block.hash()))
        self.check_all(node, blocks, block, spend)
        node.stop()

    def test_switched_on_later(self):
        node = self.start_node(f"-mocktime={START + 1_000_000}")
        blocks = start_chain(node.rpc)
        block, spend = spend_first(blocks, 103)
        self.assertIsNone(node.rpc.submitblock(block.hex()))
        self.assertEqual(node.rpc.getindexinfo(), {})
        self.assert_rpc_error(-5, "Use -txindex", node.rpc.getrawtransaction, chain.display(spend.txid()))
        self.assert_rpc_error(-1, "Index is not enabled for filtertype basic", node.rpc.getblockfilter, "00" * 32)
        node.restart(*INDEXES)
        wait_until(lambda: self.synced(node), what="all indexes at the tip")
        self.check_all(node, blocks, block, spend)
        node.stop()


if __name__ == "__main__":
    unittest.main()
