"""A Stratum v1 pool, written from the protocol's description, that checks every share by itself with hashlib."""

import contextlib
import dataclasses
import fractions
import hashlib
import json
import socket
import threading

DIFFICULTY_ONE = 0xFFFF << 208
ROLLABLE = 0x1FFFE000


def double_hash(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


@dataclasses.dataclass
class Job:
    """What mining.notify tells, and what its shares are held to."""

    name: str
    difficulty: float
    extranonce1: bytes
    clean: bool
    mask: int
    previous: bytes = bytes(range(32))
    coinbase1: bytes = b"\x01\x00\x00\x00" + bytes(40)
    coinbase2: bytes = bytes(60)
    branch: tuple = (b"\x11" * 32, b"\x22" * 32)
    version: int = 0x20000000
    bits: int = 0x1D00FFFF
    time: int = 1_700_000_000

    def params(self):
        words = b"".join(self.previous[at : at + 4][::-1] for at in range(0, 32, 4))
        numbers = [f"{number:08x}" for number in (self.version, self.bits, self.time)]
        branch = [node.hex() for node in self.branch]
        return [self.name, words.hex(), self.coinbase1.hex(), self.coinbase2.hex(), branch, *numbers, self.clean]

    def header(self, extranonce2, time, nonce, version_bits):
        root = double_hash(self.coinbase1 + self.extranonce1 + extranonce2 + self.coinbase2)
        for node in self.branch:
            root = double_hash(root + node)
        version = self.version & ~self.mask | version_bits & self.mask
        numbers = [number.to_bytes(4, "little") for number in (version, time, self.bits, nonce)]
        return numbers[0] + self.previous + root + numbers[1] + numbers[2] + numbers[3]


@dataclasses.dataclass
class Share:
    job: str
    hash: int
    version_bits: object  # None if the miner sent none
    verdict: object  # True, or [code, text, None]


class Miner:
    """A connection of a miner, with a thread that answers it."""

    def __init__(self, pool, connection, number):
        self.pool, self.connection = pool, connection
        self.extranonce1 = number.to_bytes(4, "big")
        self.agent = self.user = self.password = None
        self.mask = 0
        self.wants_extranonce = False
        self.jobs, self.seen, self.asked = {}, set(), []
        threading.Thread(target=self._serve, daemon=True).start()

    def send(self, **message):
        self.say(json.dumps(message))

    def say(self, text):
        try:
            self.connection.sendall(text.encode() + b"\n")
        except OSError:
            pass  # it has gone

    def notice(self, method, *params):
        self.send(id=None, method=method, params=list(params))

    def close(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()

    def give_job(self, clean):
        pool = self.pool
        job = Job(pool.next_name(), pool.difficulty, self.extranonce1, clean, self.mask, version=pool.version)
        if clean:
            self.jobs.clear()
        self.jobs[job.name] = job
        self.notice("mining.notify", *job.params())
        return job

    def _serve(self):
        try:
            with self.connection.makefile("rb") as lines:
                for line in lines:
                    with self.pool.lock:
                        self._answer(json.loads(line))
        except (OSError, ValueError):
            pass
        self.pool.forget(self)

    def _answer(self, message):
        if "method" not in message:
            return self.pool.answers.append(message)
        self.asked.append(message["method"])
        name = message["method"].removeprefix("mining.").replace(".", "_")
        result = getattr(self, f"_on_{name}")(*message["params"])
        error = None
        if isinstance(result, list) and result and isinstance(result[0], int):
            result, error = None, result
        self.send(id=message["id"], result=result, error=error)
        if name == "authorize" and self.pool.elsewhere:
            return self.notice("client.reconnect", "127.0.0.1", self.pool.elsewhere, 0)
        if name == "authorize" and result is True:
            self.notice("mining.set_difficulty", self.pool.difficulty)
            self.give_job(True)

    def _on_configure(self, extensions, options):
        if self.pool.mask is None:
            return [20, "Unknown method", None]
        assert extensions == ["version-rolling"], extensions
        self.mask = int(options["version-rolling.mask"], 16) & self.pool.mask
        return {"version-rolling": True, "version-rolling.mask": f"{self.mask:08x}"}

    def _on_subscribe(self, agent):
        self.agent = agent
        return [[["mining.notify", "s"]], self.extranonce1.hex(), self.pool.extranonce2_size]

    def _on_extranonce_subscribe(self):
        self.wants_extranonce = True
        return True

    def _on_authorize(self, user, password):
        self.user, self.password = user, password
        return user != "nobody" or [24, "Unauthorized worker", None]

    def _on_submit(self, user, name, extranonce2, time, nonce, version_bits=None):
        assert user == self.user, user
        job = self.jobs.get(name)
        value = None
        if job is None:
            verdict = [21, "Job not found", None]
        else:
            value, verdict = self._judge(job, extranonce2, time, nonce, version_bits)
        self.pool.shares.append(Share(name, value, version_bits, verdict))
        return verdict

    def _judge(self, job, extranonce2, time, nonce, version_bits):
        if (version_bits is None) != (self.pool.mask is None):
            return None, [20, "Version bits are missing or not wanted", None]
        if any(len(field) != 8 for field in (time, nonce, version_bits or "0" * 8)):
            return None, [20, "A field has no 8 digits", None]
        if len(extranonce2) != 2 * self.pool.extranonce2_size:
            return None, [20, "Wrong size of extranonce2", None]
        bits = int(version_bits or "0", 16)
        if bits & ~job.mask:
            return None, [20, "Version bits outside of the mask", None]
        header = job.header(bytes.fromhex(extranonce2), int(time, 16), int(nonce, 16), bits)
        value = int.from_bytes(double_hash(header), "little")
        if header in self.seen:
            return value, [22, "Duplicate share", None]
        self.seen.add(header)
        if value * fractions.Fraction(job.difficulty) > DIFFICULTY_ONE:
            return value, [23, "Low difficulty share", None]
        return value, True


class Pool:
    """Listens on 127.0.0.1 until it is closed. Its attributes may be changed while it serves."""

    def __init__(self, port=0, tls=None, mask=ROLLABLE, difficulty=3e-6, extranonce2_size=4, version=0x20000000):
        self.mask, self.difficulty, self.extranonce2_size = mask, difficulty, extranonce2_size
        self.version = version
        self.elsewhere = None  # the port where those who log in are sent to, without a job
        self.lock = threading.RLock()
        self.miners, self.shares, self.answers = [], [], []
        self.connections = self._names = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        scheme = "stratum+ssl" if self._tls else "stratum+tcp"
        return f"{scheme}://127.0.0.1:{self.port}"

    def option(self, user="worker", password="hush-hush"):
        return "-pool=" + self.url.replace("//", f"//{user}:{password}@")

    def close(self):
        with contextlib.suppress(OSError):  # it may be closed
            self._listener.shutdown(socket.SHUT_RDWR)  # a thread waits in accept, which closing alone does not end
        self._listener.close()
        self.drop()

    def drop(self):
        """Ends all connections."""
        for miner in list(self.miners):
            miner.close()

    def forget(self, miner):
        miner.close()
        if miner in self.miners:
            self.miners.remove(miner)

    def next_name(self):
        self._names += 1
        return f"{self.port:x}-{self._names}"

    def ready(self):
        """Whether there is a miner, and every one has a job."""
        with self.lock:
            return self.miners and all(miner.jobs for miner in self.miners)

    def new_job(self, clean=True):
        """Gives every miner another job; returns the last."""
        with self.lock:
            return [miner.give_job(clean) for miner in self.miners][-1]

    def announce(self, method, *params):
        with self.lock:
            for miner in self.miners:
                miner.notice(method, *params)

    def accepted(self, job=None):
        with self.lock:
            return [s for s in self.shares if s.verdict is True and (job is None or s.job == job.name)]

    def refused(self):
        """But for stale shares, which a miner cannot avoid."""
        with self.lock:
            return [s for s in self.shares if s.verdict is not True and s.verdict[0] != 21]

    def stale(self):
        with self.lock:
            return [s for s in self.shares if s.verdict is not True and s.verdict[0] == 21]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._welcome, args=(connection,), daemon=True).start()

    def _welcome(self, connection):
        if self._tls:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                return  # it does not trust us
        with self.lock:
            self.connections += 1
            self.miners.append(Miner(self, connection, self.connections))
