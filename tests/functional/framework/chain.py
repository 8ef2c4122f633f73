"""Headers, transactions, blocks and bootstrap files: parsed, written, and built anew for regtest.

Hashes are bytes in the order of the wire; `display` turns one into the text that people see.
"""

import dataclasses
import hashlib
import io
import struct

COIN = 100_000_000
REGTEST_BITS = 0x207FFFFF
REGTEST_HALVING = 150
SEQUENCE_FINAL = 0xFFFFFFFF
ANYONE_CAN_SPEND = b"\x51"  # OP_TRUE

MAGIC = {
    "main": bytes.fromhex("f9beb4d9"),
    "test": bytes.fromhex("0b110907"),
    "testnet4": bytes.fromhex("1c163f28"),
    "signet": bytes.fromhex("0a03cf40"),
    "regtest": bytes.fromhex("fabfb5da"),
}


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def display(wire_hash):
    return wire_hash[::-1].hex()


def from_display(text):
    return bytes.fromhex(text)[::-1]


def compact_size(number):
    if number < 253:
        return struct.pack("<B", number)
    if number <= 0xFFFF:
        return struct.pack("<BH", 253, number)
    if number <= 0xFFFFFFFF:
        return struct.pack("<BI", 254, number)
    return struct.pack("<BQ", 255, number)


def _exactly(stream, count):
    data = stream.read(count)
    if len(data) != count:
        raise ValueError("the data end too early")
    return data


def _unpack(stream, form):
    return struct.unpack(form, _exactly(stream, struct.calcsize(form)))


def read_compact_size(stream):
    (first,) = _unpack(stream, "<B")
    if first < 253:
        return first
    return _unpack(stream, {253: "<H", 254: "<I", 255: "<Q"}[first])[0]


def sized(data):
    return compact_size(len(data)) + data


def read_sized(stream):
    return _exactly(stream, read_compact_size(stream))


@dataclasses.dataclass
class Input:
    txid: bytes = b"\0" * 32
    index: int = 0xFFFFFFFF
    script: bytes = b""
    sequence: int = SEQUENCE_FINAL
    witness: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Output:
    value: int
    script: bytes = ANYONE_CAN_SPEND


@dataclasses.dataclass
class Transaction:
    inputs: list
    outputs: list
    version: int = 2
    locktime: int = 0

    def serialize(self, with_witness=True):
        with_witness = with_witness and any(entry.witness for entry in self.inputs)
        parts = [struct.pack("<i", self.version), b"\0\1" if with_witness else b"", compact_size(len(self.inputs))]
        for entry in self.inputs:
            parts += [entry.txid, struct.pack("<I", entry.index), sized(entry.script)]
            parts.append(struct.pack("<I", entry.sequence))
        parts.append(compact_size(len(self.outputs)))
        parts += [struct.pack("<q", out.value) + sized(out.script) for out in self.outputs]
        if with_witness:
            parts += [compact_size(len(i.witness)) + b"".join(map(sized, i.witness)) for i in self.inputs]
        return b"".join(parts) + struct.pack("<I", self.locktime)

    def txid(self):
        return sha256d(self.serialize(with_witness=False))

    def wtxid(self):
        return sha256d(self.serialize())

    @classmethod
    def parse(cls, stream):
        (version,) = _unpack(stream, "<i")
        count = read_compact_size(stream)
        with_witness = count == 0
        if with_witness:
            if _exactly(stream, 1) != b"\1":
                raise ValueError("unknown transaction flag")
            count = read_compact_size(stream)
        inputs = [
            Input(_exactly(stream, 32), _unpack(stream, "<I")[0], read_sized(stream), _unpack(stream, "<I")[0])
            for _ in range(count)
        ]
        outputs = [Output(_unpack(stream, "<q")[0], read_sized(stream)) for _ in range(read_compact_size(stream))]
        if with_witness:
            for entry in inputs:
                entry.witness = [read_sized(stream) for _ in range(read_compact_size(stream))]
        return cls(inputs, outputs, version, _unpack(stream, "<I")[0])


