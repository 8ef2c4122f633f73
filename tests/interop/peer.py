"""A peer that speaks through python3-bitcoinlib: connects to a node over a real socket, and keeps what it hears."""

import socket
import threading
import time
from io import BytesIO

import bitcoin
import bitcoin.messages as messages

import codecs_of_bips as codecs
import framework.peer
from framework.node import scaled


class Peer(framework.peer.Peer):
    """One connection. Pings are answered by themselves; everything heard is kept in order in `heard`."""

    def __init__(self, node, wtxid=True, addrv2=True):
        super().__init__(node)
        self.socket.settimeout(None)
        bitcoin.SelectParams("regtest")
        self.heard = []
        self._news = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.handshake(wtxid, addrv2)

    def handshake(self, wtxid, addrv2):
        version = messages.msg_version(framework.peer.VERSION)
        version.nServices = framework.peer.SERVICES
        version.nStartingHeight = 0
        self.send(version)
        self.version = self.wait_for("version")
        if wtxid:
            self.send(codecs.msg_wtxidrelay())
        if addrv2:
            self.send(codecs.msg_sendaddrv2())
        self.wait_for("verack")
        self.send(messages.msg_verack())
        self.sync()

    # Speaking.

    def send(self, message):
        self.socket.sendall(message.to_bytes())

    def sync(self):
        """Returns when the node has dealt with everything that was sent: a pong comes behind all of it."""
        nonce = time.monotonic_ns() & 0xFFFFFFFFFFFF | 1
        self.send(messages.msg_ping(nonce=nonce))
        self.wait_for("pong", lambda pong: pong.nonce == nonce)

    # Hearing.

    def _listen(self):
        try:
            while True:
                self._hear(*self.receive())
        except (OSError, EOFError):
            pass
        finally:
            with self._news:
                self._closed = True
                self._news.notify_all()

    def _hear(self, command, payload):
        decoder = messages.messagemap.get(command.encode())
        message = decoder.msg_deser(BytesIO(payload)) if decoder else payload
        if command == "ping":
            self.send(messages.msg_pong(nonce=message.nonce))
        with self._news:
            self.heard.append((command, message))
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
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        super().close()
        self._thread.join(scaled(10))
