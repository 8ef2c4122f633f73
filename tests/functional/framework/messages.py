"""Payloads of the peers' messages, written field by field; `peer.frame` puts the frame around them."""

import struct

from framework import chain

TX, BLOCK, FILTERED_BLOCK, COMPACT_BLOCK, WTX = 1, 2, 3, 4, 5
WITNESS = 1 << 30
WITNESS_TX, WITNESS_BLOCK = TX | WITNESS, BLOCK | WITNESS
NO_HASH = b"\0" * 32


def listed(parts):
    """A list as all messages have them: the number of parts, and the parts."""
    parts = list(parts)
    return chain.compact_size(len(parts)) + b"".join(parts)


def nonce(number):
    return struct.pack("<Q", number)


def items(kind, *hashes):
    """Of inv, getdata and notfound."""
    return listed(struct.pack("<I", kind) + each for each in hashes)


def locator(*hashes, stop=NO_HASH):
    """Of getheaders and getblocks."""
    return struct.pack("<I", 70016) + listed(hashes) + stop


def headers(*headers80):
    return listed(header + b"\0" for header in headers80)


def compact_block(raw_header, transactions, number=0, short_ids=()):
    """`transactions` are serialized ones, and the first of the block."""
    prefilled = [b"\0" + transaction for transaction in transactions]  # each is one place behind the one before
    return raw_header + nonce(number) + listed(short_ids) + listed(prefilled)


def get_block_transactions(block_hash, *gaps):
    """`gaps`: how many transactions lie between those that are asked for."""
    return block_hash + listed(chain.compact_size(gap) for gap in gaps)


def block_transactions(block_hash, *transactions):
    return block_hash + listed(transactions)


def send_compact(high_bandwidth=False, version=2):
    return struct.pack("<?Q", high_bandwidth, version)


def fee_filter(rate):
    return struct.pack("<q", rate)


def addresses(time, *ipv4):
    """Of addr: each as "1.2.3.4", at the usual port."""
    network = b"\0" * 10 + b"\xff\xff"
    return listed(struct.pack("<IQ", time, 9) + network + _ipv4(each) + struct.pack(">H", 8333) for each in ipv4)


def addresses_v2(time, *ipv4):
    """Of addrv2 (BIP155), likewise."""
    return listed(
        struct.pack("<I", time) + chain.compact_size(9) + b"\1" + chain.sized(_ipv4(each)) + struct.pack(">H", 8333)
        for each in ipv4
    )


def _ipv4(text):
    return bytes(map(int, text.split(".")))


def filter_range(start, stop_hash):
    """Of getcfilters and getcfheaders (BIP157)."""
    return struct.pack("<BI", 0, start) + stop_hash


def filter_checkpoints(stop_hash):
    """Of getcfcheckpt."""
    return b"\0" + stop_hash


def bloom_filter(bits, functions=5, tweak=7, flags=1):
    """Of filterload (BIP37)."""
    return chain.sized(bits) + struct.pack("<IIB", functions, tweak, flags)
