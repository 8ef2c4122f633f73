"""cairnd and a peer built on python3-bitcoinlib: every message between them, both ways, over a real socket."""

import hashlib
import io
import struct

import bitcoin
import bitcoin.messages as messages
from bitcoin.core import CBlock, CBlockHeader, CMutableTransaction, CMutableTxIn, CMutableTxOut, COutPoint, CTransaction
from bitcoin.core.script import OP_CHECKSIG, OP_DUP, OP_EQUALVERIFY, OP_HASH160, CScript, SIGHASH_ALL, SignatureHash
from bitcoin.net import CAddress, CInv
from bitcoin.wallet import CBitcoinSecret

import codecs_of_bips as codecs
from framework import chain
from framework.case import FunctionalTest
from framework.node import wait_until
from framework.peer import frame
from peer import Peer

NOW = 1_700_120_000
FEE = 10_000


def siphash(key0, key1, data):
    """SipHash-2-4."""
    mask = 0xFFFFFFFFFFFFFFFF
    v = [key0 ^ 0x736F6D6570736575, key1 ^ 0x646F72616E646F6D, key0 ^ 0x6C7967656E657261, key1 ^ 0x7465646279746573]

    def rotate(number, bits):
        return (number << bits | number >> 64 - bits) & mask

    def rounds(count):
        for _ in range(count):
            v[0] = v[0] + v[1] & mask
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = v[2] + v[3] & mask
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = v[0] + v[3] & mask
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = v[2] + v[1] & mask
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for at in range(0, len(padded), 8):
        (word,) = struct.unpack_from("<Q", padded, at)
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def short_id(header, nonce, wtxid):
    """BIP152."""
    key0, key1 = struct.unpack("<QQ", hashlib.sha256(header + struct.pack("<Q", nonce)).digest()[:16])
    return siphash(key0, key1, wtxid).to_bytes(8, "little")[:6]


def inv(kind, *hashes):
    items = []
    for value in hashes:
        item = CInv()
        item.type, item.hash = kind, value
        items.append(item)
    return items


def getdata(kind, *hashes):
    message = messages.msg_getdata()
    message.inv = inv(kind, *hashes)
    return message


def inventory(kind, *hashes):
    message = messages.msg_inv()
    message.inv = inv(kind, *hashes)
    return message


def getheaders(*locator, form=messages.msg_getheaders):
    message = form()
    message.locator.vHave = list(locator)
    return message


def as_block(block):
    return CBlock.deserialize(block.serialize())


def block_message(block):
    message = messages.msg_block()
    message.block = as_block(block)
    return message


def headers_message(blocks):
    return codecs.msg_headers([as_block(block).get_header() for block in blocks])


def compact_message(block, nonce):
    """Announces a block by the short ids of its transactions; only the coinbase is there in full."""
    header = block.header.serialize()
    ids = [short_id(header, nonce, tx.wtxid()) for tx in block.transactions[1:]]
    return codecs.msg_cmpctblock(CBlockHeader.deserialize(header), nonce, ids, [(0, as_block(block).vtx[0])])


def tx_message(transaction):
    message = messages.msg_tx()
    message.tx = transaction
    return message


class Interop(FunctionalTest):
    def start(self):
        self.node = self.start_node(f"-mocktime={NOW}", listens=True)
        self.rpc = self.node.rpc
        self.genesis = chain.from_display(self.rpc.getblockhash(0))

    def peer(self, **settings):
        peer = Peer(self.node, **settings)
        self.addCleanup(peer.close)
        return peer

    def submit(self, block):
        self.assertIsNone(self.rpc.submitblock(block.hex()))

    def recent_chain(self, count, **settings):
        return chain.build_chain(self.genesis, 1, NOW - 600 * count, count, **settings)

    def near_tip(self, count=3, **settings):
        """The node has a chain whose tip is recent, so that it is out of its initial download."""
        blocks = self.recent_chain(count, **settings)
        for block in blocks:
            self.submit(block)
        return blocks

    def wait_height(self, height):
        wait_until(lambda: self.rpc.getblockcount() == height, what=f"height {height}")


