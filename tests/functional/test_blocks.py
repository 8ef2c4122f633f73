"""Blocks from outside through submitblock, what the node says of them, reorganisations, and every form of getblock."""

import decimal
import unittest

from framework import chain
from framework.case import FunctionalTest

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
START = 1_700_000_000


class Submitting(FunctionalTest):
    """Each test has a node at height 2 and builds on it."""

    def setUp(self):
        super().setUp()
        self.node = self.start_node(f"-mocktime={START + 100_000}")
        self.rpc = self.node.rpc
        genesis = chain.from_display(self.rpc.getblockhash(0))
        self.base = chain.build_chain(genesis, 1, START, 2)
        for block in self.base:
            self.assertIsNone(self.rpc.submitblock(block.hex()))
        self.tip = self.base[-1].hash()

    def tearDown(self):
        self.node.stop()

    def next_block(self, **settings):
        return chain.build_block(self.tip, 3, START + 1800, **settings)

    def assert_refused(self, block, reason):
        self.assertEqual(self.rpc.submitblock(block.hex()), reason)
        self.assertEqual(self.rpc.getbestblockhash(), chain.display(self.tip))

    def test_accepted_and_known(self):
        block = self.next_block()
        self.assertIsNone(self.rpc.submitblock(block.hex()))
        self.assertEqual(self.rpc.getbestblockhash(), chain.display(block.hash()))
        self.assertEqual(self.rpc.submitblock(block.hex()), "duplicate")
        self.assertEqual(self.rpc.getblockcount(), 3)

    def test_second_argument_is_ignored(self):
        self.assertIsNone(self.rpc.submitblock(self.next_block().hex(), "anything"))

    def test_undecodable(self):
        raw = self.next_block().hex()
        for text in ("", "00", raw[:-2], raw + "00", "xy" + raw[2:]):
            self.assert_rpc_error(-22, "Block decode failed", self.rpc.submitblock, text)

    def test_header_rules(self):
        block = self.next_block()
        block.header.nonce = next(n for n in range(100) if not self.meets(block, n))
        self.assert_refused(block, "high-hash")
        block = self.next_block()
        block.header.bits = 0x207FFFFE
        self.assert_refused(block.seal(), "bad-diffbits")
        block = self.next_block()
        block.header.time = START - 1
        self.assert_refused(block.seal(), "time-too-old")
        block = self.next_block()
        block.header.time = START + 100_000 + 7201
        self.assert_refused(block.seal(), "time-too-new")
        block = self.next_block()
        block.header.version = 3
        self.assert_refused(block.seal(), "bad-version(0x00000003)")
        block = self.next_block()
        block.header.previous = b"\x77" * 32
        self.assert_refused(block.seal(), "prev-blk-not-found")

    def meets(self, block, nonce):
        block.header.nonce = nonce
        return block.header.meets_target()

    def test_future_block_is_accepted_later(self):
        block = self.next_block()
        block.header.time = START + 100_000 + 7300
        block.seal()
        self.assert_refused(block, "time-too-new")
        self.rpc.setmocktime(START + 101_000)
        self.assertIsNone(self.rpc.submitblock(block.hex()))

    def test_body_rules(self):
        self.assert_refused(self.next_block(value=chain.subsidy(3) + 1), "bad-cb-amount")
        self.assert_refused(chain.build_block(self.tip, 4, START + 1800), "bad-cb-height")
        self.assert_refused(self.next_block(extra=b"\0" * 100), "bad-cb-length")
        block = self.next_block()
        block.transactions[0].outputs[0].value = -1
        self.assert_refused(block.seal(), "bad-txns-vout-negative")
        block = self.next_block()
        block.transactions.append(chain.coinbase(3, extra=b"\1"))
        self.assert_refused(block.seal(), "bad-cb-multiple")
        block = self.next_block()
        block.transactions[0].inputs[0].witness = [b"\0" * 32]
        self.assert_refused(block.seal(), "unexpected-witness")

    def test_mutated_block_does_not_condemn_the_header(self):
        block = self.next_block()
        good = block.hex()
        block.transactions[0].outputs[0].value -= 1
        self.assert_refused(block, "bad-txnmrklroot")
        self.assertIsNone(self.rpc.submitblock(good))

    def test_duplicated_transactions_do_not_condemn_the_header(self):
        """CVE-2012-2459: the same merkle root with the last transactions twice."""
        spend = chain.Transaction([chain.Input(b"\1" * 32, 0)], [chain.Output(1)])
        other = chain.Transaction([chain.Input(b"\2" * 32, 0)], [chain.Output(1)])
        block = self.next_block()
        block.transactions += [spend, other]
        block.seal()
        twice = chain.Block(block.header, block.transactions + [other])
        self.assert_refused(twice, "bad-txns-duplicate")
        self.assert_refused(block, "bad-txns-inputs-missingorspent")
        self.assertEqual(self.rpc.submitblock(block.hex()), "duplicate-invalid")

    def test_coins(self):
        spend = chain.Transaction([chain.Input(self.base[0].transactions[0].txid(), 0)], [chain.Output(1)])
        self.assert_refused(self.next_block(transactions=[spend]), "bad-txns-premature-spend-of-coinbase")
        unknown = chain.Transaction([chain.Input(b"\1" * 32, 0)], [chain.Output(1)])
        self.assert_refused(self.next_block(transactions=[unknown]), "bad-txns-inputs-missingorspent")

    def test_reject_reason_is_logged(self):
        self.rpc.submitblock(self.next_block(value=chain.subsidy(3) + 1).hex())
        self.assertIn("bad-cb-amount", self.node.log())

    def test_child_of_an_invalid_block(self):
        bad = self.next_block(value=chain.subsidy(3) + 1)
        self.assert_refused(bad, "bad-cb-amount")
        self.assert_refused(chain.build_block(bad.hash(), 4, START + 2400), "bad-prevblk")
        states = {entry["hash"]: entry["status"] for entry in self.rpc.getchaintips()}
        self.assertEqual(states.get(chain.display(bad.hash())), "invalid")


