"""getblocktemplate: a miner in Python that makes blocks from templates, has them judged, and waits for news."""

import io
import threading
import unittest

from framework import chain
from framework.case import FunctionalTest
from framework.node import wait_until

ANYONE = "raw(51)"
FEE = 10_000
SEGWIT = {"rules": ["segwit"]}
HIDE = b"\x51" + b"\x61" * 30  # anybody can spend it; long enough for the least size of a transaction


def block_from(job, payout=b"\x51"):
    """The block that a template describes, with a coinbase of our own; not sealed."""
    first = chain.coinbase(job["height"], value=job["coinbasevalue"], script=payout)
    first.inputs[0].witness = [b"\0" * 32]
    first.outputs.append(chain.Output(0, bytes.fromhex(job["default_witness_commitment"])))
    others = [chain.Transaction.parse(io.BytesIO(bytes.fromhex(row["data"]))) for row in job["transactions"]]
    previous = chain.from_display(job["previousblockhash"])
    header = chain.Header(job["version"], previous, b"", job["curtime"], int(job["bits"], 16))
    return chain.Block(header, [first, *others])


def spend(txid, value, script=HIDE):
    """Spends the first output of a transaction, which anybody can."""
    return chain.Transaction([chain.Input(chain.from_display(txid), 0)], [chain.Output(value, script)])


