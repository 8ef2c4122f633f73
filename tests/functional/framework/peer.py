"""A peer in Python: frames, the handshake, and whatever bytes a test wants to send."""

import socket
import struct
import time

from framework import chain
from framework.node import scaled

VERSION = 70016
SERVICES = 1 | 8  # NODE_NETWORK and NODE_WITNESS


def frame(command, payload=b"", magic=None, length=None, checksum=None):
    """A message on the wire; a test may get parts of its header wrong."""
    header = chain.MAGIC["regtest"] if magic is None else magic
    header += command.encode().ljust(12, b"\0")
    header += struct.pack("<I", len(payload) if length is None else length)
    header += chain.sha256d(payload)[:4] if checksum is None else checksum
    return header + payload


def version_payload():
    nonce, height, relay = 1, 0, True
    address = struct.pack("<Q", SERVICES) + b"\0" * 18
    return (
        struct.pack("<iQq", VERSION, SERVICES, int(time.time()))
        + address * 2
        + struct.pack("<Q", nonce)
        + chain.sized(b"/python/")
        + struct.pack("<i?", height, relay)
    )


class Peer:
    """A connection to a node under test."""

    def __init__(self, node, source="127.0.0.1"):
        """Connects from the address `source`, which may be any that begins with 127."""
        self.socket = socket.create_connection(("127.0.0.1", node.p2p_port), source_address=(source, 0))
        self.socket.settimeout(scaled(30))
        self._buffer = b""

    def close(self):
        self.socket.close()

    def send(self, command, payload=b"", **wrong):
        self.socket.sendall(frame(command, payload, **wrong))

    def _read(self, count):
        while len(self._buffer) < count:
            part = self.socket.recv(1 << 16)
            if not part:
                raise EOFError("the node closed the connection")
            self._buffer += part
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def receive(self):
        """The next message: its command and its payload."""
        header = self._read(24)
        if header[:4] != chain.MAGIC["regtest"]:
            raise ValueError("a message without the chain's magic")
        payload = self._read(struct.unpack("<I", header[16:20])[0])
        if chain.sha256d(payload)[:4] != header[20:24]:
            raise ValueError("a message with a wrong checksum")
        return header[4:16].rstrip(b"\0").decode(), payload

    def wait_for(self, command):
        """The payload of the next message of that name; pings are answered meanwhile."""
        while True:
            name, payload = self.receive()
            if name == "ping":
                self.send("pong", payload)
            if name == command:
                return payload

    def handshake(self):
        self.send("version", version_payload())
        self.wait_for("version")
        self.send("verack")
        self.wait_for("verack")
        return self

    def sync(self, nonce=77):
        """Returns when the node has dealt with everything that was sent."""
        self.send("ping", struct.pack("<Q", nonce))
        while self.wait_for("pong") != struct.pack("<Q", nonce):
            pass

    def is_cut_off(self):
        """The node ends the connection, whatever it sends before."""
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False