class Scripts(FunctionalTest):
    def test_spending_needs_what_the_script_asks_for(self):
        node = self.start_node(f"-mocktime={START + 1_000_000}")
        genesis = chain.from_display(node.rpc.getblockhash(0))
        base = chain.build_chain(genesis, 1, START, 101, script=bytes.fromhex("5287"))  # OP_2 OP_EQUAL
        for block in base:
            self.assertIsNone(node.rpc.submitblock(block.hex()))
        coin = base[0].transactions[0].txid()

        def spending_with(answer):
            spend = chain.Transaction([chain.Input(coin, 0, answer)], [chain.Output(50 * chain.COIN)])
            return chain.build_block(base[-1].hash(), 102, START + 101 * 600, [spend])

        reason = node.rpc.submitblock(spending_with(b"\x53").hex())
        self.assertEqual(
            reason,
            "mandatory-script-verify-flag-failed "
            "(Script evaluated without error but finished with a false/empty top stack element)",
        )
        self.assertIn("mandatory-script-verify-flag-failed", node.log())
        self.assertEqual(node.rpc.getblockcount(), 101)
        self.assertIsNotNone(node.rpc.gettxout(chain.display(coin), 0))
        self.assertIsNone(node.rpc.submitblock(spending_with(b"\x52").hex()))
        self.assertIsNone(node.rpc.gettxout(chain.display(coin), 0))
        node.stop()