class Handshake(Interop):
    def test_order_and_negotiation(self):
        self.start()
        peer = self.peer()
        self.assertEqual(peer.version.nVersion, 70016)
        self.assertTrue(peer.version.nServices & 1 and peer.version.nServices & 8)
        heard = peer.commands()
        self.assertEqual(heard[:2], ["wtxidrelay", "sendaddrv2"])
        self.assertIn("ping", heard)
        self.assertIn("sendcmpct", heard)
        sendcmpct = peer.wait_for("sendcmpct")
        self.assertEqual((sendcmpct.announce, sendcmpct.version), (False, 2))
        info = self.rpc.getpeerinfo()[0]
        self.assertEqual(info["version"], 70016)
        self.assertIn("python-bitcoinlib", info["subver"])
        self.assertTrue(info["inbound"])

    def test_old_peer_without_negotiation(self):
        self.start()
        self.near_tip()
        peer = self.peer(wtxid=False, addrv2=False)
        peer.send(getheaders(self.genesis))
        self.assertEqual(len(peer.wait_for("headers").headers), 3)

    def test_obsolete_messages_are_passed_over(self):
        self.start()
        peer = self.peer()
        reject = messages.msg_reject()
        reject.message, reject.ccode, reject.reason = b"tx", b"\x10", b"why"
        peer.send(reject)
        peer.socket.sendall(frame("alert", b"\x01\x02\x03"))
        peer.sync()
        self.assertTrue(peer.is_open())


class Serving(Interop):
    def test_headers_and_blocks(self):
        self.start()
        blocks = self.near_tip(12)
        peer = self.peer()
        peer.send(getheaders(self.genesis))
        headers = peer.wait_for("headers").headers
        self.assertEqual([header.GetHash() for header in headers], [block.hash() for block in blocks])

        peer.send(getheaders(blocks[4].hash(), form=messages.msg_getblocks))
        items = peer.wait_for("inv").inv
        self.assertEqual([item.hash for item in items], [block.hash() for block in blocks[5:]])

        peer.send(getdata(codecs.MSG_WITNESS_BLOCK, *[block.hash() for block in blocks]))
        for block in blocks:
            self.assertEqual(peer.wait_for("block").block.GetHash(), block.hash())
        peer.send(getdata(codecs.MSG_BLOCK, blocks[0].hash()))
        self.assertEqual(peer.wait_for("block").block.serialize(), blocks[0].serialize(with_witness=False))

    def test_announcements(self):
        self.start()
        tip = self.near_tip()[-1]
        by_inv, by_headers, by_compact = self.peer(), self.peer(), self.peer()
        by_headers.send(codecs.msg_sendheaders())
        by_compact.send(codecs.msg_sendcmpct(announce=True, version=2))
        for peer in (by_inv, by_headers, by_compact):
            peer.send(getheaders(tip.hash()))  # so that the node learns what the peer has
            peer.send(headers_message([tip]))
            peer.sync()
        block = chain.build_block(tip.hash(), 4, NOW)
        self.submit(block)
        self.assertEqual(by_inv.wait_for("inv").inv[0].hash, block.hash())
        self.assertEqual(
            by_headers.wait_for("headers", lambda m: m.headers).headers[0].GetHash(), block.hash()
        )
        compact = by_compact.wait_for("cmpctblock")
        self.assertEqual(compact.header.GetHash(), block.hash())
        self.assertEqual(compact.prefilled[0][0], 0)

        by_compact.send(codecs.msg_getblocktxn(block.hash(), [0]))
        answer = by_compact.wait_for("blocktxn")
        self.assertEqual(answer.block, block.hash())
        self.assertEqual(answer.transactions[0].GetTxid(), block.transactions[0].txid())


