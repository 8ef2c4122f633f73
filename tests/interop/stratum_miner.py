"""A miner that speaks Stratum v1, written from the protocol's description alone: hashlib and sockets.

It knows nothing of the node's own code: what it computes from the lines of the server is what a block is.
"""

import hashlib
import json
import socket
import struct

HASHES_OF_DIFFICULTY_ONE = 1 << 32
_DIFFICULTY_ONE = 0xFFFF << 208
VERSION_MASK = 0x1FFFE000


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def target_of_bits(bits):
    return (bits & 0xFFFFFF) << 8 * ((bits >> 24) - 3)


def target_of_difficulty(difficulty):
    numerator, denominator = difficulty.as_integer_ratio()
    return min(_DIFFICULTY_ONE * denominator // numerator, (1 << 256) - 1)


def difficulty_of_target(target):
    return _DIFFICULTY_ONE / target


def find_nonce(header, most, least=-1):
    """The first with which the header's hash is at most `most`, and above `least`; and that hash, as a number."""
    midstate = hashlib.sha256(header[:64])
    for nonce in range(1 << 32):
        inner = midstate.copy()
        inner.update(header[64:76] + struct.pack("<I", nonce))
        value = int.from_bytes(hashlib.sha256(inner.digest()).digest(), "little")
        if least < value <= most:
            return nonce, value
    raise AssertionError("no nonce does")


class StratumRefusal(Exception):
    def __init__(self, error):
        super().__init__(str(error))
        self.code, self.text = error[0], error[1]


class Job:
    """The parameters of mining.notify."""

    def __init__(self, params):
        self.name, previous, first, second, branch, version, bits, time, self.clean = params
        # Words of four bytes, each turned round.
        raw = bytes.fromhex(previous)
        self.previous = b"".join(raw[at : at + 4][::-1] for at in range(0, 32, 4))
        self.first, self.second = bytes.fromhex(first), bytes.fromhex(second)
        self.branch = [bytes.fromhex(node) for node in branch]
        self.version, self.bits, self.time = int(version, 16), int(bits, 16), int(time, 16)

    def coinbase(self, extranonce1, extranonce2):
        return self.first + extranonce1 + extranonce2 + self.second

    def header(self, extranonce1, extranonce2, time, nonce, version_bits=None):
        root = sha256d(self.coinbase(extranonce1, extranonce2))
        for node in self.branch:
            root = sha256d(root + node)
        version = self.version
        if version_bits is not None:
            version = version & ~VERSION_MASK | version_bits
        return struct.pack("<I32s32sIII", version, self.previous, root, time, self.bits, nonce)


class Miner:
    """One connection, used by one thread."""

    def __init__(self, port, user, patience):
        self.user = user
        self._socket = socket.create_connection(("127.0.0.1", port), patience)
        self._input = b""
        self._last_id = 0
        self.job = None
        self.difficulty = None
        self.extranonce1 = self.extranonce2_size = None
        self.notices = []  # the methods of what came unasked, in order
        self.found_block = False  # whether the last share that was found is one
        self._tried = 0

    def close(self):
        self._socket.close()

    def send_raw(self, data):
        self._socket.sendall(data)

    def receive(self):
        """The next line; None once the server has closed the connection."""
        while b"\n" not in self._input:
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._input += data
        line, self._input = self._input.split(b"\n", 1)
        message = json.loads(line)
        if message.get("method") == "mining.notify":
            self.job = Job(message["params"])
            self._tried = 0
        elif message.get("method") == "mining.set_difficulty":
            self.difficulty = float(message["params"][0])
        if "method" in message:
            self.notices.append(message["method"])
        return message

    def ask(self, method, *params):
        """The result; raises StratumRefusal."""
        self._last_id += 1
        self.send_raw(json.dumps({"id": self._last_id, "method": method, "params": list(params)}).encode() + b"\n")
        return self.answer_to(self._last_id)

    def answer_to(self, number):
        while True:
            message = self.receive()
            if message is None:
                raise ConnectionError("the server ended the connection")
            if "method" not in message and message["id"] == number:
                if message["error"] is not None:
                    raise StratumRefusal(message["error"])
                return message["result"]

    def log_in(self, roll_versions=True):
        if roll_versions:
            answer = self.ask("mining.configure", ["version-rolling"], {"version-rolling.mask": "ffffffff"})
            assert answer == {"version-rolling": True, "version-rolling.mask": f"{VERSION_MASK:08x}"}, answer
        subscriptions, extranonce1, self.extranonce2_size = self.ask("mining.subscribe", "cairn-test/1")
        assert {name for name, _ in subscriptions} == {"mining.set_difficulty", "mining.notify"}
        self.extranonce1 = bytes.fromhex(extranonce1)
        assert self.ask("mining.authorize", self.user, "x") is True
        while self.job is None:
            self.receive()
        return self

    def wait_for_job(self, wanted):
        """Until a job has come for which `wanted(job)`."""
        while not wanted(self.job):
            assert self.receive() is not None

    def find(self, most, least=-1, version_bits=None):
        """The parameters of a share whose hash is at most `most`, and above `least`; never the same twice."""
        job, extranonce2 = self.job, self._tried.to_bytes(self.extranonce2_size, "big")
        self._tried += 1
        nonce, value = find_nonce(job.header(self.extranonce1, extranonce2, job.time, 0, version_bits), most, least)
        self.found_block = value <= target_of_bits(job.bits)
        share = [self.user, job.name, extranonce2.hex(), f"{job.time:08x}", f"{nonce:08x}"]
        return share if version_bits is None else [*share, f"{version_bits:08x}"]

    def block(self, **how):
        """A share that is a block."""
        return self.find(target_of_bits(self.job.bits), **how)

    def share(self, **how):
        """A share that is good, but no block."""
        return self.find(target_of_difficulty(self.difficulty), target_of_bits(self.job.bits), **how)

    def submit(self, share):
        return self.ask("mining.submit", *share)

    def code_of(self, share):
        """The code with which a share is refused; 0 if it is not."""
        try:
            self.submit(share)
        except StratumRefusal as refusal:
            return refusal.code
        return 0