class Reorganisation(FunctionalTest):
    def test_more_work_wins(self):
        node = self.start_node(f"-mocktime={START + 100_000}")
        genesis = chain.from_display(node.rpc.getblockhash(0))
        first = chain.build_chain(genesis, 1, START, 5, extra=b"\1")
        second = chain.build_chain(genesis, 1, START, 6, extra=b"\2")
        for block in first:
            self.assertIsNone(node.rpc.submitblock(block.hex()))
        for block in second[:5]:
            self.assertEqual(node.rpc.submitblock(block.hex()), "inconclusive")
        self.assertEqual(node.rpc.getbestblockhash(), chain.display(first[-1].hash()))
        self.assertEqual(
            [(tip["height"], tip["branchlen"], tip["status"]) for tip in node.rpc.getchaintips()],
            [(5, 0, "active"), (5, 5, "valid-headers")],
        )
        old_coin = chain.display(first[0].transactions[0].txid())
        self.assertIsNotNone(node.rpc.gettxout(old_coin, 0))

        self.assertIsNone(node.rpc.submitblock(second[5].hex()))
        self.assertEqual(node.rpc.getbestblockhash(), chain.display(second[-1].hash()))
        self.assertIsNone(node.rpc.gettxout(old_coin, 0))
        coin = node.rpc.gettxout(chain.display(second[0].transactions[0].txid()), 0)
        self.assertEqual((coin["confirmations"], coin["coinbase"], coin["value"]), (6, True, decimal.Decimal(50)))
        self.assertEqual(
            [(tip["height"], tip["branchlen"], tip["status"]) for tip in node.rpc.getchaintips()],
            [(6, 0, "active"), (5, 5, "valid-fork")],
        )
        self.assertEqual(node.rpc.getblockheader(chain.display(first[-1].hash()))["confirmations"], -1)
        node.restart()
        self.assertEqual(node.rpc.getbestblockhash(), chain.display(second[-1].hash()))
        self.assertEqual(len(node.rpc.getchaintips()), 2)
        node.stop()

    def test_spends_are_undone(self):
        node = self.start_node(f"-mocktime={START + 1_000_000}")
        genesis = chain.from_display(node.rpc.getblockhash(0))
        base = chain.build_chain(genesis, 1, START, 101)
        for block in base:
            self.assertIsNone(node.rpc.submitblock(block.hex()))
        coin = base[0].transactions[0].txid()
        spend = chain.Transaction([chain.Input(coin, 0)], [chain.Output(49 * chain.COIN)])
        time = START + 101 * 600
        spending = chain.build_block(base[-1].hash(), 102, time, [spend], fees=chain.COIN)
        self.assertIsNone(node.rpc.submitblock(spending.hex()))
        self.assertIsNone(node.rpc.gettxout(chain.display(coin), 0))
        self.assertEqual(node.rpc.gettxout(chain.display(spend.txid()), 0)["value"], decimal.Decimal(49))

        again = chain.Transaction([chain.Input(coin, 0)], [chain.Output(1)])
        double = chain.build_block(spending.hash(), 103, time + 600, [again])
        self.assertEqual(node.rpc.submitblock(double.hex()), "bad-txns-inputs-missingorspent")

        for block in chain.build_chain(base[-1].hash(), 102, time, 2, extra=b"\7"):
            node.rpc.submitblock(block.hex())
        self.assertEqual(node.rpc.getblockcount(), 103)
        self.assertEqual(node.rpc.gettxout(chain.display(coin), 0)["value"], decimal.Decimal(50))
        self.assertIsNone(node.rpc.gettxout(chain.display(spend.txid()), 0))
        node.stop()


