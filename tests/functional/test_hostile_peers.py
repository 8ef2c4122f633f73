"""Malformed, oversized, reordered and replayed messages over many connections, while others are served as ever.

A few thousand of them; 100,000 with CAIRN_LONG_TESTS=1. CAIRN_TEST_SEED repeats what each attacker sends. Under
AddressSanitizer the end of the node shows whether it saw anything, leaks included.
"""

import collections
import os
import select
import socket
import struct
import time
import unittest

from framework import chain, messages
from framework.case import FunctionalTest
from framework.hostile import Mutator, good_messages, large_messages
from framework.node import scaled, wait_until
from framework.peer import Peer, frame, version_payload
from framework.worker import Worker, together

THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
SEED = int(os.environ.get("CAIRN_TEST_SEED", time.time_ns()))
ATTACKERS = 6
MESSAGES = -(-(100_000 if THOROUGH else 3000) // ATTACKERS)  # of each
LEFT_OPEN = 8  # connections of each attacker on which it says no more
PATIENCE = 5  # seconds, for the answers that an honest peer waits for
# By how much memory may grow: 60 connections, each with 5 MB received and 1 MB to be sent (-maxreceivebuffer and
# -maxsendbuffer), and what long messages take while they are decoded. A sanitizer adds what it keeps of freed memory
# (256 MB), and the surroundings of each piece.
MOST_GROWTH = (400 if scaled(1) == 1 else 1500) << 20
ADDRESS = "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"


class Attacker(Worker):
    """Connects again and again, and says what it should not."""

    def __init__(self, number, node, good, large):
        super().__init__(f"{SEED}/{number}")
        self.node = node
        self.number = number
        self.mutator = Mutator(self.random, good, large)
        self.left_open = collections.deque()
        self.sent = self.sessions = self.cut_off = self.bytes = 0
        self.beginnings = [getattr(self, name) for name in dir(self) if name.startswith("begin_")]

    def work(self):
        peer = Peer(self.node, f"127.0.{self.number + 1}.{self.random.randrange(1, 250)}")
        self.sessions += 1
        self.shook_hands = False
        try:
            self.random.choice(self.beginnings)(peer)
            self.say_things(peer)
            self.leave(peer)
        except (EOFError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise  # the node neither answers nor ends the connection
            self.cut_off += 1
            peer.close()
        if self.sent >= MESSAGES:
            self.ends.set()
        if self.ends.is_set():
            for other in self.left_open:
                other.close()

    # How it begins. Only some of these are handshakes.

    def begin_in_order(self, peer):
        peer.send("version", version_payload())
        peer.wait_for("version")
        for command in ("wtxidrelay", "sendaddrv2"):
            if self.random.random() < 0.5:
                peer.send(command)
        peer.send("verack")
        peer.wait_for("verack")
        self.shook_hands = True

    begin_in_order_more_often = begin_in_order
    begin_in_order_most_often = begin_in_order

    def begin_with_anything(self, peer):
        pass

    def begin_with_half_a_handshake(self, peer):
        peer.send(self.random.choice(("version", "verack")), version_payload())

    def begin_in_wrong_order(self, peer):
        parts = [("version", version_payload()), ("verack", b""), ("wtxidrelay", b""), ("sendaddrv2", b"")]
        parts += [("sendheaders", b""), ("version", version_payload())]
        self.random.shuffle(parts)
        for part in parts:
            peer.send(*part)

    def begin_with_a_strange_version(self, peer):
        payload = bytearray(version_payload())
        for _ in range(self.random.randrange(1, 6)):
            payload[self.random.randrange(len(payload))] ^= self.random.randrange(1, 256)
        peer.send("version", bytes(payload))
        peer.send("verack")

    # Then it goes on.

    def say_things(self, peer):
        while self.sent < MESSAGES and not self.ends.is_set():
            data, way, count, framed = self.mutator.next()
            self.push(peer, data)
            self.sent += count
            self.bytes += len(data)
            self.done[way] += count
            if not framed or self.random.random() < 0.04:
                return
            if self.shook_hands and self.random.random() < 0.3:
                self.sync(peer)

    def sync(self, peer):
        """Waits until the node has dealt with everything, or has ended the connection."""
        number = self.random.randbytes(8)
        self.push(peer, frame("ping", number))
        pong = frame("pong", number)
        heard = b""
        while pong not in heard:
            data = self.listen(peer)
            heard = heard[-len(pong) :] + data

    def push(self, peer, data):
        """Sends it, and takes what comes meanwhile."""
        left = memoryview(data)
        while left:
            readable, writable, _ = select.select([peer.socket], [peer.socket], [], scaled(30))
            assert readable or writable, "the node neither reads nor ends"
            if readable:
                self.listen(peer)
            if writable:
                left = left[peer.socket.send(left) :]

    def listen(self, peer):
        """Some of what is heard is sent back later."""
        data = peer.socket.recv(1 << 16)
        if not data:
            raise EOFError
        if len(data) >= 24 and data[:4] == chain.MAGIC["regtest"]:
            length = struct.unpack_from("<I", data, 16)[0]
            self.mutator.remember(data[: 24 + length])
        return data

    def leave(self, peer):
        way = self.random.choice((0, 1, 1, 1, 2, 3))
        if way == 0:  # with a reset
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif way == 1:  # when the node has dealt with everything
            peer.socket.shutdown(socket.SHUT_WR)
            while peer.socket.recv(1 << 16):
                pass
        elif way == 2:  # by falling silent
            self.left_open.append(peer)
            peer = self.left_open.popleft() if len(self.left_open) > LEFT_OPEN else None
        if peer is not None:
            peer.close()


class HonestPeer(Worker):
    """Asks for what any peer may, and measures how long the answers take."""

    def __init__(self, node, blocks):
        super().__init__(SEED)
        self.node = node
        self.blocks = blocks
        self.peer = Peer(node).handshake()
        self.longest = 0

    def work(self):
        height = self.random.randrange(len(self.blocks) - 1)
        block, following = self.blocks[height], self.blocks[height + 1]
        self.timed("ping", lambda: self.peer.sync(self.random.getrandbits(64)))
        self.timed("headers", lambda: self.ask_headers(block, following))
        self.timed("block", lambda: self.ask_block(block))
        if self.random.random() < 0.1:
            self.timed("connect", self.connect_anew)
        self.ends.wait(0.05)

    def timed(self, name, action):
        begun = time.monotonic()
        action()
        took = time.monotonic() - begun
        assert took < scaled(PATIENCE), f"{name} took {took:.1f} s"
        self.longest = max(self.longest, took)
        self.done[name] += 1

    def ask_headers(self, block, following):
        self.peer.send("getheaders", messages.locator(block.hash()))
        while following.header.serialize() not in self.peer.wait_for("headers"):
            pass

    def ask_block(self, block):
        self.peer.send("getdata", messages.items(messages.WITNESS_BLOCK, block.hash()))
        while self.peer.wait_for("block") != block.serialize():
            pass

    def connect_anew(self):
        other = Peer(self.node).handshake()
        other.sync()
        other.close()


class HostilePeers(FunctionalTest):
    def setUp(self):
        super().setUp()
        print(f"CAIRN_TEST_SEED={SEED}", flush=True)
        options = ("-peerbloomfilters=1", "-peerblockfilters=1", "-blockfilterindex=1", "-txreconciliation=1")
        self.node = self.start_node(*options, listens=True)
        self.rpc = self.node.rpc

    def prepare(self):
        """A chain; returns its blocks, and what the attackers make theirs from."""
        self.rpc.generatetoaddress(120, ADDRESS)
        raw = [self.rpc.getblock(self.rpc.getblockhash(height), 0) for height in range(121)]
        blocks = [chain.Block.parse(bytes.fromhex(each)) for each in raw]
        now = int(time.time())
        following = chain.build_chain(blocks[-1].hash(), 121, now, 1)
        following += chain.build_chain(following[-1].hash(), 122, now + 1, 1)
        transactions, value = [], 50 * chain.COIN
        coin = blocks[1].transactions[0].txid()
        script = blocks[1].transactions[0].outputs[0].script
        for _ in range(3):  # each spends the one before: the later ones are orphans if they come alone
            value -= 10_000
            entry = chain.Input(coin, 0, witness=[chain.ANYONE_CAN_SPEND])
            transactions.append(chain.Transaction([entry], [chain.Output(value, script)]))
            coin = transactions[-1].txid()
        return blocks, good_messages(blocks, following, transactions, now), large_messages(blocks)

    def test_served_meanwhile(self):
        blocks, good, large = self.prepare()
        honest = HonestPeer(self.node, blocks)
        attackers = [Attacker(number, self.node, good, large) for number in range(ATTACKERS)]
        before = most = self.node.resident_memory()
        begun = time.monotonic()
        for worker in [honest, *attackers]:
            worker.start()
        while any(attacker.is_alive() for attacker in attackers):
            self.assertTrue(self.node.running(), self.node.stderr())
            self.assert_well([honest, *attackers])
            most = max(most, self.node.resident_memory())
            self.assertLess(most - before, MOST_GROWTH)
            time.sleep(0.1)
        took = time.monotonic() - begun
        honest.ends.set()
        honest.join(scaled(30))
        for worker in [honest, *attackers]:
            self.assertFalse(worker.is_alive(), "somebody waits in vain")
        self.assert_well([honest, *attackers])
        self.report(attackers, honest, took, before, most)
        self.assertGreaterEqual(sum(attacker.sent for attacker in attackers), ATTACKERS * MESSAGES)
        for thing in ("ping", "headers", "block"):
            self.assertGreater(honest.done[thing], 0)
        honest.peer.close()
        # Nothing of all that was taken for a better chain than ours with what may follow on it.
        self.assertIn(self.rpc.getblockcount(), (120, 121, 122))
        self.assertEqual(self.rpc.getblockhash(120), chain.display(blocks[-1].hash()))
        self.assertTrue(self.rpc.verifychain(4, 0))
        wait_until(lambda: self.rpc.getconnectioncount() == 0, what="the end of all connections")
        self.node.stop()

    def assert_well(self, workers):
        for worker in workers:
            self.assertIsNone(worker.failure, worker.failure)

    def report(self, attackers, honest, took, before, most):
        done, text = together(attackers)
        sent, received = sum(each.bytes for each in attackers), self.rpc.getnettotals()["totalbytesrecv"]
        heard = self.node.log().count("received: ")
        print(f"{done.total()} messages in {took:.1f} s over {sum(each.sessions for each in attackers)} connections,")
        print(f"of which the node ended {sum(each.cut_off for each in attackers)};", text)
        print(f"{sent >> 20} MiB sent; received by the node: {received >> 20} MiB, {heard} messages")
        print(f"memory: {before >> 20} MiB before, {most >> 20} MiB at most")
        print(f"honest peer: {together([honest])[1]}; the longest took {honest.longest * 1000:.0f} ms")


if __name__ == "__main__":
    unittest.main()
