"""Twenty peers that use a node at once, in every way there is, while it mines and answers RPC.

What races would be found by ThreadSanitizer, and nobody waits in vain. CAIRN_LONG_TESTS=1 goes on for minutes;
CAIRN_TEST_SEED repeats what the peers do, though not how it falls together.
"""

import hashlib
import os
import time
import unittest

from framework import chain, messages
from framework.case import FunctionalTest
from framework.node import scaled, wait_until
from framework.peer import Peer, version_payload
from framework.worker import Worker, together

THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
SEED = int(os.environ.get("CAIRN_TEST_SEED", time.time_ns()))
SECONDS = 180 if THOROUGH else 8
PEERS = 20
COINS_EACH = 100  # from each of the transactions that give them out
GRANTS = 20 if THOROUGH else 1
SCRIPT = b"\x00\x20" + hashlib.sha256(b"\x51").digest()  # P2WSH of OP_TRUE: standard, and anyone can spend it
ADDRESS = "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"
FEE = 2000


def spend(coin, outputs, fee):
    txid, index, value = coin
    share = (value - fee) // outputs
    return chain.Transaction(
        [chain.Input(txid, index, witness=[b"\x51"])], [chain.Output(share, SCRIPT) for _ in range(outputs)]
    )


class Guest(Worker):
    """Connects, does a few things of which most are answered, and leaves in one way or another."""

    def __init__(self, number, node, blocks, coins):
        super().__init__(f"{SEED}/{number}")
        self.node = node
        self.rpc = node.connection()
        self.source = f"127.0.0.{10 + number}"
        self.blocks = blocks  # in bytes, by their height
        self.hashes = [chain.sha256d(raw[:80]) for raw in blocks]
        self.coins = coins
        self.sent = []
        self.peer = None
        self.actions = [getattr(self, name) for name in dir(self) if name.startswith("do_")]

    def work(self):
        self.peer = Peer(self.node, self.source)
        try:
            self.shake_hands()
            for _ in range(self.random.randrange(2, 30)):
                action = self.random.choice(self.actions)
                action()
                self.done[action.__name__] += 1
            if self.random.random() < 0.5:
                self.do_ping()
        finally:
            self.peer.close()

    def shake_hands(self):
        self.peer.send("version", version_payload())
        self.peer.wait_for("version")
        for command in ("wtxidrelay", "sendaddrv2"):
            if self.random.random() < 0.5:
                self.peer.send(command)
        self.peer.send("verack")
        self.peer.wait_for("verack")

    def wait_for(self, command, matches):
        while not matches(self.peer.wait_for(command)):
            pass

    def some_height(self):
        return self.random.randrange(len(self.blocks) - 1)

    def random_hash(self):
        return self.random.randbytes(32)

    def do_ping(self):
        self.peer.sync(self.random.getrandbits(64))

    def do_headers(self):
        known = self.hashes[self.some_height()]
        self.peer.send("getheaders", messages.locator(known))
        self.wait_for("headers", lambda payload: payload[5:37] == known or payload[7:39] == known)

    def do_inventory(self):
        height = self.some_height()
        self.peer.send("getblocks", messages.locator(self.hashes[height], stop=self.hashes[height + 1]))
        self.do_ping()

    def do_blocks(self):
        wanted = [self.some_height() for _ in range(self.random.randrange(1, 16))]
        kind = self.random.choice((messages.BLOCK, messages.WITNESS_BLOCK))
        self.peer.send("getdata", messages.items(kind, *(self.hashes[height] for height in wanted)))
        for height in wanted:
            self.wait_for("block", lambda payload, height=height: payload[:80] == self.blocks[height][:80])

    def do_filtered_block(self):
        self.peer.send("filterload", messages.bloom_filter(self.random.randbytes(20)))
        self.peer.send("filteradd", chain.sized(self.random.randbytes(20)))
        height = self.some_height()
        self.peer.send("getdata", messages.items(messages.FILTERED_BLOCK, self.hashes[height]))
        self.wait_for("merkleblock", lambda payload: payload[:80] == self.blocks[height][:80])
        self.peer.send("filterclear")

    def do_compact_blocks(self):
        self.peer.send("sendcmpct", messages.send_compact(self.random.random() < 0.5))
        tip = chain.from_display(self.rpc.getbestblockhash())
        self.peer.send("getdata", messages.items(messages.COMPACT_BLOCK, tip))
        self.peer.send("getblocktxn", messages.get_block_transactions(tip, 0))
        self.do_ping()

    def do_transaction(self):
        if self.coins:
            transaction = spend(self.coins.pop(), 1, FEE)
            self.sent.append(transaction)
            self.peer.send("inv", messages.items(messages.WTX, transaction.wtxid()))
            self.peer.send("tx", transaction.serialize())
            self.do_ping()

    def do_orphan(self):
        self.peer.send("tx", spend((self.random_hash(), 0, chain.COIN), 1, FEE).serialize())

    def do_announce(self):
        kind = self.random.choice((messages.TX, messages.WTX, messages.BLOCK))
        self.peer.send("inv", messages.items(kind, *(self.random_hash() for _ in range(self.random.randrange(1, 50)))))

    def do_ask_for_transactions(self):
        """Those of the pool, and one that is nowhere."""
        self.peer.send("mempool")
        asked = [transaction.txid() for transaction in self.sent[-3:]] + [self.random_hash()]
        self.peer.send("getdata", messages.items(messages.WITNESS_TX, *asked))
        self.wait_for("notfound", lambda payload: payload.endswith(asked[-1]))

    def do_addresses(self):
        some = [f"{self.random.randrange(20, 100)}.{self.random.randrange(256)}.7.9" for _ in range(10)]
        self.peer.send("addr", messages.addresses(int(time.time()), *some))
        self.peer.send("addrv2", messages.addresses_v2(int(time.time()), *some))
        self.peer.send("getaddr")

    def do_filters(self):
        height = self.some_height()
        stop = self.hashes[height]
        self.peer.send("getcfilters", messages.filter_range(max(0, height - 9), stop))
        self.peer.send("getcfheaders", messages.filter_range(0, stop))
        self.peer.send("getcfcheckpt", messages.filter_checkpoints(stop))
        self.wait_for("cfilter", lambda payload: payload[1:33] == stop)
        self.wait_for("cfheaders", lambda payload: payload[1:33] == stop)
        self.wait_for("cfcheckpt", lambda payload: payload[1:33] == stop)

    def do_settings(self):
        self.peer.send("sendheaders")
        self.peer.send("feefilter", messages.fee_filter(self.random.randrange(100_000)))

    def do_block(self):
        """A block beside the node's next one, whole or as a compact one, or its header alone."""
        tip = self.rpc.getblockheader(self.rpc.getbestblockhash())
        height, previous = tip["height"] + 1, chain.from_display(tip["hash"])
        extra = chain.sized(self.random.randbytes(8))
        block = chain.build_block(previous, height, tip["time"] + 1, extra=extra, script=SCRIPT)
        header = block.header.serialize()
        form = self.random.randrange(3)
        if form == 0:
            self.peer.send("block", block.serialize())
        elif form == 1:
            coinbase = block.transactions[0].serialize()
            self.peer.send("cmpctblock", messages.compact_block(header, [coinbase]))
        else:
            self.peer.send("headers", messages.headers(header))
            self.do_ping()
            self.peer.send("block", block.serialize())
        self.do_ping()


