"""Stands between Stratum miners and their server, passes on every line, and keeps the books by itself.

What it says of a share it has seen on the wire, and computed with hashlib: it takes nobody's word for a count.
"""

import asyncio
import collections
import contextlib
import dataclasses
import json
import pathlib
import socket
import sys
import threading
import traceback

sys.path.append(str(pathlib.Path(__file__).parents[1] / "interop"))

from stratum_miner import Job, sha256d, target_of_bits, target_of_difficulty


@dataclasses.dataclass
class Announced:
    """A job, and the least difficulty that was in force since it was announced."""

    job: Job
    least: float


@dataclasses.dataclass
class Submission:
    params: list
    announced: Announced  # None if there is no such job
    most: float = 0  # the difficulty that was asked of it when it was passed on

    @property
    def worker(self):
        return self.params[0]


class Session:
    """One connection of a miner: the lines of both sides, in the order in which they passed."""

    def __init__(self, books):
        self.books = books
        self.worker = self.extranonce1 = self.mask = self.difficulty = None
        self.difficulties = []  # in order
        self.jobs = {}
        self.job = None  # the last
        self.pending = {}  # what the miner asked and was not answered, by its id
        self.asked = []  # the methods
        self.submitted = collections.Counter()  # by the difficulty that was asked of them
        self.open = True
        self.served = False  # whether there is a connection to the server

    def mines(self):
        return self.open and self.worker is not None and self.job is not None

    def unanswered(self):
        return [ask for ask in self.pending.values() if isinstance(ask, Submission)]

    def on_line_of_miner(self, message):
        """Whether it is a share."""
        method, params = message["method"], message["params"]
        self.asked.append(method)
        if method != "mining.submit":
            self.pending[message["id"]] = (method, params)
            return False
        announced = self.jobs.get(params[1])
        submission = Submission(params, announced, announced.least if announced else 0)
        self.submitted[submission.most] += 1
        self.pending[message["id"]] = submission
        return True

    def on_line_of_server(self, message):
        if message.get("method") == "mining.set_difficulty":
            self.difficulty = float(message["params"][0])
            self.difficulties.append(self.difficulty)
            for announced in self.jobs.values():
                announced.least = min(announced.least, self.difficulty)
        elif message.get("method") == "mining.notify":
            self.job = Job(message["params"])
            self.jobs[self.job.name] = Announced(self.job, self.difficulty)
        elif "method" not in message and message["id"] in self.pending:
            ask = self.pending.pop(message["id"])
            if isinstance(ask, Submission):
                self.books.enter(self, ask, message["error"])
            elif message["error"] is None:
                self.on_answer(*ask, message["result"])

    def on_answer(self, method, params, result):
        if method == "mining.configure":
            self.mask = int(result["version-rolling.mask"], 16)
        elif method == "mining.subscribe":
            self.extranonce1 = bytes.fromhex(result[1])
        elif method == "mining.authorize" and result is True:
            self.worker = params[0]

    def header_of(self, submission):
        _, _, extranonce2, time, nonce, *bits = submission.params
        version_bits = int(bits[0], 16) if bits else None
        numbers = int(time, 16), int(nonce, 16), version_bits
        return submission.announced.job.header(self.extranonce1, bytes.fromhex(extranonce2), *numbers)


class Books:
    """What was answered, for each worker, since the beginning."""

    STALE = 21

    def __init__(self):
        self.totals = collections.defaultdict(collections.Counter)
        self.blocks = 0  # among the accepted shares
        self.hashes = set()  # of the accepted ones
        self.last = collections.deque(maxlen=10)  # submissions that were accepted
        self.lost = collections.deque(maxlen=10)  # and that were never answered
        self.version_bits = set()

    def enter(self, session, submission, error):
        totals = self.totals[submission.worker]
        if error is not None:
            totals["stale" if error[0] == self.STALE else "rejected"] += 1
            return
        totals["accepted"] += 1
        # The server may have held it to any difficulty between these two.
        totals["least_difficulty"] += submission.announced.least
        totals["most_difficulty"] += submission.most
        header = session.header_of(submission)
        value = int.from_bytes(sha256d(header), "little")
        block = target_of_bits(submission.announced.job.bits)
        assert value <= max(block, target_of_difficulty(submission.announced.least)), f"no share: {submission}"
        assert value not in self.hashes, f"a share counted twice: {submission}"
        self.hashes.add(value)
        self.blocks += value <= block
        self.last.append(submission)
        self.version_bits.add(tuple(submission.params[5:]))

    def close(self, session):
        """The server will not answer any more."""
        for submission in session.unanswered():
            self.totals[submission.worker]["unanswered"] += 1
            self.lost.append(submission)
        session.pending.clear()


