"""Crowds of connections to a Stratum server, each in a process of its own: miners that work at a steady pace, miners
that only listen, and strangers who send all that they can.

What a process has to tell goes through a pipe. Each ends by itself after a while, whatever becomes of the test.
"""

import collections
import dataclasses
import errno
import itertools
import json
import multiprocessing
import os
import random
import resource
import selectors
import socket
import time

from framework.node import scaled
from stratum_miner import Job, Miner, find_nonce, target_of_bits, target_of_difficulty

LONGEST_LINE = 4096  # that the server takes, without its end
_MOST_SECONDS = scaled(900)  # that any of the processes lives
_CHUNK = 32 << 10  # bytes that a flooder offers at once


def raise_file_limit(wanted):
    """Of this process, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Company:
    """A process that runs `work(pipe, ...)`, where the test asks and the process answers."""

    def __init__(self, work, *arguments):
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=work, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def tell(self, *question):
        self._pipe.send(question)

    def hear(self, patience):
        """What it says next."""
        if not self._pipe.poll(patience):
            raise AssertionError(f"no answer from {self._process.name} within {patience:.0f} s")
        try:
            return self._pipe.recv()
        except EOFError:
            raise AssertionError(f"{self._process.name} has failed; see above") from None

    def ask(self, patience, *question):
        self.tell(*question)
        return self.hear(patience)

    def end(self):
        self._process.kill()
        self._process.join()
        self._pipe.close()


# --- Who works ---


class PacedMiner(Miner):
    """Sends shares without waiting for the answers."""

    def __init__(self, port, user, patience):
        super().__init__(port, user, patience)
        self.shares = collections.deque()  # that are found already
        self.sent_at = {}  # when each was sent that has no answer yet

    def fileno(self):
        return self._socket.fileno()

    def prepare(self, count):
        """For the first job, at the first difficulty: a share is worth what was asked when its job came."""
        self.shares.extend(self.share() for _ in range(count))

    def send_next(self):
        self._last_id += 1
        line = json.dumps({"id": self._last_id, "method": "mining.submit", "params": self.shares.popleft()})
        self.sent_at[self._last_id] = time.monotonic()
        self.send_raw(line.encode() + b"\n")

    def take_answers(self):
        """Of what has come: the error of each answer, and how long it took."""
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server ended the connection of a miner that works")
        now = time.monotonic()
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "method" not in message:
                yield message["error"], now - self.sent_at.pop(message["id"])


class Tally:
    """What became of shares. Those count whose answer came within a window of `seconds`, when all was in full swing."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.sent = self.accepted = self.counted = 0
        self.refused = collections.Counter()
        self.latencies = []
        self.most_behind = 0  # by how much a share was sent late, at most

    def percentile(self, part):
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("inf")

    def text(self):
        times = ", ".join(f"{self.percentile(part):.1f} ms ({name})" for part, name in _PERCENTILES)
        return (
            f"{self.counted} shares acknowledged in {self.seconds:.0f} s; of {self.sent} in all {self.accepted} "
            f"accepted, after {times}; sent {1000 * self.most_behind:.0f} ms late at most"
        )


_PERCENTILES = ((0.5, "p50"), (0.99, "p99"), (1, "slowest"))


def _work(miners, every, lead, seconds, patience):
    """Each miner sends a share `every` so many seconds, whatever the server does."""
    tally = Tally(seconds)
    selector = selectors.DefaultSelector()
    for miner in miners:
        selector.register(miner, selectors.EVENT_READ)
    begin = time.monotonic()
    # They take turns.
    due = collections.deque(
        (begin + every * (turn + number / len(miners)), miner)
        for turn in range(round((seconds + 2 * lead) / every))
        for number, miner in enumerate(miners)
    )
    first, last = begin + lead, begin + lead + seconds
    unanswered = 0
    while due or (unanswered and time.monotonic() < last + lead + patience):
        while due and due[0][0] <= time.monotonic():
            when, miner = due.popleft()
            tally.most_behind = max(tally.most_behind, time.monotonic() - when)
            miner.send_next()
            tally.sent += 1
            unanswered += 1
        for key, _ in selector.select(max(0, due[0][0] - time.monotonic()) if due else 0.1):
            counts = first <= time.monotonic() < last
            for error, latency in key.fileobj.take_answers():
                unanswered -= 1
                tally.latencies.append(latency)
                if error is not None:
                    tally.refused[tuple(error[:2])] += 1
                else:
                    tally.accepted += 1
                    tally.counted += counts
    selector.close()
    return tally