class Feeding(Interop):
    """The peer has the blocks, and the node fetches them."""

    def serve(self, peer, blocks):
        """Answers the node's getdata until it has asked for all blocks."""
        known = {block.hash(): block for block in blocks}
        while known:
            for item in peer.wait_for("getdata").inv:
                if item.hash in known:
                    peer.send(block_message(known.pop(item.hash)))

    def test_by_headers(self):
        self.start()
        blocks = self.recent_chain(30)
        peer = self.peer()
        asked = peer.wait_for("getheaders")
        self.assertEqual(asked.locator.vHave[-1], self.genesis)
        peer.send(headers_message(blocks))
        self.serve(peer, blocks)
        self.wait_height(30)
        peer.sync()
        self.assertTrue(peer.is_open())

    def test_by_inv(self):
        self.start()
        blocks = self.recent_chain(5)
        peer = self.peer()
        peer.wait_for("getheaders")
        peer.send(codecs.msg_headers())
        peer.sync()
        peer.send(inventory(codecs.MSG_BLOCK, blocks[-1].hash()))
        peer.wait_for("getheaders")
        peer.send(headers_message(blocks))
        self.serve(peer, blocks)
        self.wait_height(5)

    def test_unasked_blocks(self):
        self.start()
        blocks = self.recent_chain(5)
        peer = self.peer()
        for block in blocks:
            peer.send(block_message(block))
        peer.sync()
        self.assertEqual(self.rpc.getblockcount(), 5)

    def test_a_pong_comes_behind_the_blocks_before_its_ping(self):
        self.start()
        blocks = self.recent_chain(100)
        peer = self.peer()
        peer.socket.sendall(b"".join(block_message(block).to_bytes() for block in blocks))
        peer.sync()
        self.assertEqual(self.rpc.getblockcount(), 100)

    def test_by_compact_block(self):
        self.start()
        base = self.near_tip(3)
        peer = self.peer()
        peer.send(codecs.msg_sendcmpct(announce=False, version=2))
        peer.send(headers_message(base))
        peer.sync()
        block = chain.build_block(base[-1].hash(), 4, NOW)
        peer.send(compact_message(block, nonce=7))
        self.wait_height(4)

    def test_missing_transactions_are_asked_for(self):
        self.start()
        base = self.near_tip(101)
        peer = self.peer()
        peer.send(codecs.msg_sendcmpct(announce=False, version=2))
        peer.send(headers_message(base))
        peer.sync()
        first = base[0].transactions[0]
        spend = chain.Transaction([chain.Input(first.txid(), 0)], [chain.Output(first.outputs[0].value)])
        block = chain.build_block(base[-1].hash(), 102, NOW, [spend])
        peer.send(compact_message(block, nonce=9))
        asked = peer.wait_for("getblocktxn")
        self.assertEqual((asked.block, asked.indexes), (block.hash(), [1]))
        peer.send(codecs.msg_blocktxn(block.hash(), [as_block(block).vtx[1]]))
        self.wait_height(102)


