"""Transactions that other programs made and signed: relayed over three nodes, mined, reorganised out and mined again;
and refused for the right reason when a signature is wrong."""

import unittest

from electrum_wallet import ElectrumWallet
from framework.case import FunctionalTest
from framework.chain import COIN
from framework.node import wait_until
from taproot_wallet import TaprootWallet
from wallets import BitcoinlibWallet, Coin, spoiled

FEE = 10_000
WRONG_ECDSA = "mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)"
WRONG_SCHNORR = "mandatory-script-verify-flag-failed (Invalid Schnorr signature)"


class SignedElsewhere(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.funder = BitcoinlibWallet()
        # Each with whether it can sign for several inputs, and with the error of a wrong signature.
        self.wallets = {
            "python3-bitcoinlib": (self.funder, False, WRONG_ECDSA),
            "Electrum": (ElectrumWallet(), True, WRONG_ECDSA),
            "libsecp256k1": (TaprootWallet(), True, WRONG_SCHNORR),
        }
        self.home = self.funder.kinds["P2PKH"]

    def mine(self, node, count=1):
        return node.rpc.generatetodescriptor(count, f"raw({self.home.hex()})")

    def mine_empty(self, node, count):
        return [node.rpc.generateblock(f"raw({self.home.hex()})", [])["hash"] for _ in range(count)]

    def fund(self, rpc, height, scripts):
        """Sends a transaction from the coinbase of a block to the scripts; the coins that it made."""
        coinbase = rpc.getblock(rpc.getblockhash(height), 2)["tx"][0]["txid"]
        value = (50 * COIN - FEE) // len(scripts)
        coins = [Coin(coinbase, 0, 50 * COIN, self.home)]
        txid = rpc.sendrawtransaction(self.funder.spend(coins, [(value, script) for script in scripts]))
        return [Coin(txid, index, value, script) for index, script in enumerate(scripts)]

    def spend(self, wallet, coins):
        return wallet.spend(coins, [(sum(coin.value for coin in coins) - FEE, self.home)])

    def send(self, rpc, raw):
        (tested,) = rpc.testmempoolaccept([raw])
        self.assertTrue(tested["allowed"], tested)
        txid = rpc.sendrawtransaction(raw)
        self.assertEqual(txid, tested["txid"])
        return txid


class Journey(SignedElsewhere):
    def line_of_nodes(self):
        """Three, each connected to the next, with one chain that is out of its initial download."""
        self.line = [self.make_node(listens=True) for _ in range(3)]
        for node, following in zip(self.line, self.line[1:]):
            node.options.append(f"-addnode={following.address}")
        for node in reversed(self.line):
            node.start()
        tip = self.mine(self.line[0], 103)[-1]
        self.wait_for_tip(tip)

    def wait_for_tip(self, tip):
        for number, node in enumerate(self.line):
            wait_until(lambda rpc=node.rpc: rpc.getbestblockhash() == tip, what=f"the tip at node {number}")
            node.rpc.syncwithvalidationinterfacequeue()

    def wait_for_pools(self, txids):
        """Announcements wait for a random time at each node, which can be many seconds."""
        for number, node in enumerate(self.line):
            wait_until(
                lambda rpc=node.rpc: set(rpc.getrawmempool()) == txids,
                seconds=60,
                what=f"{len(txids)} transactions in the pool of node {number}",
            )

    def send_all(self, rpc):
        """A transaction of each kind of each wallet, and one of all kinds together once more, and what pays for them; their ids."""
        txids = set()
        for height, (wallet, signs_several, _) in enumerate(self.wallets.values(), 1):
            scripts = list(wallet.kinds.values())
            coins = self.fund(rpc, height, scripts * (2 if signs_several else 1))
            txids.add(coins[0].txid)
            spends = [[coin] for coin in coins[: len(scripts)]]
            if signs_several:
                spends.append(coins[len(scripts) :])
            txids.update(self.send(rpc, self.spend(wallet, spent)) for spent in spends)
        return txids

    def assert_mined(self, block, txids):
        self.wait_for_tip(block)
        for node in self.line:
            self.assertEqual(set(node.rpc.getblock(block)["tx"][1:]), txids)
            self.assertEqual(node.rpc.getrawmempool(), [])

    def test_relayed_mined_and_reorganised(self):
        self.line_of_nodes()
        first, _, last = self.line
        txids = self.send_all(first.rpc)
        self.assertEqual(len(txids), 3 + 4 + (6 + 1) + (4 + 1))
        self.wait_for_pools(txids)
        (block,) = self.mine(last)
        self.assert_mined(block, txids)

        # A longer branch without them brings all of them back.
        last.rpc.invalidateblock(block)
        self.assertEqual(set(last.rpc.getrawmempool()), txids)
        branch = self.mine_empty(last, 2)
        self.wait_for_tip(branch[-1])
        self.wait_for_pools(txids)
        (again,) = self.mine(first)
        self.assert_mined(again, txids)

        # And their first branch, grown still longer, has them mined where they were.
        last.rpc.reconsiderblock(block)
        last.rpc.invalidateblock(branch[0])
        self.assertEqual(last.rpc.getbestblockhash(), block)
        self.wait_for_tip(self.mine_empty(last, 3)[-1])
        for node in self.line:
            self.assertEqual(node.rpc.getrawmempool(), [])
            self.assertEqual(set(node.rpc.getblock(block)["tx"][1:]), txids)
            self.assertEqual(node.rpc.getblock(block)["confirmations"], 4)
        last.rpc.reconsiderblock(branch[0])
        for node in self.line:
            node.stop()


class WrongSignatures(SignedElsewhere):
    def test_refused_with_their_reason(self):
        node = self.start_node()
        rpc = node.rpc
        self.mine(node, 103)
        for height, (name, (wallet, _, reason)) in enumerate(self.wallets.items(), 1):
            coins = self.fund(rpc, height, list(wallet.kinds.values()))
            for kind, coin in zip(wallet.kinds, coins):
                with self.subTest(wallet=name, kind=kind):
                    self.assert_refused_when_spoiled(rpc, self.spend(wallet, [coin]), reason)
        node.stop()

    def assert_refused_when_spoiled(self, rpc, raw, reason):
        wrong = spoiled(raw)
        pool = rpc.getrawmempool()
        (tested,) = rpc.testmempoolaccept([wrong])
        self.assertEqual((tested["allowed"], tested["reject-reason"]), (False, reason))
        error = self.assert_rpc_error(-26, reason, rpc.sendrawtransaction, wrong)
        self.assertEqual(error.message, reason)
        self.assertEqual(rpc.getrawmempool(), pool)
        self.send(rpc, raw)  # nothing else was wrong with it


if __name__ == "__main__":
    unittest.main()