def steady_miners(pipe, port, users, every, patience):
    """Told (lead, seconds): logs all in anew, has them work for so long with as much as `lead` before and after it, and
    says how it went (`Tally`)."""
    ends = time.monotonic() + _MOST_SECONDS
    while pipe.poll(max(0, ends - time.monotonic())):
        lead, seconds = pipe.recv()
        miners = [PacedMiner(port, user, patience).log_in(roll_versions=False) for user in users]
        for miner in miners:
            miner.prepare(round((seconds + 2 * lead) / every))
        pipe.send(_work(miners, every, lead, seconds, patience))
        for miner in miners:
            miner.close()


# --- Who only listens ---


class _Listener:
    """A miner that has logged in, and finds nothing."""

    def __init__(self, port, user):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.input = b""
        self.previous = None  # of its job: the block to build on, as the line has it
        self.told_at = None
        for number, (method, *params) in enumerate((("subscribe", "idle"), ("authorize", user, "x"))):
            line = json.dumps({"id": number, "method": "mining." + method, "params": params})
            self.socket.send(line.encode() + b"\n")

    def read(self):
        """False once the connection has ended."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message.get("method") == "mining.notify" and message["params"][1] != self.previous:
                self.previous, self.told_at = message["params"][1], time.monotonic()
        return bool(data)


def listeners(pipe, port, users):
    """Logs all in. Asked ("jobs"): how many are connected, and a list of (block to build on, when it was told)."""
    raise_file_limit(len(users) + 100)
    ends = time.monotonic() + _MOST_SECONDS
    selector = selectors.DefaultSelector()
    selector.register(pipe, selectors.EVENT_READ)
    those, begun = [], iter(users)
    connected = 0

    def begin_some():
        nonlocal connected
        for user in itertools.islice(begun, 20):
            listener = _Listener(port, user)
            those.append(listener)
            selector.register(listener.socket, selectors.EVENT_READ, listener)
            connected += 1

    while time.monotonic() < ends:
        begin_some()
        for key, _ in selector.select(0.01 if len(those) < len(users) else 1):
            if key.data is None:
                pipe.recv()
                pipe.send((connected, [(listener.previous, listener.told_at) for listener in those]))
            elif not key.data.read():
                selector.unregister(key.fileobj)
                key.fileobj.close()
                connected -= 1


# --- Who floods ---

_ID = 7  # of all their requests


def _line(method, *params):
    request = {"id": _ID, "method": "mining." + method, "params": params}
    return json.dumps(request, separators=(",", ":")).encode() + b"\n"


def _dear_line():
    """Accepted, as long as a line may be, and with as much in it to parse as possible."""
    names, line = {}, b""
    for number in itertools.count():
        names[f"{number:x}"] = 0
        longer = _line("subscribe", names)
        if len(longer) > LONGEST_LINE + 1:
            return line
        line = longer


def _wordy_line():
    """Accepted, and answered with about as much as it has itself."""
    return _line("configure", [f"{number:x}" * 230 for number in range(16)], {})


def _share(flooder, number, most, least):
    job, extranonce2 = Job(flooder.job), number.to_bytes(flooder.subscribed[2], "big")
    header = job.header(bytes.fromhex(flooder.subscribed[1]), extranonce2, job.time, 0)
    nonce, _ = find_nonce(header, most, least)
    return _line("submit", flooder.user, job.name, extranonce2.hex(), f"{job.time:08x}", f"{nonce:08x}")


def _low_share(flooder):
    return _share(flooder, 0, (1 << 256) - 1, target_of_difficulty(flooder.difficulty))


def _doubled_shares(flooder):
    """Of every ninety shares one is new: who never has a good one is cut off."""
    most, least = target_of_difficulty(flooder.difficulty), target_of_bits(int(flooder.job[6], 16))
    return b"".join(_share(flooder, number, most, least) * 90 for number in range(3))


def _stale_share(flooder):
    return _line("submit", flooder.user, "777", "00" * 8, "0" * 8, "0" * 8)


@dataclasses.dataclass
class Flood:
    lines: object  # what is sent again and again, or a function of the flooder that makes it
    logs_in: bool = True  # first
    reads: bool = True  # what it is answered
    leaves_after: int = 0  # so many bytes, behind which it closes its connection at once
    is_ended: bool = False  # by the server, soon


# Each kind asks something else of the server: to parse, to hash, to count, to remember, to accept, to notice.
FLOODS = {
    "subscribing": Flood(_line("subscribe", "x"), logs_in=False),
    "unknown": Flood(_line("ping"), logs_in=False, is_ended=True),
    "garbage": Flood(b"\x16\x03\x01 GET / HTTP/1.1 \xff\n", logs_in=False, is_ended=True),
    "halves": Flood(b"x", logs_in=False, is_ended=True),  # a line without an end, in small pieces
    "stale": Flood(_stale_share, is_ended=True),
    "low": Flood(_low_share, is_ended=True),
    "doubled": Flood(_doubled_shares),
    "fickle": Flood(_line("suggest_difficulty", 0.5) + _line("suggest_difficulty", 1)),
    "empty": Flood(b"\n"),
    "dear": Flood(_dear_line()),
    "dear and anew": Flood(_dear_line(), leaves_after=200 * LONGEST_LINE),  # a newcomer is read faster
    "deaf": Flood(_wordy_line(), reads=False),
    "leaving": Flood(b"\n", leaves_after=16000),  # with much that is yet to be read
}
_PAUSE = 0.05  # seconds between the connections of one flooder, at least


class _Flooder:
    """One connection after the other, from an address of its own, with one kind of flood."""

    def __init__(self, selector, port, kind, number, user):
        self.selector, self.port, self.flood, self.user = selector, port, FLOODS[kind], user
        self.kind = kind
        self.source = f"127.0.1.{number + 1}"
        self.pieces = random.Random(number)
        self.done = collections.Counter()
        self.socket = None
        self.next_try = 0

    def connect(self, now):
        self.next_try = now + _PAUSE
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.bind((self.source, 0))
        if self.socket.connect_ex(("127.0.0.1", self.port)) not in (0, errno.EINPROGRESS):
            self.socket.close()
            self.socket = None
            self.done["failed"] += 1
            return
        self.done["connections"] += 1
        self.input, self.chunk, self.left = b"", b"", self.flood.leaves_after
        self.job = self.difficulty = self.subscribed = None
        self.output = _line("subscribe", "x") + _line("authorize", self.user, "x") if self.flood.logs_in else b""
        self.selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
        if not self.flood.logs_in:
            self.begin()

    def close(self, why):
        self.done[why] += 1
        self.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None

    def on_event(self, events):
        try:
            if events & selectors.EVENT_READ:
                self.read()
            if self.socket is not None and events & selectors.EVENT_WRITE:
                self.write()
        except BlockingIOError:
            pass
        except OSError:
            self.close("ended")

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            return self.close("ended")
        self.done["answers"] += data.count(b"\n")
        if not self.chunk:
            self.read_job(data)

    def read_job(self, data):
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message["id"] == _ID and isinstance(message["result"], list):
                self.subscribed = message["result"]
            elif message.get("method") == "mining.set_difficulty":
                self.difficulty = message["params"][0]
            elif message.get("method") == "mining.notify" and not self.chunk:
                self.job = message["params"]
                self.begin()

    def begin(self):
        lines = self.flood.lines if isinstance(self.flood.lines, bytes) else self.flood.lines(self)
        self.chunk = lines * max(1, _CHUNK // len(lines))
        reads = selectors.EVENT_READ if self.flood.reads else 0
        self.selector.modify(self.socket, reads | selectors.EVENT_WRITE, self)

    def write(self):
        if not self.output and not self.chunk:  # the first job is yet to come
            self.selector.modify(self.socket, selectors.EVENT_READ, self)
            return
        if not self.output:
            self.output = self.chunk
            if self.kind == "halves":
                self.output = self.chunk[: self.pieces.randrange(1, 200)]
            elif self.left:
                self.output = self.chunk[: self.left]
        sent = self.socket.send(self.output)
        self.done["bytes"] += sent
        self.output = self.output[sent:]
        if self.flood.leaves_after and self.chunk:
            self.left = max(0, self.left - sent)
            if not self.left:
                self.close("left")


def flooders(pipe, port, kinds, first, users):
    """Flood with one connection of each of `kinds` (with repeats), at the lowest priority, until something is asked:
    what each kind has done, a Counter. The first has the address number `first`."""
    os.nice(19)
    raise_file_limit(len(kinds) + 100)
    ends = time.monotonic() + _MOST_SECONDS
    selector = selectors.DefaultSelector()
    those = [
        _Flooder(selector, port, kind, first + number, users[number % len(users)]) for number, kind in enumerate(kinds)
    ]
    while not pipe.poll() and time.monotonic() < ends:
        now = time.monotonic()
        for flooder in those:
            if flooder.socket is None and flooder.next_try <= now:
                flooder.connect(now)
        for key, events in selector.select(0.01):
            key.data.on_event(events)
    done = collections.defaultdict(collections.Counter)
    for flooder in those:
        done[flooder.kind].update(flooder.done)
    pipe.send(dict(done))