class BlockTemplate(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node("-acceptnonstdtxn=1")
        self.rpc = self.node.rpc
        self.rpc.generatetodescriptor(103, ANYONE)

    def send_family(self):
        """Two transactions in the pool, the second of which spends the first, and a third by itself."""
        first = self.rpc.getblock(self.rpc.getblockhash(1))["tx"][0]
        parent = self.rpc.sendrawtransaction(spend(first, 50 * chain.COIN - FEE).serialize().hex())
        child = self.rpc.sendrawtransaction(spend(parent, 50 * chain.COIN - 2 * FEE).serialize().hex())
        second = self.rpc.getblock(self.rpc.getblockhash(2))["tx"][0]
        other = self.rpc.sendrawtransaction(spend(second, 50 * chain.COIN - FEE).serialize().hex())
        return parent, child, other

    def test_a_block_from_a_template(self):
        parent, child, other = self.send_family()
        job = self.rpc.getblocktemplate(SEGWIT)
        ids = [row["txid"] for row in job["transactions"]]
        self.assertEqual(sorted(ids), sorted([parent, child, other]))
        depends = {row["txid"]: row["depends"] for row in job["transactions"]}
        self.assertEqual(depends, {parent: [], child: [ids.index(parent) + 1], other: []})
        self.assertEqual(job["coinbasevalue"], chain.subsidy(104) + 3 * FEE)
        self.assertEqual(int(job["target"], 16), chain.target_of(int(job["bits"], 16)))
        for row in job["transactions"]:
            entry = self.rpc.getmempoolentry(row["txid"])
            self.assertEqual((row["weight"], row["hash"], row["fee"]), (entry["weight"], entry["wtxid"], FEE))
        block = block_from(job).seal()
        self.assertIsNone(self.rpc.getblocktemplate({"mode": "proposal", "data": block.hex()}))
        self.assertEqual(self.rpc.getblockcount(), 103)
        self.assertIsNone(self.rpc.submitblock(block.hex()))
        self.assertEqual(self.rpc.getbestblockhash(), chain.display(block.hash()))
        self.assertEqual(self.rpc.getrawmempool(), [])
        self.assertEqual(self.rpc.getblocktemplate(SEGWIT)["transactions"], [])
        self.assertEqual(self.rpc.getmininginfo()["currentblocktx"], 0)
        self.node.stop()

    def test_spoiled_proposals(self):
        self.send_family()
        job = self.rpc.getblocktemplate(SEGWIT)

        def judge(edit, seal=True):
            block = block_from(job)
            if not seal:
                block.seal(solve=False)
            edit(block)
            if seal:
                block.seal(solve=False)
            return self.rpc.getblocktemplate({"mode": "proposal", "data": block.hex()})

        self.assertIsNone(judge(lambda block: None))

        def root(block):
            block.header.merkle_root = b"\1" * 32

        def bits(block):
            block.header.bits = 0x1D00FFFF

        def early(block):
            block.header.time = job["mintime"] - 1

        def late(block):
            block.header.time = 0xFFFFFFFF

        def previous(block):
            block.header.previous = b"\7" * 32

        def greedy(block):
            block.transactions[0].outputs[0].value += 1

        def height(block):
            block.transactions[0].inputs[0].script = chain.push_number(job["height"] + 1) + b"\0"

        def no_coinbase(block):
            del block.transactions[0]

        def two_coinbases(block):
            block.transactions.insert(1, chain.coinbase(1))

        def order(block):
            block.transactions[1:] = block.transactions[:0:-1]
            chain.add_witness_commitment(block)

        def commitment(block):
            block.transactions[0].outputs[1].script = block.transactions[0].outputs[1].script[:6] + b"\0" * 32

        def twice(block):
            block.transactions[-1] = block.transactions[-2]

        def not_final(block):
            block.transactions[-1].locktime = job["height"] + 1
            block.transactions[-1].inputs[0].sequence = 0

        for reason, edit, seal in (
            ("bad-txnmrklroot", root, False),
            ("bad-diffbits", bits, True),
            ("time-too-old", early, True),
            ("time-too-new", late, True),
            ("inconclusive-not-best-prevblk", previous, True),
            ("bad-cb-amount", greedy, True),
            ("bad-cb-height", height, True),
            ("bad-cb-missing", no_coinbase, True),
            ("bad-cb-multiple", two_coinbases, True),
            ("bad-txns-inputs-missingorspent", order, True),
            ("bad-witness-merkle-match", commitment, True),
            ("bad-txns-duplicate", twice, True),
            ("bad-txns-nonfinal", not_final, True),
        ):
            self.assertEqual(judge(edit, seal), reason)
        raw = block_from(job).seal().hex()
        for data in ("00", raw[:-2], raw + "00", "xx"):
            request = {"mode": "proposal", "data": data}
            self.assert_rpc_error(-22, "Block decode failed", self.rpc.getblocktemplate, request)
        known = self.rpc.getblock(self.rpc.getbestblockhash(), 0)
        self.assertEqual(self.rpc.getblocktemplate({"mode": "proposal", "data": known}), "duplicate")
        self.rpc.invalidateblock(self.rpc.getbestblockhash())
        self.assertEqual(self.rpc.getblocktemplate({"mode": "proposal", "data": known}), "duplicate-invalid")
        self.node.stop()

    def is_waiting(self):
        return "getblocktemplate" in [call["method"] for call in self.rpc.getrpcinfo()["active_commands"]]

    def ask_and_wait(self, request):
        """Starts a call that waits; the thread, and the list that gets the answer."""
        answers, rpc = [], self.node.connection()
        thread = threading.Thread(target=lambda: answers.append(rpc.getblocktemplate(request)), daemon=True)
        thread.start()
        wait_until(self.is_waiting, what="a call that waits")
        return thread, answers

    def test_long_polling(self):
        job = self.rpc.getblocktemplate(SEGWIT)
        self.assertEqual(job["longpollid"][:64], self.rpc.getbestblockhash())
        thread, answers = self.ask_and_wait({**SEGWIT, "longpollid": job["longpollid"]})
        self.send_family()  # not news before a minute has passed
        thread.join(0.5)
        self.assertTrue(thread.is_alive())
        (tip,) = self.rpc.generateblock(ANYONE, []).values()
        thread.join(10)
        self.assertEqual(answers[0]["previousblockhash"], tip)
        self.assertEqual(len(answers[0]["transactions"]), 3)
        self.assertNotEqual(answers[0]["longpollid"], job["longpollid"])
        self.node.stop()

    def test_votes_and_version(self):
        self.rpc.generatetodescriptor(40, ANYONE)
        job = self.rpc.getblocktemplate(SEGWIT)
        self.assertEqual((job["vbavailable"], job["version"]), ({"testdummy": 28}, 0x30000000))
        self.node.stop()


if __name__ == "__main__":
    unittest.main()