class Caller(Worker):
    """Asks over RPC for what the peers are changing."""

    def __init__(self, number, node):
        super().__init__(f"{SEED}/{number}")
        self.rpc = node.connection()

    def work(self):
        method, *arguments = self.random.choice(
            (
                ("getblockchaininfo",),
                ("getpeerinfo",),
                ("getnetworkinfo",),
                ("getnettotals",),
                ("getmempoolinfo",),
                ("getrawmempool", True),
                ("getchaintips",),
                ("gettxoutsetinfo", "muhash"),
                ("getnodeaddresses", 0),
                ("getaddrmaninfo",),
                ("getindexinfo",),
                ("ping",),
            )
        )
        self.rpc.call(method, *arguments)
        self.done[method] += 1


class Crowd(FunctionalTest):
    def setUp(self):
        super().setUp()
        print(f"CAIRN_TEST_SEED={SEED}", flush=True)
        self.node = self.start_node(
            "-peerbloomfilters=1",
            "-peerblockfilters=1",
            "-blockfilterindex=1",
            "-txindex=1",
            "-coinstatsindex=1",
            listens=True,
        )
        self.rpc = self.node.rpc

    def grant_coins(self):
        """For each peer a list of coins that only it spends."""
        self.rpc.generatetoaddress(101 + GRANTS, ADDRESS)
        coins = [[] for _ in range(PEERS)]
        for height in range(1, GRANTS + 1):
            block = chain.Block.parse(bytes.fromhex(self.rpc.getblock(self.rpc.getblockhash(height), 0)))
            coinbase = block.transactions[0]
            grant = spend((coinbase.txid(), 0, coinbase.outputs[0].value), PEERS * COINS_EACH, 200_000)
            txid = chain.from_display(self.rpc.sendrawtransaction(grant.serialize().hex()))
            self.rpc.generatetoaddress(1, ADDRESS)
            for index, output in enumerate(grant.outputs):
                coins[index % PEERS].append((txid, index, output.value))
        self.rpc.generatetoaddress(10, ADDRESS)
        return coins

    def test_twenty_peers_at_once(self):
        coins = self.grant_coins()
        first = self.rpc.getblockcount()
        blocks = [bytes.fromhex(self.rpc.getblock(self.rpc.getblockhash(height), 0)) for height in range(first + 1)]
        guests = [Guest(number, self.node, blocks, coins[number]) for number in range(PEERS)]
        callers = [Caller(PEERS + number, self.node) for number in range(2)]
        for worker in guests + callers:
            worker.start()
        mined, deadline = self.mine_until(time.monotonic() + SECONDS, guests + callers), time.monotonic() + scaled(60)
        for worker in guests + callers:
            worker.ends.set()
        for worker in guests + callers:
            worker.join(max(0, deadline - time.monotonic()))
            self.assertFalse(worker.is_alive(), "somebody waits in vain")
            self.assertIsNone(worker.failure, worker.failure)
        print("peers:", together(guests)[1])
        print("RPC:", together(callers)[1])
        print(f"{mined} blocks mined by RPC, height {self.rpc.getblockcount()}")
        self.assertGreaterEqual(self.rpc.getblockcount(), first + mined)
        for guest in guests:
            self.assertGreater(guest.done.total(), 0)
            self.assert_taken(guest.sent)
        self.assertTrue(self.rpc.verifychain(3, 0))
        wait_until(lambda: self.rpc.getconnectioncount() == 0, what="the end of all connections")
        self.node.stop()

    def mine_until(self, deadline, workers):
        """Mines until then, or until somebody has failed; returns how many blocks."""
        mined = 0
        while time.monotonic() < deadline and not any(worker.failure for worker in workers):
            mined += len(self.rpc.generatetoaddress(1, ADDRESS))
            time.sleep(0.05)
        return mined

    def assert_taken(self, transactions):
        """They are in the chain or in the pool."""
        for transaction in transactions:
            self.assertIsNotNone(self.rpc.gettxout(chain.display(transaction.txid()), 0))


if __name__ == "__main__":
    unittest.main()