class Asking(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node(f"-mocktime={START}")
        self.rpc = self.node.rpc
        self.hashes = self.rpc.generatetoaddress(12, ADDRESS)

    def tearDown(self):
        self.node.stop()

    def test_getblock_forms(self):
        raw = self.rpc.getblock(self.hashes[4], 0)
        parsed = chain.Block.parse(bytes.fromhex(raw))
        self.assertEqual(self.rpc.getblock(self.hashes[4], False), raw)
        block = self.rpc.getblock(self.hashes[4])
        self.assertEqual(self.rpc.getblock(self.hashes[4], 1), block)
        self.assertEqual(self.rpc.getblock(self.hashes[4], True), block)
        stripped = len(parsed.serialize(with_witness=False))
        expected = {
            "hash": self.hashes[4],
            "confirmations": 8,
            "height": 5,
            "version": 0x20000000,
            "versionHex": "20000000",
            "merkleroot": chain.display(parsed.header.merkle_root),
            "time": parsed.header.time,
            "mediantime": self.rpc.getblockheader(self.hashes[4])["mediantime"],
            "nonce": parsed.header.nonce,
            "bits": "207fffff",
            "chainwork": f"{2 * 6:064x}",
            "nTx": 1,
            "previousblockhash": self.hashes[3],
            "nextblockhash": self.hashes[5],
            "strippedsize": stripped,
            "size": len(raw) // 2,
            "weight": 3 * stripped + len(raw) // 2,
            "tx": [chain.display(parsed.transactions[0].txid())],
        }
        self.assertAlmostEqual(float(block.pop("difficulty")), 4.656542373906925e-10, delta=1e-24)
        self.assertEqual(block, expected)

    def test_getblock_with_transactions(self):
        block = self.rpc.getblock(self.hashes[0], 2)
        parsed = chain.Block.parse(bytes.fromhex(self.rpc.getblock(self.hashes[0], 0)))
        (tx,) = block["tx"]
        raw = parsed.transactions[0]
        self.assertEqual(tx["txid"], chain.display(raw.txid()))
        self.assertEqual(tx["hash"], chain.display(raw.wtxid()))
        self.assertEqual(tx["hex"], raw.serialize().hex())
        self.assertEqual((tx["version"], tx["locktime"]), (2, 0))
        self.assertEqual(tx["vin"], [{"coinbase": "5100", "txinwitness": ["00" * 32], "sequence": 0xFFFFFFFF}])
        self.assertEqual([out["n"] for out in tx["vout"]], [0, 1])
        self.assertEqual(tx["vout"][0]["scriptPubKey"]["type"], "witness_v0_keyhash")
        self.assertEqual(tx["vout"][1]["scriptPubKey"]["type"], "nulldata")
        self.assertTrue(tx["vout"][1]["scriptPubKey"]["asm"].startswith("OP_RETURN aa21a9ed"))

    def test_header_forms(self):
        raw = self.rpc.getblockheader(self.hashes[4], False)
        self.assertEqual(raw, self.rpc.getblock(self.hashes[4], 0)[:160])
        header = self.rpc.getblockheader(self.hashes[-1])
        self.assertEqual((header["height"], header["confirmations"], header["nTx"]), (12, 1, 1))
        self.assertNotIn("nextblockhash", header)
        self.assertNotIn("previousblockhash", self.rpc.getblockheader(self.rpc.getblockhash(0)))

    def test_wrong_hashes(self):
        self.assert_rpc_error(-5, "Block not found", self.rpc.getblock, "00" * 32)
        self.assert_rpc_error(-5, "Block not found", self.rpc.getblockheader, "00" * 32)
        self.assert_rpc_error(-8, "blockhash must be of length 64 (not 3, for 'abc')", self.rpc.getblock, "abc")
        self.assert_rpc_error(-8, "blockhash must be hexadecimal string", self.rpc.getblock, "zz" * 32)
        for height in (-1, 13):
            self.assert_rpc_error(-8, "Block height out of range", self.rpc.getblockhash, height)

    def test_chain_info(self):
        info = self.rpc.getblockchaininfo()
        self.assertEqual((info["chain"], info["blocks"], info["headers"]), ("regtest", 12, 12))
        self.assertEqual(info["bestblockhash"], self.hashes[-1])
        self.assertEqual(info["chainwork"], f"{2 * 13:064x}")
        self.assertEqual((info["pruned"], info["initialblockdownload"]), (False, False))
        self.assertEqual(info["time"], self.rpc.getblockheader(self.hashes[-1])["time"])
        self.assertGreater(info["size_on_disk"], 0)
        self.assertEqual(info["verificationprogress"], 1)
        self.assertIsInstance(info["warnings"], list)

    def test_coins(self):
        txid = self.rpc.getblock(self.hashes[3])["tx"][0]
        coin = self.rpc.gettxout(txid, 0)
        self.assertEqual(coin["bestblock"], self.hashes[-1])
        self.assertEqual((coin["confirmations"], coin["coinbase"]), (9, True))
        self.assertEqual(coin["scriptPubKey"]["address"], ADDRESS)
        self.assertIsNone(self.rpc.gettxout(txid, 1))  # OP_RETURN is no coin.
        self.assertIsNone(self.rpc.gettxout(txid, 7))
        self.assertIsNone(self.rpc.gettxout("00" * 32, 0))
        reply = self.rpc.post({"id": 1, "method": "gettxout", "params": [txid, 0]})
        self.assertIn(b'"value":50.00000000', reply.body)


if __name__ == "__main__":
    unittest.main()