class Gate:
    """Listens on 127.0.0.1, by TLS with a context for it, until it is closed. What it tells is read under its lock.

    When a miner has gone, a gate that `drains` keeps the connection to the server until everything is answered; else
    it breaks it off, as a kernel does for a process that was killed.
    """

    def __init__(self, server_port, tls=None):
        self.server_port, self.drains = server_port, True
        self.lock = threading.RLock()
        self.books = Books()
        self.sessions = []  # all that there ever were
        self.failures = []  # tracebacks
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._armed = None  # after how many shares what is to be called, and how late
        started = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._main(started),), daemon=True)
        self._thread.start()
        started.wait()

    def close(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    # What the test asks and wants.

    def totals(self, worker):
        with self.lock:
            return collections.Counter(self.books.totals[worker])

    def open_sessions(self):
        with self.lock:
            return [session for session in self.sessions if session.open]

    def session_of(self, worker):
        """The one of this worker that mines; nothing if there is none."""
        with self.lock:
            return next((s for s in self.open_sessions() if s.worker == worker and s.mines()), None)

    def accepted(self):
        with self.lock:
            return len(self.books.hashes)

    def is_quiet(self):
        """Whether everything that was passed on is answered."""
        return not any(session.pending for session in self.open_sessions())

    @contextlib.contextmanager
    def held(self):
        """Meanwhile nothing is passed on to the server; the answers are."""
        self._set_way(False)
        try:
            yield
        finally:
            self._set_way(True)

    def after_shares(self, count, delay, action):
        """Calls it once so many more shares were passed on, and so many seconds went by."""
        with self.lock:
            self._armed = [count, delay, action]

    # On the thread of the gate.

    def _set_way(self, free):
        async def change():
            (self._way.set if free else self._way.clear)()

        asyncio.run_coroutine_threadsafe(change(), self._loop).result()

    async def _main(self, started):
        self._loop, self._end, self._way = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._way.set()
        server = await asyncio.start_server(self._serve, sock=self._listener, ssl=self._tls)
        started.set()
        await self._end.wait()
        server.close()

    async def _serve(self, miner, to_miner):
        session = Session(self.books)
        with self.lock:
            self.sessions.append(session)
        try:
            await self._connect(session, miner, to_miner)
        except Exception:
            self.failures.append(traceback.format_exc())
        finally:
            with self.lock:
                self.books.close(session)
                session.open = False
            to_miner.close()

    async def _connect(self, session, miner, to_miner):
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            return  # there is no server
        with self.lock:
            session.served = True
        await asyncio.gather(self._pass_up(session, miner, to_server), self._pass_down(session, server, to_miner))

    async def _pass_up(self, session, miner, to_server):
        async for line in self._lines(miner):
            while not self._way.is_set():
                await self._way.wait()
            with self.lock:
                if not session.served or to_server.is_closing():
                    continue  # the server has gone
                is_share = session.on_line_of_miner(json.loads(line))
                to_server.write(line)
                if is_share:
                    self._count_down()
        while self.drains and session.served and session.pending:
            await asyncio.sleep(0.01)
        if self.drains:
            to_server.close()
        else:
            to_server.transport.abort()

    async def _pass_down(self, session, server, to_miner):
        first = b""
        async for line in self._lines(server):
            message = json.loads(line)
            with self.lock:
                session.on_line_of_server(message)
            # A difficulty goes along with its job: else the miner would take it for the job before, as it came.
            first += line
            if message.get("method") != "mining.set_difficulty":
                if not to_miner.is_closing():
                    to_miner.write(first)
                first = b""
        with self.lock:
            self.books.close(session)
            session.served = False
        # The miner is to read everything before it sees the end.
        if to_miner.can_write_eof():
            with contextlib.suppress(OSError):  # the miner has gone, too
                to_miner.write_eof()
        else:
            to_miner.close()  # TLS, which says so to the miner behind all that was written

    @staticmethod
    async def _lines(reader):
        """Until the end, of which kind ever; without what follows the last line's end."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                yield await reader.readuntil(b"\n")

    def _count_down(self):
        if self._armed:
            self._armed[0] -= 1
            if self._armed[0] <= 0:
                _, delay, action = self._armed
                self._armed = None
                self._loop.call_later(delay, action)