@dataclasses.dataclass
class Header:
    version: int
    previous: bytes
    merkle_root: bytes
    time: int
    bits: int
    nonce: int = 0

    def serialize(self):
        return (
            struct.pack("<i", self.version)
            + self.previous
            + self.merkle_root
            + struct.pack("<III", self.time, self.bits, self.nonce)
        )

    def hash(self):
        return sha256d(self.serialize())

    def meets_target(self):
        return int.from_bytes(self.hash(), "little") <= target_of(self.bits)

    def solve(self):
        """Searches the nonce from the present one upwards."""
        while not self.meets_target():
            self.nonce += 1

    @classmethod
    def parse(cls, stream):
        (version,) = _unpack(stream, "<i")
        return cls(version, _exactly(stream, 32), _exactly(stream, 32), *_unpack(stream, "<III"))


def target_of(bits):
    exponent, mantissa = bits >> 24, bits & 0x7FFFFF
    return mantissa << 8 * (exponent - 3) if exponent > 3 else mantissa >> 8 * (3 - exponent)


@dataclasses.dataclass
class Block:
    header: Header
    transactions: list

    def serialize(self, with_witness=True):
        bodies = b"".join(tx.serialize(with_witness) for tx in self.transactions)
        return self.header.serialize() + compact_size(len(self.transactions)) + bodies

    def hash(self):
        return self.header.hash()

    def hex(self):
        return self.serialize().hex()

    def seal(self, solve=True):
        """Sets the merkle root to what the transactions give, and solves the header."""
        self.header.merkle_root = merkle_root([tx.txid() for tx in self.transactions])
        if solve:
            self.header.solve()
        return self

    @classmethod
    def parse(cls, raw):
        stream = io.BytesIO(raw)
        header = Header.parse(stream)
        block = cls(header, [Transaction.parse(stream) for _ in range(read_compact_size(stream))])
        if stream.read():
            raise ValueError("bytes after the block")
        return block


def merkle_root(hashes):
    while len(hashes) > 1:
        if len(hashes) % 2:
            hashes = hashes + hashes[-1:]
        hashes = [sha256d(hashes[i] + hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def push_number(number):
    """A script that pushes a number as BIP34 wants a height: OP_n up to 16, else minimal bytes."""
    if number == 0:
        return b"\0"
    if 1 <= number <= 16:
        return bytes([0x50 + number])
    return sized(number.to_bytes(number.bit_length() // 8 + 1, "little"))


def subsidy(height, halving=REGTEST_HALVING):
    return 50 * COIN >> height // halving if height // halving < 64 else 0


def coinbase(height, value=None, script=ANYONE_CAN_SPEND, extra=b"\0"):
    """A coinbase without witness; `extra` follows the height, and makes coinbases of one height differ."""
    value = subsidy(height) if value is None else value
    return Transaction([Input(script=push_number(height) + extra)], [Output(value, script)])


def add_witness_commitment(block):
    """Gives a block whose transactions have witnesses the commitment of BIP141."""
    first = block.transactions[0]
    first.inputs[0].witness = [b"\0" * 32]
    root = merkle_root([b"\0" * 32] + [tx.wtxid() for tx in block.transactions[1:]])
    first.outputs.append(Output(0, b"\x6a\x24\xaa\x21\xa9\xed" + sha256d(root + b"\0" * 32)))


def build_block(previous, height, time, transactions=(), fees=0, **settings):
    """A solved regtest block without witnesses. `previous` is a hash on the wire; settings are those of `coinbase`."""
    first = coinbase(height, value=settings.pop("value", subsidy(height) + fees), **settings)
    return Block(Header(0x20000000, previous, b"", time, REGTEST_BITS), [first, *transactions]).seal()


def build_chain(previous, height, time, count, **settings):
    """`count` blocks on top of `previous`, the first at `height`, ten minutes apart from `time` on."""
    blocks = []
    for i in range(count):
        blocks.append(build_block(previous, height + i, time + 600 * i, **settings))
        previous = blocks[-1].hash()
    return blocks


def frame(raw_blocks, chain="regtest"):
    """A bootstrap file: each block behind the chain's magic and its length."""
    return b"".join(MAGIC[chain] + struct.pack("<I", len(raw)) + raw for raw in raw_blocks)


def read_frames(data, chain):
    """The raw blocks of a bootstrap file."""
    stream, blocks = io.BytesIO(data), []
    while magic := stream.read(4):
        if magic != MAGIC[chain]:
            raise ValueError(f"no magic of {chain} at {stream.tell() - 4}")
        blocks.append(_exactly(stream, _unpack(stream, "<I")[0]))
    return blocks
