"""Questions about the chain over RPC: waiting for blocks, statistics, deployments, transactions and their proofs."""

import json
import threading
import time
import unittest

from framework import chain
from framework.case import FunctionalTest, vectors
from framework.node import scaled, wait_until

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
START = 1_700_000_000


class Waiter(threading.Thread):
    """One call on a connection of its own."""

    def __init__(self, node, method, *args):
        super().__init__(daemon=True)
        self._call = lambda: node.connection().call(method, *args)
        self.answer = None
        self.start()

    def run(self):
        self.answer = self._call()

    def waits(self):
        self.join(0.3)
        return self.is_alive()

    def result(self):
        self.join(scaled(30))
        assert not self.is_alive(), "the call still waits"
        return self.answer


class Waiting(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node()
        self.rpc = self.node.rpc

    def tip(self):
        return {"hash": self.rpc.getbestblockhash(), "height": self.rpc.getblockcount()}

    def test_all_wake_up_in_time(self):
        any_block = Waiter(self.node, "waitfornewblock")
        second = Waiter(self.node, "waitforblockheight", 2)
        self.assertTrue(any_block.waits())
        (first,) = self.rpc.generatetoaddress(1, ADDRESS)
        self.assertEqual(any_block.result(), {"hash": first, "height": 1})
        self.assertTrue(second.waits())
        self.assertEqual(self.rpc.waitforblock(first), self.tip())
        self.rpc.generatetoaddress(1, ADDRESS)
        self.assertEqual(second.result(), self.tip())
        self.node.stop()

    def test_timeout(self):
        before = time.monotonic()
        self.assertEqual(self.rpc.waitfornewblock(400), self.tip())
        self.assertGreaterEqual(time.monotonic() - before, 0.4)
        self.assertEqual(self.rpc.waitforblock("00" * 32, 1), self.tip())
        self.assertEqual(self.rpc.waitforblockheight(height=7, timeout=1), self.tip())
        self.node.stop()

    def test_shutdown_ends_the_waiting(self):
        waiters = [Waiter(self.node, "waitfornewblock"), Waiter(self.node, "waitforblock", "00" * 32)]
        self.assertTrue(all(waiter.waits() for waiter in waiters))
        expected = self.tip()
        self.node.stop()
        for waiter in waiters:
            self.assertEqual(waiter.result(), expected)

    def test_sigterm_ends_the_waiting(self):
        waiter = Waiter(self.node, "waitforblockheight", 1000)
        self.assertTrue(waiter.waits())
        self.node.signal(15)
        self.assertEqual(waiter.result()["height"], 0)
        self.node.assert_clean_end()


class Statistics(FunctionalTest):
    def test_block_stats_vectors(self):
        data = json.loads(vectors("rpc/rpc_getblockstats.json").read_text())
        node = self.start_node(f"-mocktime={data['mocktime']}")
        for block in data["blocks"][1:]:
            self.assertIsNone(node.rpc.submitblock(block))
        for expected in data["stats"]:
            self.assertEqual(node.rpc.getblockstats(expected["height"]), expected)
            self.assertEqual(node.rpc.getblockstats(hash_or_height=expected["blockhash"]), expected)
            chosen = node.rpc.getblockstats(expected["height"], ["minfee", "maxfee"])
            self.assertEqual(chosen, {name: expected[name] for name in ("minfee", "maxfee")})
        from_cli = node.cli("getblockstats", data["stats"][2]["blockhash"], '["txs"]')
        self.assertEqual(json.loads(from_cli.stdout), {"txs": 5})
        self.assertEqual(json.loads(node.cli("getblockstats", "102", '["ins"]').stdout), {"ins": 1})
        self.assertEqual(node.rpc.getchaintxstats(nblocks=2)["window_tx_count"], 7)
        self.assertEqual(node.rpc.getchaintxstats()["txcount"], 109)
        node.stop()


class Deployments(FunctionalTest):
    def test_buried_heights_can_be_moved(self):
        moved = {"bip34": 2, "dersig": 3, "cltv": 4, "csv": 5, "segwit": 6}
        node = self.start_node(*(f"-testactivationheight={name}@{height}" for name, height in moved.items()))
        node.rpc.generatetoaddress(2, ADDRESS)
        found = node.rpc.getdeploymentinfo()["deployments"]
        heights = {"bip34": 2, "bip66": 3, "bip65": 4, "csv": 5, "segwit": 6}
        for name, height in heights.items():
            self.assertEqual(found[name], {"type": "buried", "active": height <= 3, "height": height}, name)
        node.stop()

    def test_votes(self):
        node = self.start_node("-vbparams=testdummy:0:9999999999")
        hashes = node.rpc.generatetoaddress(200, ADDRESS)
        found = node.rpc.getdeploymentinfo()
        self.assertEqual((found["hash"], found["height"]), (hashes[-1], 200))
        vote = found["deployments"]["testdummy"]["bip9"]
        self.assertEqual(vote["timeout"], 9999999999)
        self.assertEqual(vote["status"], "started")
        expected = {"period": 144, "threshold": 108, "elapsed": 57, "count": 57, "possible": True}
        self.assertEqual(vote["statistics"], expected)
        self.assertEqual(vote["signalling"], "#" * 57)
        self.assertEqual(node.rpc.getdeploymentinfo(hashes[99])["height"], 100)
        node.stop()


class Transactions(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node(f"-mocktime={START + 1_000_000}")
        self.rpc = self.node.rpc
        genesis = chain.from_display(self.rpc.getblockhash(0))
        base = chain.build_chain(genesis, 1, START, 101)
        coin = base[0].transactions[0].txid()
        self.spend = chain.Transaction([chain.Input(coin, 0)], [chain.Output(49 * chain.COIN)])
        block = chain.build_block(base[-1].hash(), 102, START + 101 * 600, [self.spend], fees=chain.COIN)
        for each in (*base, block):
            self.assertIsNone(self.rpc.submitblock(each.hex()))
        self.txid = chain.display(self.spend.txid())
        self.spent = chain.display(coin)
        self.block = chain.display(block.hash())
        self.first = chain.display(base[0].hash())

    def tearDown(self):
        self.node.stop()

    def test_raw_transaction(self):
        raw = self.spend.serialize().hex()
        self.assertEqual(self.rpc.getrawtransaction(self.txid, 0, self.block), raw)
        self.assertEqual(self.rpc.getrawtransaction(txid=self.txid, blockhash=self.block), raw)
        found = self.rpc.getrawtransaction(self.txid, True, self.block)
        self.assertEqual((found["hex"], found["blockhash"], found["confirmations"]), (raw, self.block, 1))
        self.assertNotIn("fee", found)
        self.assertEqual(self.rpc.getrawtransaction(self.txid, 2, self.block)["fee"], 1)
        from_cli = json.loads(self.node.cli("getrawtransaction", self.txid, "2", self.block).stdout)
        self.assertEqual(from_cli["vin"][0]["prevout"]["value"], 50)
        absent = "No such transaction found in the provided block. Use gettransaction"
        self.assert_rpc_error(-5, absent, self.rpc.getrawtransaction, self.txid, 1, self.first)
        self.assert_rpc_error(-5, "Use -txindex or provide a block hash", self.rpc.getrawtransaction, self.txid)

    def test_proofs(self):
        proof = self.rpc.gettxoutproof([self.txid])
        self.assertEqual(self.rpc.verifytxoutproof(proof), [self.txid])
        self.assertEqual(self.rpc.gettxoutproof([self.txid], self.block), proof)
        self.assertEqual(proof[:160], self.rpc.getblockheader(self.block, False))
        self.assert_rpc_error(-5, "Transaction not yet in block", self.rpc.gettxoutproof, [self.spent])
        old = self.rpc.gettxoutproof([self.spent], self.first)
        self.assertEqual(self.rpc.verifytxoutproof(old), [self.spent])
        self.assertEqual(self.rpc.verifytxoutproof(old[:-2] + "00"), [])
        self.assertEqual(self.node.cli("gettxoutproof", json.dumps([self.txid])).stdout.strip(), proof)


class Warnings(FunctionalTest):
    VOTE = 0x20000000 | 1 << 27

    def test_unknown_rules(self):
        """As in Bitcoin Core: votes of a whole period, a period of grace, and then a warning."""
        node = self.start_node(f"-mocktime={START}")
        self.assertEqual(node.rpc.getblockchaininfo()["warnings"], [])
        node.rpc.generatetoaddress(143, ADDRESS)
        previous, when = chain.from_display(node.rpc.getbestblockhash()), START
        for height in range(144, 288):
            block = chain.build_block(previous, height, when + height)
            block.header.version = self.VOTE
            block.seal()
            self.assertIsNone(node.rpc.submitblock(block.hex()))
            previous = block.hash()
        node.rpc.generatetoaddress(143, ADDRESS)
        self.assertEqual(node.rpc.getblockchaininfo()["warnings"], [])
        node.rpc.generatetoaddress(1, ADDRESS)
        expected = ["Unknown new rules activated (versionbit 27)"]
        self.assertEqual(node.rpc.getblockchaininfo()["warnings"], expected)
        self.assertEqual(node.rpc.getmininginfo()["warnings"], expected)
        self.assertEqual(node.rpc.getmininginfo()["currentblocktx"], 0)
        node.restart()
        self.assertEqual(node.rpc.getblockchaininfo()["warnings"], expected)
        self.assertNotIn("currentblocktx", node.rpc.getmininginfo())
        node.stop()

    def test_invalid_branch_with_much_work(self):
        node = self.start_node(f"-mocktime={START}")
        node.rpc.generatetoaddress(1, ADDRESS)
        node.rpc.setmocktime(START + 10_000)
        genesis = chain.from_display(node.rpc.getblockhash(0))
        bad = chain.build_chain(genesis, 1, START, 1, value=chain.subsidy(1) + 1)
        bad += chain.build_chain(bad[0].hash(), 2, START + 600, 8)
        for block in bad:
            node.rpc.submitheader(block.header.serialize().hex())
        self.assertEqual(node.rpc.submitblock(bad[0].hex()), "inconclusive")
        self.assertIsNotNone(node.rpc.submitblock(bad[1].hex()))
        wait_until(lambda: node.rpc.getblockchaininfo()["warnings"], what="a warning")
        self.assertIn("We do not appear to fully agree with our peers!", node.rpc.getblockchaininfo()["warnings"][0])
        node.rpc.generatetoaddress(7, ADDRESS)
        wait_until(lambda: not node.rpc.getblockchaininfo()["warnings"], what="the end of the warning")
        node.stop()


class ChainStates(FunctionalTest):
    def test_one(self):
        node = self.start_node("-dbcache=100")
        tip = node.rpc.generatetoaddress(2, ADDRESS)[-1]
        found = node.rpc.getchainstates()
        self.assertEqual(found["headers"], 2)
        (state,) = found["chainstates"]
        self.assertEqual((state["blocks"], state["bestblockhash"], state["validated"]), (2, tip, True))
        self.assertEqual(state["coins_tip_cache_bytes"], 100 << 20)
        node.stop()


if __name__ == "__main__":
    unittest.main()
