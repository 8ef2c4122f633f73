"""A peer that speaks through python3-bitcoinlib: connects to a node over a real socket, and keeps what it hears."""

import hashlib
import socket
import struct
import threading
import time
from io import BytesIO

import bitcoin
import bitcoin.messages as messages

import codecs_of_bips as codecs
from framework.node import scaled

PROTOCOL = 70016
NODE_NETWORK, NODE_WITNESS = 1, 8


def frame(command, payload, magic=None, checksum=None, length=None):
    """The bytes of a message, or of one with a wrong frame."""
    digest = hashlib.sha256(hashlib.sha256(payload).digest()).digest()
    return b"".join(
        (
            bitcoin.params.MESSAGE_START if magic is None else magic,
            command.ljust(12, b"\0"),
            struct.pack("<I", len(payload) if length is None else length),
            digest[:4] if checksum is None else checksum,
            payload,
        )
    )


class Peer:
    """One connection. Pings are answered by themselves; everything heard is kept in order in `heard`."""

    def __init__(self, port, services=NODE_NETWORK | NODE_WITNESS, handshake=True, relay=True, wtxid=True, addrv2=True):
        bitcoin.SelectParams("regtest")
        self.heard = []
        self._news = threading.Condition()
        self._closed = False
        self.answer_pings = True
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=scaled(30))
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        if handshake:
            self.shake_hands(services, relay, wtxid, addrv2)

    def shake_hands(self, services=NODE_NETWORK | NODE_WITNESS, relay=True, wtxid=True, addrv2=True):
        version = messages.msg_version(PROTOCOL)
        version.nServices = services
        version.fRelay = relay
        version.nStartingHeight = 0
        self.send(version)
        self.version = self.wait_for("version")
        if wtxid:
            self.send(codecs.msg_wtxidrelay())
        if addrv2:
            self.send(codecs.msg_sendaddrv2())
        self.wait_for("verack")
        self.send(messages.msg_verack())
        self.synchronize()

    # Speaking.

    def send(self, message):
        self.send_bytes(message.to_bytes())

    def send_bytes(self, data):
        self._socket.sendall(data)

    def synchronize(self):
        """Returns when the node has dealt with everything that was sent: a pong comes behind all of it."""
        nonce = time.monotonic_ns() & 0xFFFFFFFFFFFF | 1
        self.send(messages.msg_ping(nonce=nonce))
        self.wait_for("pong", lambda pong: pong.nonce == nonce)

    # Hearing.

    def _receive(self, count):
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def _read(self):
        try:
            while True:
                header = self._receive(24)
                assert header[:4] == bitcoin.params.MESSAGE_START, header
                command = header[4:16].rstrip(b"\0")
                payload = self._receive(struct.unpack("<I", header[16:20])[0])
                assert frame(command, payload) == header + payload
                self._hear(command, payload)
        except OSError:
            pass
        finally:
            with self._news:
                self._closed = True
                self._news.notify_all()

    def _hear(self, command, payload):
        decoder = messages.messagemap.get(command)
        message = decoder.msg_deser(BytesIO(payload)) if decoder else payload
        if command == b"ping" and self.answer_pings:
            self.send(messages.msg_pong(nonce=message.nonce))
        with self._news:
            self.heard.append((command.decode(), message))
            self._news.notify_all()

    def wait_for(self, command, matches=lambda message: True, seconds=30):
        """The first message of that command heard so far or within `seconds` that `matches`; it is taken out."""
        deadline = time.monotonic() + scaled(seconds)
        with self._news:
            while True:
                for index, (name, message) in enumerate(self.heard):
                    if name == command and matches(message):
                        del self.heard[index]
                        return message
                left = deadline - time.monotonic()
                if self._closed or left <= 0:
                    state = "the connection is closed" if self._closed else f"none came within {scaled(seconds):.0f} s"
                    raise AssertionError(f"no such {command}: {state}; heard {[name for name, _ in self.heard]}")
                self._news.wait(left)

    def commands(self):
        with self._news:
            return [name for name, _ in self.heard]

    def wait_closed(self, seconds=30):
        """Returns when the node has ended the connection."""
        deadline = time.monotonic() + scaled(seconds)
        with self._news:
            while not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError("the node keeps the connection open")
                self._news.wait(left)

    def is_open(self):
        with self._news:
            return not self._closed

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        self._thread.join(scaled(10))
