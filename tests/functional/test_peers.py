"""Nodes that synchronise from each other, and peers that break the rules of the frame."""

import struct

from framework import chain, messages
from framework.case import FunctionalTest
from framework.made_chain import MadeChain
from framework.node import wait_until
from framework.peer import Peer, frame, version_payload

ADDRESS = "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"


class Synchronisation(FunctionalTest):
    def wait_for_tip(self, node, tip):
        wait_until(lambda: node.rpc.getbestblockhash() == tip, seconds=60, what=f"tip {tip}")

    def test_two_nodes(self):
        first = self.start_node(listens=True)
        first.rpc.generatetoaddress(150, ADDRESS)
        second = self.start_node(f"-addnode={first.address}")
        self.wait_for_tip(second, first.rpc.getbestblockhash())
        tip = first.rpc.generatetoaddress(3, ADDRESS)[-1]
        self.wait_for_tip(second, tip)
        tip = second.rpc.generatetoaddress(2, ADDRESS)[-1]
        self.wait_for_tip(first, tip)
        first.stop()
        second.stop()

    def test_connect_names_the_only_peer(self):
        first = self.start_node(listens=True)
        tip = first.rpc.generatetoaddress(20, ADDRESS)[-1]
        second = self.start_node("-connect=0", f"-connect={first.address}")
        self.wait_for_tip(second, tip)
        (peer,) = second.rpc.getpeerinfo()
        self.assertEqual((peer["addr"], peer["connection_type"]), (first.address, "manual"))

    def test_a_node_is_killed_while_it_synchronises(self):
        made = MadeChain(self.folder, inputs=3000, keys=60, blocks=200, fork_depth=12, fork_transactions=150)
        source = self.start_node(f"-loadblock={made.files[0]}", listens=True)
        tip = made.end["tip"]
        self.wait_for_tip(source, tip)
        other = self.start_node(f"-addnode={source.address}", listens=True)
        victim = self.start_node(f"-addnode={source.address}", f"-addnode={other.address}")
        while victim.rpc.getbestblockhash() != tip:
            wait_until(lambda: victim.rpc.getblockcount() > 0, what="a first block")
            victim.kill()
            victim.start()
            if victim.rpc.getblockcount() > 0:
                break
        self.wait_for_tip(victim, tip)
        self.wait_for_tip(other, tip)
        for node in (victim, other):
            self.assertEqual(node.rpc.gettxoutsetinfo("muhash")["muhash"], made.end["muhash"])
        self.assertEqual(source.rpc.getblockcount(), made.end["height"])

    def test_three_nodes_in_a_row(self):
        nodes = [self.start_node(listens=True)]
        for _ in range(2):
            nodes.append(self.start_node(f"-addnode={nodes[-1].address}", listens=True))
        for node in (nodes[0], nodes[2], nodes[1]):
            tip = node.rpc.generatetoaddress(4, ADDRESS)[-1]
            for other in nodes:
                self.wait_for_tip(other, tip)
        # Each has one connection by which it heard of every block; nobody was cut off.
        self.assertEqual([node.rpc.getconnectioncount() for node in nodes], [1, 2, 1])

    def test_mock_time_moves_what_is_due(self):
        now = 1_700_000_000
        node = self.start_node(f"-mocktime={now}", listens=True)
        silent = self.connect_peer(node)
        wait_until(lambda: node.rpc.getconnectioncount() == 1, what="a connection")
        node.rpc.setmocktime(now + 59)
        self.assertEqual(node.rpc.getconnectioncount(), 1)
        node.rpc.setmocktime(now + 60)
        self.assertTrue(silent.is_cut_off())

    def test_reorganisation(self):
        first = self.start_node(listens=True)
        second = self.start_node()
        first.rpc.generatetoaddress(5, ADDRESS)
        tip = second.rpc.generatetoaddress(8, ADDRESS)[-1]
        second.rpc.addnode(first.address, "onetry")
        self.wait_for_tip(first, tip)


