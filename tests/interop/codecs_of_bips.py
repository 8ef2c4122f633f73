"""The messages that python3-bitcoinlib does not know, in the manner of those that it does, from the BIPs.

Importing this module makes `bitcoin.messages` decode them. Its `headers` leaves out the count of transactions behind
each header, so that one is written anew here as well.
"""

import struct

import bitcoin.messages as messages
from bitcoin.core import CBlockHeader, CTransaction
from bitcoin.core.serialize import BytesSerializer, VarIntSerializer, ser_read
from bitcoin.messages import MsgSerializable

WITNESS_FLAG = 1 << 30
MSG_TX, MSG_BLOCK, MSG_FILTERED_BLOCK, MSG_CMPCT_BLOCK, MSG_WTX = 1, 2, 3, 4, 5
MSG_WITNESS_TX, MSG_WITNESS_BLOCK = MSG_TX | WITNESS_FLAG, MSG_BLOCK | WITNESS_FLAG


def _unpack(stream, form):
    return struct.unpack(form, ser_read(stream, struct.calcsize(form)))


def _write_size(stream, number):
    VarIntSerializer.stream_serialize(number, stream)


def _read_size(stream):
    return VarIntSerializer.stream_deserialize(stream)


class _Message(MsgSerializable):
    """A message whose fields are `fields`: names of struct forms."""

    fields = {}

    def __init__(self, **values):
        super().__init__()
        for name in self.fields:
            setattr(self, name, values.pop(name, 0))
        assert not values, values

    @classmethod
    def msg_deser(cls, f, protover=messages.PROTO_VERSION):
        message = cls()
        for name, form in cls.fields.items():
            setattr(message, name, _unpack(f, form)[0])
        return message

    def msg_ser(self, f):
        for name, form in self.fields.items():
            f.write(struct.pack(form, getattr(self, name)))

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in vars(self))})"


class msg_sendheaders(_Message):
    """BIP130."""

    command = b"sendheaders"


class msg_wtxidrelay(_Message):
    """BIP339."""

    command = b"wtxidrelay"


class msg_sendaddrv2(_Message):
    """BIP155."""

    command = b"sendaddrv2"


class msg_feefilter(_Message):
    """BIP133: satoshis per 1,000 virtual bytes."""

    command = b"feefilter"
    fields = {"feerate": "<q"}


class msg_sendcmpct(_Message):
    """BIP152."""

    command = b"sendcmpct"
    fields = {"announce": "<?", "version": "<Q"}


class msg_headers(MsgSerializable):
    command = b"headers"

    def __init__(self, headers=()):
        super().__init__()
        self.headers = list(headers)

    @classmethod
    def msg_deser(cls, f, protover=messages.PROTO_VERSION):
        headers = []
        for _ in range(_read_size(f)):
            headers.append(CBlockHeader.stream_deserialize(f))
            assert _read_size(f) == 0
        return cls(headers)

    def msg_ser(self, f):
        _write_size(f, len(self.headers))
        for header in self.headers:
            f.write(header.serialize())
            _write_size(f, 0)


class msg_cmpctblock(MsgSerializable):
    """BIP152. `prefilled` has pairs of an index in the block and a transaction."""

    command = b"cmpctblock"

    def __init__(self, header=None, nonce=0, short_ids=(), prefilled=()):
        super().__init__()
        self.header = header
        self.nonce = nonce
        self.short_ids = list(short_ids)
        self.prefilled = list(prefilled)

    @classmethod
    def msg_deser(cls, f, protover=messages.PROTO_VERSION):
        header = CBlockHeader.stream_deserialize(f)
        (nonce,) = _unpack(f, "<Q")
        short_ids = [ser_read(f, 6) for _ in range(_read_size(f))]
        prefilled, index = [], -1
        for _ in range(_read_size(f)):
            index += 1 + _read_size(f)
            prefilled.append((index, CTransaction.stream_deserialize(f)))
        return cls(header, nonce, short_ids, prefilled)

    def msg_ser(self, f):
        f.write(CBlockHeader.serialize(self.header))
        f.write(struct.pack("<Q", self.nonce))
        _write_size(f, len(self.short_ids))
        for short_id in self.short_ids:
            f.write(short_id)
        _write_size(f, len(self.prefilled))
        last = -1
        for index, transaction in self.prefilled:
            _write_size(f, index - last - 1)
            transaction.stream_serialize(f)
            last = index


class msg_getblocktxn(MsgSerializable):
    """BIP152."""

    command = b"getblocktxn"

    def __init__(self, block=bytes(32), indexes=()):
        super().__init__()
        self.block = block
        self.indexes = list(indexes)

    @classmethod
    def msg_deser(cls, f, protover=messages.PROTO_VERSION):
        block, indexes, index = ser_read(f, 32), [], -1
        for _ in range(_read_size(f)):
            index += 1 + _read_size(f)
            indexes.append(index)
        return cls(block, indexes)

    def msg_ser(self, f):
        f.write(self.block)
        _write_size(f, len(self.indexes))
        last = -1
        for index in self.indexes:
            _write_size(f, index - last - 1)
            last = index


class msg_blocktxn(MsgSerializable):
    """BIP152."""

    command = b"blocktxn"

    def __init__(self, block=bytes(32), transactions=()):
        super().__init__()
        self.block = block
        self.transactions = list(transactions)

    @classmethod
    def msg_deser(cls, f, protover=messages.PROTO_VERSION):
        block = ser_read(f, 32)
        return cls(block, [CTransaction.stream_deserialize(f) for _ in range(_read_size(f))])

    def msg_ser(self, f):
        f.write(self.block)
        _write_size(f, len(self.transactions))
        for transaction in self.transactions:
            transaction.stream_serialize(f)


class AddressV2:
    """BIP155: network 1 is IPv4, 2 IPv6, 4 Tor version 3, 5 I2P, 6 CJDNS."""

    def __init__(self, time, services, network, address, port):
        self.time, self.services, self.network, self.address, self.port = time, services, network, address, port

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return f"AddressV2({self.network}, {self.address.hex()}, {self.port})"


class msg_addrv2(MsgSerializable):
    """BIP155."""

    command = b"addrv2"

    def __init__(self, addresses=()):
        super().__init__()
        self.addresses = list(addresses)

    @classmethod
    def msg_deser(cls, f, protover=messages.PROTO_VERSION):
        addresses = []
        for _ in range(_read_size(f)):
            (time,) = _unpack(f, "<I")
            services = _read_size(f)
            (network,) = _unpack(f, "<B")
            address = BytesSerializer.stream_deserialize(f)
            (port,) = _unpack(f, ">H")
            addresses.append(AddressV2(time, services, network, address, port))
        return cls(addresses)

    def msg_ser(self, f):
        _write_size(f, len(self.addresses))
        for entry in self.addresses:
            f.write(struct.pack("<I", entry.time))
            _write_size(f, entry.services)
            f.write(struct.pack("<B", entry.network))
            BytesSerializer.stream_serialize(entry.address, f)
            f.write(struct.pack(">H", entry.port))


for _class in (
    msg_sendheaders,
    msg_wtxidrelay,
    msg_sendaddrv2,
    msg_feefilter,
    msg_sendcmpct,
    msg_headers,
    msg_cmpctblock,
    msg_getblocktxn,
    msg_blocktxn,
    msg_addrv2,
):
    messages.messagemap[_class.command] = _class
