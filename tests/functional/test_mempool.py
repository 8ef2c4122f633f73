"""Transactions signed by python3-bitcoinlib, sent by RPC, mined, and reorganised out and back."""

import decimal
import hashlib
import unittest

from bitcoinlib_wallet import Wallet
from framework import chain
from framework.case import FunctionalTest
from framework.node import wait_until
from framework.rpc import RpcError

COIN = 100_000_000
FEE = 10_000


class Mempool(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.wallet = Wallet()
        self.node = self.start_node()
        self.wait_for_pool()
        self.mine(101)

    def wait_for_pool(self):
        wait_until(lambda: self.node.rpc.getmempoolinfo()["loaded"], what="the saved pool")

    def mine(self, count=1):
        return self.node.rpc.generatetodescriptor(count, f"raw({self.wallet.p2pkh.hex()})")

    def coinbase_of(self, height):
        rpc = self.node.rpc
        block = rpc.getblock(rpc.getblockhash(height), 2)
        return block["tx"][0]["txid"]

    def split(self, height, value=50 * COIN):
        """Spends the coinbase of a block into one output of each kind; the raw transaction."""
        kinds = [self.wallet.p2pkh, self.wallet.p2sh, self.wallet.p2wpkh, self.wallet.p2wsh]
        part = (value - FEE) // len(kinds)
        outputs = [(part, kind) for kind in kinds]
        return self.wallet.spend(self.coinbase_of(height), 0, value, self.wallet.p2pkh, outputs), outputs

    def test_sent_mined_and_reorganised(self):
        rpc = self.node.rpc
        raw, outputs = self.split(1)
        txid = rpc.sendrawtransaction(raw)
        self.assertEqual(rpc.sendrawtransaction(raw), txid)
        children = []
        for index, (value, kind) in enumerate(outputs):
            child = self.wallet.spend(txid, index, value, kind, [(value - FEE, self.wallet.p2wpkh)])
            (tested,) = rpc.testmempoolaccept([child])
            self.assertTrue(tested["allowed"], tested)
            self.assertEqual(tested["fees"]["base"], decimal.Decimal("0.0001"))
            children.append(rpc.sendrawtransaction(child))
        self.assertEqual(set(rpc.getrawmempool()), {txid, *children})
        self.assertEqual(rpc.getrawmempool()[0], txid)
        info = rpc.getmempoolinfo()
        self.assertEqual((info["loaded"], info["size"], info["unbroadcastcount"]), (True, 5, 5))
        self.assertEqual(info["total_fee"], decimal.Decimal("0.0005"))
        entry = rpc.getmempoolentry(txid)
        self.assertEqual((entry["descendantcount"], entry["ancestorcount"]), (5, 1))
        self.assertEqual(sorted(entry["spentby"]), sorted(children))
        self.assertEqual(rpc.getmempoolancestors(children[0]), [txid])
        self.assertEqual(sorted(rpc.getmempooldescendants(txid)), sorted(children))
        spent = rpc.gettxspendingprevout([{"txid": txid, "vout": 2}])
        self.assertEqual(spent, [{"txid": txid, "vout": 2, "spendingtxid": children[2]}])
        self.assertIsNone(rpc.gettxout(txid, 2))
        self.assertEqual(rpc.gettxout(children[2], 0)["confirmations"], 0)
        self.assertIsNone(rpc.gettxout(children[2], 0, False))

        (block,) = self.mine()
        self.assertEqual(rpc.getrawmempool(), [])
        mined = rpc.getblock(block, 2)["tx"]
        self.assertEqual([tx["txid"] for tx in mined[1:]][0], txid)
        self.assertEqual({tx["txid"] for tx in mined[1:]}, {txid, *children})
        self.assertEqual(mined[0]["vout"][0]["value"], 50 + decimal.Decimal("0.0005"))
        self.assert_rpc_error(-27, "Transaction outputs already in utxo set", rpc.sendrawtransaction, raw_of(rpc, children[0], block))

        rpc.invalidateblock(block)
        self.assertEqual(set(rpc.getrawmempool()), {txid, *children})
        self.assertEqual(rpc.getmempoolentry(txid)["descendantcount"], 5)
        rpc.reconsiderblock(block)
        self.assertEqual(rpc.getrawmempool(), [])
        self.node.stop()

    def test_refusals(self):
        rpc = self.node.rpc
        raw, _ = self.split(1)
        txid = rpc.sendrawtransaction(raw)
        wallet, parent = self.wallet, self.coinbase_of(1)
        poor = wallet.spend(parent, 0, 50 * COIN, wallet.p2pkh, [(50 * COIN - FEE, wallet.p2pkh)])
        (tested,) = rpc.testmempoolaccept([poor])
        self.assertEqual((tested["allowed"], tested["reject-reason"]), (False, "insufficient fee"))
        self.assert_rpc_error(-26, "insufficient fee, rejecting replacement", rpc.sendrawtransaction, poor)
        dear = wallet.spend(parent, 0, 50 * COIN, wallet.p2pkh, [(49 * COIN, wallet.p2pkh)])
        self.assert_rpc_error(-25, "Fee exceeds maximum configured by user", rpc.sendrawtransaction, dear)
        (tested,) = rpc.testmempoolaccept([dear])
        self.assertEqual(tested["reject-reason"], "max-fee-exceeded")
        replaced = rpc.sendrawtransaction(dear, 0)
        self.assertEqual(rpc.getrawmempool(), [replaced])
        orphan = wallet.spend(txid, 0, COIN, wallet.p2pkh, [(COIN - FEE, wallet.p2pkh)])
        (tested,) = rpc.testmempoolaccept([orphan])
        self.assertEqual(tested["reject-reason"], "missing-inputs")
        self.assert_rpc_error(-25, "bad-txns-inputs-missingorspent", rpc.sendrawtransaction, orphan)
        burn = wallet.spend(
            self.coinbase_of(2), 0, 50 * COIN, wallet.p2pkh, [(50 * COIN - FEE - 5, wallet.p2pkh), (5, b"\x6a\x01\x61")]
        )
        self.assert_rpc_error(-25, "Unspendable output exceeds maximum", rpc.sendrawtransaction, burn)
        rpc.sendrawtransaction(burn, 0.1, 0.00000005)
        self.assert_rpc_error(-22, "TX decode failed", rpc.sendrawtransaction, "00")
        self.assert_rpc_error(-5, "Transaction not in mempool", rpc.getmempoolentry, txid)
        self.node.stop()

    def pair(self, height, fee, child_fee, version=2):
        """A spend of a block's coinbase, and one of its output."""
        script = self.wallet.p2wpkh
        value = 50 * COIN - fee
        parent = self.wallet.spend(self.coinbase_of(height), 0, 50 * COIN, self.wallet.p2pkh, [(value, script)], version)
        txid = self.node.rpc.decoderawtransaction(parent)["txid"]
        return [parent, self.wallet.spend(txid, 0, value, script, [(value - child_fee, script)], version)]

    def txids(self, package):
        return [self.node.rpc.decoderawtransaction(raw)["txid"] for raw in package]

    def test_a_package_replaces_another(self):
        rpc = self.node.rpc
        txids = self.txids
        wtxids = lambda package: [rpc.decoderawtransaction(raw)["hash"] for raw in package]
        old = self.pair(1, 2000, 2000)
        answer = rpc.submitpackage(old)
        self.assertEqual((answer["package_msg"], answer["replaced-transactions"]), ("success", []))
        poor = self.pair(1, 1000, 2500)
        self.assertEqual(rpc.testmempoolaccept(poor)[0]["reject-reason"], "bip125-replacement-disallowed")
        answer = rpc.submitpackage(poor)
        message = f"package RBF failed: insufficient anti-DoS fees, rejecting replacement {txids(poor)[1]}, less fees than"
        self.assertEqual(answer["package_msg"], f"{message} conflicting txs; 0.000035 < 0.00004")
        errors = [answer["tx-results"][wtxid]["error"] for wtxid in wtxids(poor)]
        self.assertTrue(errors[0].startswith("insufficient fee, rejecting replacement"), errors)
        self.assertEqual(errors[1], "bad-txns-inputs-missingorspent")
        self.assertEqual(sorted(rpc.getrawmempool()), sorted(txids(old)))

        better = self.pair(1, 1000, 9000)
        answer = rpc.submitpackage(better)
        self.assertEqual(answer["package_msg"], "success")
        self.assertEqual(sorted(answer["replaced-transactions"]), sorted(txids(old)))
        self.assertEqual(sorted(rpc.getrawmempool()), sorted(txids(better)))
        for wtxid in wtxids(better):
            self.assertEqual(answer["tx-results"][wtxid]["fees"]["effective-includes"], wtxids(better))
        self.mine()
        self.assertEqual(rpc.getrawmempool(), [])

    def test_a_block_of_chosen_transactions(self):
        rpc = self.node.rpc
        raw, _ = self.split(1)
        block = rpc.generateblock(f"raw({self.wallet.p2pkh.hex()})", [raw])["hash"]
        self.assertEqual(len(rpc.getblock(block)["tx"]), 2)
        self.assert_rpc_error(
            -25, "TestBlockValidity failed: bad-txns-inputs-missingorspent", rpc.generateblock, "raw(51)", [raw]
        )
        self.assert_rpc_error(-5, "not in mempool", rpc.generateblock, "raw(51)", ["00" * 32])
        self.node.stop()

    def test_waits_across_restarts(self):
        rpc = self.node.rpc
        raw, outputs = self.split(1)
        txid = rpc.sendrawtransaction(raw)
        value, kind = outputs[2]
        child = rpc.sendrawtransaction(self.wallet.spend(txid, 2, value, kind, [(value - FEE, self.wallet.p2wpkh)]))
        rpc.prioritisetransaction(child, 0, 1234)
        entries = rpc.getrawmempool(True)
        self.node.restart()
        self.wait_for_pool()
        self.assertEqual(rpc.getrawmempool(True), entries)
        self.assertEqual(rpc.getmempoolinfo()["unbroadcastcount"], 2)

        # What was saved before a crash is still there after it.
        file = rpc.savemempool()["filename"]
        self.node.kill()
        self.node.start()
        self.wait_for_pool()
        self.assertEqual(rpc.getrawmempool(True), entries)
        self.node.stop()

        with open(file, "r+b") as damaged:
            damaged.seek(100)
            byte = damaged.read(1)
            damaged.seek(100)
            damaged.write(bytes([byte[0] ^ 1]))
        self.node.start()
        self.wait_for_pool()
        self.assertEqual(rpc.getrawmempool(), [])
        self.assertIn("mempool.dat is not loaded: its checksum is wrong", self.node.log())
        self.node.restart("-persistmempool=0")
        rpc.sendrawtransaction(raw)
        self.node.restart()
        self.wait_for_pool()
        self.assertEqual(rpc.getrawmempool(), [])
        self.node.stop()

    def test_peers_get_transactions(self):
        rpc, other = self.node.rpc, self.start_node(listens=True)
        rpc.addnode(other.address, "add")
        wait_until(lambda: other.rpc.getbestblockhash() == rpc.getbestblockhash(), what="the same tip")
        raw, outputs = self.split(1)
        txid = rpc.sendrawtransaction(raw)
        value, kind = outputs[2]
        child = rpc.sendrawtransaction(self.wallet.spend(txid, 2, value, kind, [(value - FEE, self.wallet.p2wpkh)]))
        wait_until(lambda: set(other.rpc.getrawmempool()) == {txid, child}, what="both transactions at the peer")
        # A peer has asked for them, so that they need not be announced again.
        wait_until(lambda: rpc.getmempoolinfo()["unbroadcastcount"] == 0, what="nothing left to announce")
        self.assertEqual(other.rpc.getmempoolinfo()["unbroadcastcount"], 0)
        (block,) = self.mine()
        wait_until(lambda: other.rpc.getbestblockhash() == block, what="the block")
        other.rpc.syncwithvalidationinterfacequeue()
        self.assertEqual(other.rpc.getrawmempool(), [])
        other.stop()
        self.node.stop()

    def test_sent_again_with_another_witness(self):
        """Peers are offered what the pool has: they could not get the other one."""
        self.node.stop()
        self.node = self.start_node("-whitelist=noban,in,out@127.0.0.1", listens=True)
        self.mine(101)
        rpc, script = self.node.rpc, b"\x75\x51"  # drops what is given, and is satisfied
        coin = b"\0\x20" + hashlib.sha256(script).digest()
        parent = self.wallet.spend(self.coinbase_of(1), 0, 50 * COIN, self.wallet.p2pkh, [(COIN, coin)])
        txid = rpc.sendrawtransaction(parent, 0)
        self.mine()
        spent = chain.Input(chain.from_display(txid), 0, witness=[b"\1", script])
        spend = chain.Transaction([spent], [chain.Output(COIN - FEE, coin)])
        txid = rpc.sendrawtransaction(spend.serialize().hex())
        peer = self.connect_peer(self.node).handshake()
        peer.sync()
        spent.witness[0] = b"\2"
        self.assertEqual(rpc.sendrawtransaction(spend.serialize().hex()), txid)
        while chain.from_display(txid) not in peer.wait_for("inv"):
            pass
        self.node.stop()

    def test_peers_get_parents_that_pay_too_little(self):
        """Three in a line: what the first one takes in as a package, the others get one by one."""
        prompt = "-whitelist=noban,in,out@127.0.0.1"
        second = self.start_node(prompt, "-maxmempool=5", listens=True)
        third = self.start_node(prompt, "-minrelaytxfee=0.00003", listens=True)
        self.node.restart(prompt)
        self.mine(40)
        self.node.rpc.addnode(second.address, "add")
        second.rpc.addnode(third.address, "add")
        wait_until(lambda: third.rpc.getbestblockhash() == self.node.rpc.getbestblockhash(), what="the same tip")
        nodes = [self.node, second, third]

        # Of version 3: the parent pays nothing.
        free = self.pair(1, 0, 20_000, version=3)
        self.assert_rpc_error(-26, "min relay fee not met, 0 < ", third.rpc.sendrawtransaction, free[0])
        self.assertEqual(self.node.rpc.submitpackage(free)["package_msg"], "success")
        for node in nodes:
            wait_until(lambda: set(self.txids(free)) <= set(node.rpc.getrawmempool()), what="the free parent and its child")

        # Of version 2, where one pool is full: its parent pays for the way, not for a place.
        outputs = [(50 * COIN // 2500 - 2000, self.wallet.p2wpkh)] * 2500
        for height in range(2, 40):
            raw = self.wallet.spend(self.coinbase_of(height), 0, 50 * COIN, self.wallet.p2pkh, outputs)
            try:
                second.rpc.sendrawtransaction(raw, 0)
            except RpcError as refusal:  # all pay alike: whoever is driven out may be the last to come
                self.assertEqual(refusal.message, "mempool full")
            if second.rpc.getmempoolinfo()["mempoolminfee"] > decimal.Decimal("0.0001"):
                break
        poor = self.pair(40, 500, 60_000)
        self.assert_rpc_error(-26, "mempool min fee not met", second.rpc.sendrawtransaction, poor[0])
        self.assertEqual(self.node.rpc.submitpackage(poor)["package_msg"], "success")
        wait_until(lambda: set(self.txids(poor)) <= set(second.rpc.getrawmempool()), what="the poor parent and its child")
        for node in nodes:
            node.stop()


def raw_of(rpc, txid, block):
    return rpc.getrawtransaction(txid, 0, block)


class Options(FunctionalTest):
    def test_policy_from_options(self):
        node = self.start_node("-maxmempool=10", "-minrelaytxfee=0.00002", "-incrementalrelayfee=0.00003", "-mempoolfullrbf=0")
        info = node.rpc.getmempoolinfo()
        self.assertEqual(info["maxmempool"], 10_000_000)
        self.assertEqual(info["minrelaytxfee"], decimal.Decimal("0.00002"))
        self.assertEqual(info["mempoolminfee"], decimal.Decimal("0.00002"))
        self.assertEqual(info["incrementalrelayfee"], decimal.Decimal("0.00003"))
        self.assertFalse(info["fullrbf"])
        self.assertEqual(node.rpc.getrawmempool(mempool_sequence=True), {"txids": [], "mempool_sequence": 1})
        node.stop()


if __name__ == "__main__":
    unittest.main()