class Frames(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node(listens=True)

    def connect(self):
        return self.connect_peer(self.node)

    def assert_node_serves(self):
        self.connect().handshake().sync()

    def test_handshake(self):
        peer = self.connect()
        peer.send("version", version_payload())
        commands = []
        while "verack" not in commands:
            commands.append(peer.receive()[0])
        self.assertEqual(commands[0], "version")
        self.assertLessEqual(set(commands[1:]), {"wtxidrelay", "sendaddrv2", "verack"})
        peer.send("verack")
        self.assertEqual(len(peer.wait_for("ping")), 8)

    def test_magic_of_another_chain(self):
        peer = self.connect()
        peer.send("version", version_payload(), magic=chain.MAGIC["main"])
        self.assertTrue(peer.is_cut_off())
        self.assert_node_serves()

    def test_announced_length_beyond_the_limit(self):
        peer = self.connect().handshake()
        peer.send("ping", length=0xFFFFFFF0)
        self.assertTrue(peer.is_cut_off())
        peer = self.connect().handshake()
        peer.send("block", length=4_000_001)
        self.assertTrue(peer.is_cut_off())
        self.assert_node_serves()

    def test_messages_longer_than_what_we_need_of_them(self):
        """What a later version may append is no reason to part, be it in the handshake or later."""
        peer = self.connect()
        peer.send("version", version_payload() + bytes(10_000))
        peer.send("verack", bytes(10_000))
        peer.wait_for("verack")
        nonce = struct.pack("<Q", 5)
        peer.send("ping", nonce + bytes(100_000))
        while peer.wait_for("pong") != nonce:
            pass

    def test_wrong_checksum_is_passed_over(self):
        peer = self.connect().handshake()
        peer.send("ping", struct.pack("<Q", 5), checksum=b"\0\0\0\0")
        peer.sync(nonce=6)

    def test_unknown_and_malformed_messages_are_passed_over(self):
        peer = self.connect().handshake()
        peer.send("nosuchthing", b"abc")
        peer.send("getheaders", b"\1")
        peer.send("\xff\xfe")
        peer.sync()

    def test_bytes_in_any_pieces(self):
        peer = self.connect()
        data = frame("version", version_payload()) + frame("verack") + frame("ping", struct.pack("<Q", 9))
        for byte in data:
            peer.socket.sendall(bytes([byte]))
        while peer.wait_for("pong") != struct.pack("<Q", 9):
            pass

    def test_a_block_that_is_pushed(self):
        """A block takes effect before the pong that follows it, however large it is."""
        peer = self.connect().handshake()
        genesis = chain.from_display(self.node.rpc.getblockhash(0))
        padding = chain.Output(0, b"\x6a" + b"\x4d\x00\xc8" + b"\0" * 51200)
        previous, time = genesis, 1296688602
        for height in range(1, 4):
            coinbase = chain.coinbase(height)
            coinbase.outputs += [padding] * 15
            block = chain.Block(chain.Header(0x20000000, previous, b"", time + 600 * height, chain.REGTEST_BITS), [coinbase])
            previous = block.seal().hash()
            peer.send("block", block.serialize())
            peer.sync(nonce=height)
            self.assertEqual(self.node.rpc.getbestblockhash(), chain.display(previous))

    def test_a_mutated_copy_that_comes_first(self):
        """What has the header of a block but another body is never served in its place."""
        genesis = chain.from_display(self.node.rpc.getblockhash(0))
        start = 1296688602
        self.node.rpc.setmocktime(start + 6000)
        first = chain.build_block(genesis, 1, start + 600)
        second = chain.build_block(first.hash(), 2, start + 1200)
        third = chain.build_block(second.hash(), 3, start + 1800)
        honest = self.connect().handshake()
        honest.send("block", first.serialize())
        honest.sync()
        self.assertEqual(self.node.rpc.getbestblockhash(), chain.display(first.hash()))
        for body in (b"\0", second.serialize()[80:-1] + b"\1"):
            other = Peer(self.node, "127.0.0.77")
            self.addCleanup(other.close)
            other.handshake()
            other.send("block", second.serialize()[:80] + body)
            self.assertTrue(other.is_cut_off())
        for block in (second, third):
            honest.send("block", block.serialize())
            honest.sync()
            self.assertEqual(self.node.rpc.getbestblockhash(), chain.display(block.hash()))
        asking = self.connect().handshake()
        for kind, command in ((2, "block"), (4, "cmpctblock"), (0x40000002, "block")):
            asking.send("getdata", messages.items(kind, second.hash()))
            self.assertEqual(asking.wait_for(command)[:80], second.serialize()[:80])
        asking.send("getblocktxn", messages.get_block_transactions(second.hash(), 0))
        self.assertIn(second.transactions[0].serialize(), asking.wait_for("blocktxn"))
        self.assert_node_serves()

    def test_an_invalid_block_ends_the_connection(self):
        peer = self.connect().handshake()
        genesis = chain.from_display(self.node.rpc.getblockhash(0))
        block = chain.build_block(genesis, 1, 1296689202, value=chain.subsidy(1) + 1)
        peer.send("block", block.serialize())
        self.assertTrue(peer.is_cut_off())
        self.assertEqual(self.node.rpc.getblockcount(), 0)
        self.assert_node_serves()
