"""Messages that no honest peer sends: good ones of every command, and what can be made of them."""

import random
import struct

from framework import chain, messages
from framework.peer import frame, version_payload

# Of the list messages, one more than the protocol allows.
TOO_MANY = {"inv": 50_001, "headers": 2001, "addr": 1001, "locator": 102}
MOST_PAYLOAD = 4_000_000


def good_messages(blocks, next_blocks, transactions, time):
    """At least one of each command: (command, payload). `blocks` are the node's, from genesis on, `next_blocks` follow
    on them, and the node does not know them, nor `transactions`."""
    tip, old = blocks[-1], blocks[len(blocks) // 2]
    some = [block.hash() for block in blocks[-5:]]
    txids = [transaction.txid() for transaction in transactions]
    wtxids = [transaction.wtxid() for transaction in transactions]
    raw = [transaction.serialize() for transaction in transactions]
    tip_header, next_header = tip.header.serialize(), next_blocks[0].header.serialize()
    hashes = [random.Random(number).randbytes(32) for number in range(3)]
    found = [
        ("version", version_payload()),
        ("sendtxrcncl", struct.pack("<IQ", 1, 7)),
        ("sendcmpct", messages.send_compact()),
        ("sendcmpct", messages.send_compact(high_bandwidth=True)),
        ("feefilter", messages.fee_filter(5000)),
        ("ping", messages.nonce(5)),
        ("pong", messages.nonce(6)),
        ("addr", messages.addresses(time, "8.8.4.4", "9.9.4.4", "2.3.4.5")),
        ("addrv2", messages.addresses_v2(time, "8.8.4.5", "9.9.4.5", "2.3.4.6")),
        ("inv", messages.items(messages.BLOCK, next_blocks[-1].hash(), *some)),
        ("inv", messages.items(messages.WTX, *wtxids, *hashes)),
        ("inv", messages.items(messages.TX, *txids, *hashes)),
        ("notfound", messages.items(messages.WITNESS_TX, *txids)),
        ("getdata", messages.items(messages.WITNESS_TX, *txids, *hashes)),
        ("getdata", messages.items(messages.WTX, *wtxids, *hashes)),
        ("getheaders", messages.locator(*some)),
        ("getblocks", messages.locator(blocks[3].hash(), stop=blocks[9].hash())),
        ("headers", messages.headers(tip_header)),
        ("headers", messages.headers(*(block.header.serialize() for block in next_blocks))),
        ("headers", messages.headers()),
        ("block", tip.serialize()),
        ("block", next_blocks[0].serialize()),
        ("block", next_blocks[-1].serialize()),
        ("cmpctblock", messages.compact_block(tip_header, [tip.transactions[0].serialize()])),
        ("cmpctblock", messages.compact_block(next_header, [raw[0]], 9, [b"shorti", b"dshort"])),
        ("getblocktxn", messages.get_block_transactions(tip.hash(), 0)),
        ("getblocktxn", messages.get_block_transactions(old.hash(), 0, 3)),
        ("blocktxn", messages.block_transactions(next_blocks[0].hash(), *raw)),
        ("getcfilters", messages.filter_range(1, old.hash())),
        ("getcfheaders", messages.filter_range(1, tip.hash())),
        ("getcfcheckpt", messages.filter_checkpoints(tip.hash())),
        ("cfilter", b"\0" + tip.hash() + chain.sized(b"\1\2\3")),
        ("cfheaders", b"\0" + tip.hash() + hashes[0] + messages.listed(hashes)),
        ("cfcheckpt", b"\0" + tip.hash() + messages.listed(hashes)),
        ("filterload", messages.bloom_filter(b"\xb5" * 20)),
        ("filteradd", chain.sized(b"\1\2\3")),
        ("merkleblock", tip_header + struct.pack("<I", 1) + messages.listed([txids[0]]) + chain.sized(b"\1")),
        ("reject", chain.sized(b"tx") + b"\x10" + chain.sized(b"why")),
        ("alert", b"\1\2\3"),
    ]
    empty = ("verack", "sendaddrv2", "wtxidrelay", "sendheaders", "getaddr", "mempool", "filterclear")
    found += [(command, b"") for command in empty]
    kinds = (messages.BLOCK, messages.WITNESS_BLOCK, messages.FILTERED_BLOCK, messages.COMPACT_BLOCK)
    found += [("getdata", messages.items(kind, *some)) for kind in kinds]
    found += [("tx", each) for each in raw]
    return found


def large_messages(blocks):
    """Such as are as long as the protocol allows, or have more parts than that."""
    noise = random.Random(1)
    item = messages.items(messages.WTX, noise.randbytes(32))[1:]
    block_item = messages.items(messages.WITNESS_BLOCK, blocks[-1].hash())[1:]
    header = blocks[-1].header.serialize()
    items = TOO_MANY["inv"]
    return [
        ("inv", messages.listed([item] * items)),
        ("inv", messages.items(messages.WTX, *(noise.randbytes(32) for _ in range(items - 1)))),
        ("getdata", messages.listed([item] * items)),
        ("getdata", messages.listed([item] * (items - 1))),
        ("getdata", messages.listed([block_item] * (items - 1))),
        ("headers", messages.headers(*[header] * TOO_MANY["headers"])),
        ("headers", messages.headers(*[header] * (TOO_MANY["headers"] - 1))),
        ("addr", messages.addresses(1_700_000_000, *["8.8.8.8"] * TOO_MANY["addr"])),
        ("addrv2", messages.addresses_v2(1_700_000_000, *["8.8.8.8"] * TOO_MANY["addr"])),
        ("getheaders", messages.locator(*[blocks[0].hash()] * TOO_MANY["locator"])),
        ("filterload", messages.bloom_filter(b"\xff" * 36_001)),
        ("filterload", messages.bloom_filter(b"\xff" * 36_000, functions=51)),
        ("filteradd", chain.sized(b"\1" * 521)),
        ("cmpctblock", messages.compact_block(header, [], 1, [b"shorti"] * 70_000)),
        ("getblocktxn", messages.get_block_transactions(blocks[-1].hash(), *[0] * 60_000)),
        ("tx", b"\2\0\0\0" + chain.compact_size(90_000) + b"\0" * (MOST_PAYLOAD - 9)),
        ("block", header + chain.compact_size(60_000) + b"\1" * (MOST_PAYLOAD - 83)),
        ("blocktxn", blocks[-1].hash() + chain.compact_size(300_000) + b"\0" * (MOST_PAYLOAD - 37)),
        ("nosuchthing", bytes(MOST_PAYLOAD)),
    ]


class Mutator:
    """Makes bytes for the wire: `next` returns them, what was done to them, how many messages they are, and whether the
    node can still tell where the next message begins."""

    def __init__(self, rng, good, large):
        self.random = rng
        self.good = good
        self.large = large
        self.heard = []  # frames that came from the node, and of our own, to be replayed
        framed = {"as_it_is": 8, "replayed": 8, "doubled": 4, "flipped": 26, "cut": 12, "padded": 4, "blown_up": 14}
        framed |= {"noise": 4, "under_another_name": 5, "wrong_checksum": 4, "odd_name": 3, "large": 2}
        torn = {"wrong_length": 2, "huge_length": 1, "wrong_magic": 1, "no_frame": 1, "torn_off": 2}
        self.ways = list(framed) + list(torn)
        self.weights = list(framed.values()) + list(torn.values())
        self.framed = set(framed)

    def remember(self, data):
        """A frame that may be replayed."""
        if len(self.heard) < 200:
            self.heard.append(data)
        elif len(data) < 10_000:
            self.heard[self.random.randrange(200)] = data

    def next(self):
        (way,) = self.random.choices(self.ways, self.weights)
        command, payload = self.random.choice(self.good)
        made = getattr(self, "_" + way)(command, payload)
        data, count = made if isinstance(made, tuple) else (made, 1)
        if count == 1 and way in self.framed and way != "large":
            self.remember(data)
        return data, way, count, way in self.framed

    # The frame is whole.

    def _as_it_is(self, command, payload):
        return frame(command, payload)

    def _replayed(self, command, payload):
        return self.random.choice(self.heard) if self.heard else frame(command, payload)

    def _doubled(self, command, payload):
        count = self.random.randrange(2, 6)
        return frame(command, payload) * count, count

    def _flipped(self, command, payload):
        changed = bytearray(payload)
        for _ in range(self.random.randrange(1, 9) if payload else 0):
            changed[self.random.randrange(len(changed))] ^= 1 << self.random.randrange(8)
        return frame(command, bytes(changed))

    def _cut(self, command, payload):
        return frame(command, payload[: self.random.randrange(len(payload) + 1)])

    def _padded(self, command, payload):
        return frame(command, payload + self.random.randbytes(self.random.randrange(1, 200)))

    def _blown_up(self, command, payload):
        """A number in it becomes a large one, most often one of those that say how many parts follow."""
        at = self.random.choice((0, 32, 80, self.random.randrange(len(payload) + 1)))
        number = self.random.choice((252, 253, 0xFFFF, 0x10000, 0xFFFFFFFF, 0x100000000, (1 << 64) - 1))
        return frame(command, payload[:at] + chain.compact_size(number) + payload[at + 1 :])

    def _noise(self, command, payload):
        return frame(command, self.random.randbytes(self.random.randrange(2 * len(payload) + 20)))

    def _under_another_name(self, command, payload):
        return frame(self.random.choice(self.good)[0], payload)

    def _wrong_checksum(self, command, payload):
        return frame(command, payload, checksum=self.random.randbytes(4))

    def _odd_name(self, command, payload):
        name = self.random.choice(("", "\x01\x02", command.upper(), command[:3], "x" * 12, "a\0b", "nosuchthing"))
        return frame(name, payload)

    def _large(self, command, payload):
        return frame(*self.random.choice(self.large))

    # It is not.

    def _wrong_length(self, command, payload):
        return frame(command, payload, length=self.random.randrange(2 * len(payload) + 50))

    def _huge_length(self, command, payload):
        length = self.random.choice((MOST_PAYLOAD, MOST_PAYLOAD + 1, 0x7FFFFFFF, 0xFFFFFFFF))
        return frame(command, payload, length=length)

    def _wrong_magic(self, command, payload):
        return frame(command, payload, magic=self.random.choice((chain.MAGIC["main"], self.random.randbytes(4))))

    def _no_frame(self, command, payload):
        return self.random.randbytes(self.random.randrange(1, 2000))

    def _torn_off(self, command, payload):
        whole = frame(*self.random.choice(self.large)) if self.random.random() < 0.1 else frame(command, payload)
        return whole[: self.random.randrange(1, len(whole))]