class Transactions(Interop):
    def setUp(self):
        super().setUp()
        self.start()
        bitcoin.SelectParams("regtest")
        self.key = CBitcoinSecret.from_secret_bytes(hashlib.sha256(b"interop").digest())
        self.script = CScript([OP_DUP, OP_HASH160, bitcoin.core.Hash160(self.key.pub), OP_EQUALVERIFY, OP_CHECKSIG])
        self.base = self.near_tip(102, script=bytes(self.script))

    def signed(self, outpoint, value):
        """A transaction that spends an output of our script, and pays `value` to it again."""
        draft = CMutableTransaction([CMutableTxIn(outpoint)], [CMutableTxOut(value, self.script)])
        digest = SignatureHash(self.script, draft, 0, SIGHASH_ALL)
        draft.vin[0].scriptSig = CScript([self.key.sign(digest) + bytes([SIGHASH_ALL]), self.key.pub])
        return CTransaction.from_tx(draft)

    def spend(self, number):
        """Spends the coinbase of that block."""
        source = self.base[number].transactions[0]
        return self.signed(COutPoint(source.txid(), 0), source.outputs[0].value - FEE)

    def pool(self):
        return set(self.rpc.getrawmempool())

    def test_relay_from_one_peer_to_others(self):
        sender, modern, old = self.peer(), self.peer(), self.peer(wtxid=False)
        spend = self.spend(0)
        sender.send(inventory(codecs.MSG_WTX, spend.GetHash()))
        sender.sync()
        self.pass_time(5)  # peers that we did not choose are asked a little later
        asked = sender.wait_for("getdata").inv[0]
        self.assertEqual((asked.type, asked.hash), (codecs.MSG_WTX, spend.GetHash()))
        sender.send(tx_message(spend))
        sender.sync()
        self.assertEqual(self.pool(), {chain.display(spend.GetTxid())})
        self.pass_time(60)
        item = modern.wait_for("inv").inv[0]
        self.assertEqual((item.type, item.hash), (codecs.MSG_WTX, spend.GetHash()))
        item = old.wait_for("inv").inv[0]
        self.assertEqual((item.type, item.hash), (codecs.MSG_TX, spend.GetTxid()))
        modern.send(getdata(codecs.MSG_WTX, spend.GetHash()))
        self.assertEqual(modern.wait_for("tx").tx.GetTxid(), spend.GetTxid())
        old.send(getdata(codecs.MSG_WITNESS_TX, spend.GetTxid()))
        self.assertEqual(old.wait_for("tx").tx.GetTxid(), spend.GetTxid())
        self.assertNotIn("inv", sender.commands())

    def pass_time(self, seconds):
        """Moves mock time forward, and lets what is due then happen."""
        self.now = getattr(self, "now", NOW) + seconds
        self.rpc.setmocktime(self.now)

    def test_what_is_not_there_is_not_found(self):
        peer = self.peer()
        peer.send(getdata(codecs.MSG_WTX, b"\x11" * 32))
        self.assertEqual(peer.wait_for("notfound").inv[0].hash, b"\x11" * 32)

    def test_fee_filter(self):
        peer = self.peer()
        self.pass_time(60)
        self.assertEqual(peer.wait_for("feefilter").feerate, 1000)
        peer.send(codecs.msg_feefilter(feerate=1_000_000))
        peer.sync()
        self.assertEqual(float(self.rpc.getpeerinfo()[0]["minfeefilter"]), 0.01)

    def test_orphan_waits_for_its_parent(self):
        peer = self.peer()
        parent = self.spend(1)
        child = self.signed(COutPoint(parent.GetTxid(), 0), parent.vout[0].nValue - FEE)
        peer.send(tx_message(child))
        peer.sync()
        self.assertEqual(self.pool(), set())
        self.pass_time(5)
        asked = peer.wait_for("getdata").inv[0]
        self.assertEqual(asked.hash, parent.GetTxid())
        peer.send(tx_message(parent))
        wait_until(lambda: len(self.pool()) == 2, what="parent and child in the pool")

    def test_compact_block_from_the_pool(self):
        peer = self.peer()
        peer.send(codecs.msg_sendcmpct(announce=False, version=2))
        peer.send(headers_message(self.base))
        spend = self.spend(0)
        peer.send(tx_message(spend))
        peer.sync()
        own = chain.Transaction.parse(io.BytesIO(spend.serialize()))
        block = chain.build_block(self.base[-1].hash(), 103, NOW, [own])
        peer.send(compact_message(block, nonce=3))
        self.wait_height(103)
        self.assertNotIn("getblocktxn", peer.commands())
        self.assertEqual(self.pool(), set())


class Addresses(Interop):
    def test_gossip(self):
        self.start()
        asker = self.peer()
        old = self.peer(addrv2=False)
        peer = self.peer()
        for listener in (asker, old):
            listener.send(messages.msg_getaddr())  # shows that it cares for addresses
            listener.sync()
        entry = codecs.AddressV2(NOW, 9, 1, bytes([8, 8, 4, 4]), 8333)
        peer.send(codecs.msg_addrv2([entry]))
        peer.sync()
        self.assertEqual(self.rpc.getnodeaddresses(0)[0]["address"], "8.8.4.4")
        self.rpc.setmocktime(NOW + 300)
        wait_until(lambda: {"addr", "addrv2"} & {*asker.commands(), *old.commands()}, what="a relayed address")

    def test_old_form(self):
        self.start()
        peer = self.peer(addrv2=False)
        message = messages.msg_addr()
        address = CAddress()
        address.nTime, address.nServices, address.ip, address.port = NOW, 9, "9.9.4.4", 8333
        message.addrs = [address]
        peer.send(message)
        peer.sync()
        self.assertEqual(self.rpc.getnodeaddresses(0)[0]["address"], "9.9.4.4")
