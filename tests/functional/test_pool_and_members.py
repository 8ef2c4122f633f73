"""Cairn's Stratum client against Cairn's Stratum server: real processes on both ends, and a gate between them.

The gate (stratum_gate.py) keeps the books of what it passed on. It is held now and then until everything is answered,
and then, for each worker:

- What the server counted since the last time (getworkers) is what the gate saw it accept. It is exactly that where
  every share was answered: without a kill, through restarts, and when members are killed whose last answers the gate
  waits for. Of shares that a broken connection left without an answer nobody can say whether they were counted: the
  server stores a share first and answers then. So it has counted all that it acknowledged, for that is its promise,
  and at most so many more as were not answered.
- What a member counted since its start (getpoolinfo) is what the gate saw accepted on its connections, and exactly
  that always: it passes on all that the server said before it lets a member see the end. What a killed member had
  counted is gone; the books have it.

So both ends are equal. And each accepted share is one, by hashlib, and no header was accepted twice, whatever was
killed in between. CAIRN_LONG_TESTS=1 takes ten members and makes 20 kills of either side.
"""

import collections
import os
import random
import signal
import threading
import time
import unittest

from framework import address
from framework.case import FunctionalTest
from framework.chain_file import harder_chain
from framework.node import Node, free_port, scaled, wait_until
from framework.tls import certificate
from stratum_gate import Gate
from stratum_miner import HASHES_OF_DIFFICULTY_ONE, VERSION_MASK, Miner, difficulty_of_target

THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
SEED = int(os.environ.get("CAIRN_TEST_SEED", time.time_ns()))
MEMBERS = 10 if THOROUGH else 4
KILLS = 20 if THOROUGH else 2  # of each side
RESTARTS = 4 if THOROUGH else 1
NEW_BLOCKS = 20 if THOROUGH else 3
ANYONE = "raw(51)"
BITS = 0x1E01FFFE  # a block takes 2^23 hashes: members find one now and then
NONCE = 2742565  # with which regtest's first block has so many behind it
REAL_BITS = 0x1D00FFFF  # 2^32 hashes, which is much for members
FIRST_DIFFICULTY = difficulty_of_target(1 << 242)  # 2^14 hashes
ANY_NUMBER_OF_TRIES = 1 << 40
NEARLY = 1e-9  # by which a sum of difficulties may be off
COUNTS = ("accepted", "stale", "rejected", "unanswered", "least_difficulty", "most_difficulty")


def address_of(number):
    return address.segwit_address("bcrt", 0, bytes([number]) * 20)


PROBE, REPLAY = f"{address_of(98)}.probe", f"{address_of(99)}.replay"


def since(now, before):
    return {key: now[key] - before[key] for key in COUNTS}


class Member:
    """A cairnd that mines for the pool under a name of its own."""

    def __init__(self, test, number, *options):
        self.gate = test.gate
        self.worker = f"{address_of(number)}.m{number}"
        scheme = "stratum+ssl" if options else "stratum+tcp"
        pool = f"-pool={scheme}://{self.worker}:x@127.0.0.1:{self.gate.port}"
        self.node = test.adopt(Node(test.folder / f"member{number}", pool, *options))
        self.before = None  # the books when it was started

    def launch(self):
        self.before = self.gate.totals(self.worker)
        self.node.launch()

    def wait_for_end(self):
        """Until nothing is left of its connections."""
        wait_until(lambda: all(s.worker != self.worker for s in self.gate.open_sessions()), what="the last answers")

    def mines(self):
        return self.gate.session_of(self.worker) is not None

    def session(self):
        session = self.gate.session_of(self.worker)
        assert session is not None, f"{self.worker} has lost its connection"
        return session

    def info(self):
        return self.node.rpc.getpoolinfo()


class PoolTest(FunctionalTest):
    def setUp(self):
        super().setUp()
        print(f"CAIRN_TEST_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        self.members = []
        self.probes = 0
        self.settled = {}  # the server's row and the books, by worker, at the last comparison
        self.server_was_killed = False
        self.surplus = 0  # shares that were counted without an answer

    def start_pool(self, *options, path=None, tls=None):
        self.stratum_port = free_port()
        path = path or harder_chain(self.folder, BITS, NONCE)
        options = (f"-stratum=127.0.0.1:{self.stratum_port}", f"-stratumdifficulty={FIRST_DIFFICULTY!r}", *options)
        self.server = self.start_node(*options, chain=path)
        self.gate = Gate(self.stratum_port, tls)
        self.addCleanup(self.gate.close)

    def wait_for(self, condition, seconds=30, what=""):
        """As long as all is well with the gate."""

        def holds():
            self.assertEqual("\n".join(self.gate.failures), "")
            return condition()

        wait_until(holds, seconds, what)

    def add_members(self, count, *options):
        self.members = [Member(self, number, *options) for number in range(1, count + 1)]
        self.launch(self.members)

    def launch(self, members):
        for member in members:
            member.launch()
        for member in members:
            member.node.wait_ready()

    def wait_for_all(self, shares=1):
        """Until every member mines and has so many more accepted shares."""
        before = {member.worker: self.accepted(member) for member in self.members}
        self.wait_for(lambda: all(member.mines() for member in self.members), 180, "members that mine")
        for member in self.members:
            wanted = before[member.worker] + shares
            self.wait_for(lambda: self.accepted(member) >= wanted, 180, f"{shares} shares of {member.worker}")

    def accepted(self, member):
        return self.gate.totals(member.worker)["accepted"]

    def served(self):
        return sum(session.served for session in self.gate.open_sessions())

    # The comparison.

    def settle(self):
        """Holds the gate, and the books against both ends."""
        connected = lambda: self.server.rpc.getshares()["connections"]
        self.wait_for(lambda: connected() == self.served(), what="the end of old connections")
        with self.gate.held():
            self.wait_for(self.gate.is_quiet, what="all answers")
            self.probe()
            self.compare_server()
            for member in self.members:
                self.compare_member(member)
        self.server_was_killed = False

    def probe(self):
        """A share that goes round the gate. As the server's store keeps the order, it has counted by its answer
        whatever it was told before, be it refused or from a connection that is no more."""
        miner = Miner(self.stratum_port, PROBE, scaled(60))
        try:
            miner.log_in()
            while miner.code_of(miner.share()) != 0:
                pass  # the job has just changed
        finally:
            miner.close()
        self.probes += 1

    def compare_server(self):
        shares = self.server.rpc.getshares()
        rows = {row["worker"]: row for row in self.server.rpc.getworkers()}
        self.assertEqual(shares["stored"], sum(row["accepted"] for row in rows.values()))
        self.assertEqual(rows.pop(PROBE)["accepted"], self.probes)
        self.assertLessEqual(set(rows), set(self.gate.books.totals))
        for worker in list(self.gate.books.totals):
            row = collections.Counter(rows.get(worker))
            books = self.gate.totals(worker)
            old_row, old_books = self.settled.get(worker, (collections.Counter(), collections.Counter()))
            self.settled[worker] = row, books
            seen = since(books, old_books)
            surplus = row["accepted"] - old_row["accepted"] - seen["accepted"]
            self.assertGreaterEqual(surplus, 0, f"{worker}: an acknowledged share is lost")
            self.assertLessEqual(surplus, seen["unanswered"], f"{worker}: a share counts that was refused, or twice")
            self.surplus += int(surplus)
            if seen["unanswered"] > 0:
                continue
            self.assert_within(row["difficulty"] - old_row["difficulty"], seen)
            if old_row["accepted"] > 0 and not self.server_was_killed:
                # Of who has had a good share; and without the promise that it outlives a kill.
                refused = [row[key] - old_row[key] for key in ("stale", "rejected")]
                self.assertEqual(refused, [seen["stale"], seen["rejected"]], worker)

    def assert_within(self, difficulty, seen):
        """The gate knows what the server asked, and knows it exactly as long as that did not become less."""
        self.assertGreaterEqual(difficulty, seen["least_difficulty"] - NEARLY)
        self.assertLessEqual(difficulty, seen["most_difficulty"] + NEARLY)

    def compare_member(self, member):
        seen = since(self.gate.totals(member.worker), member.before)
        self.assertEqual(seen["rejected"], 0)

        def agrees():
            info = member.info()
            exact = all(info[key] == seen[key] for key in ("accepted", "rejected"))
            return exact and info["stale"] >= seen["stale"]  # it knows of some by itself

        # What it has been sent it has read in a moment, and then nothing changes any more.
        self.wait_for(agrees, what=f"{seen} counted by {member.worker}")
        with self.gate.lock:
            sessions = [s.difficulties for s in self.gate.sessions if s.worker == member.worker]
        if all(difficulties == sorted(difficulties) for difficulties in sessions):
            self.assert_within(float(member.info()["accepteddifficulty"]), seen)

    def tell(self, began, kills=0):
        totals = sum((books for _, books in self.settled.values()), collections.Counter())
        print(
            f"{len(self.members)} members, {kills} kills: {totals['accepted']} shares acknowledged, "
            f"{totals['unanswered']} not answered, {self.surplus} of them counted, {totals['stale']} stale; "
            f"{self.gate.books.blocks} blocks; {time.monotonic() - began:.0f} s",
            flush=True,
        )
        return totals

    # Ends of either side.

    def kill_soon(self, nodes, meanwhile=lambda: None):
        """kill -9 at the moment when a share has been passed on, or a little later."""
        done = threading.Event()

        def kill():
            for node in nodes:
                node.signal(signal.SIGKILL)
            done.set()

        self.gate.after_shares(self.random.randrange(1, 30), self.random.choice((0, 0, 0.001, 0.01)), kill)
        meanwhile()
        self.assertTrue(done.wait(scaled(180)), "no shares")
        for node in nodes:
            node.kill()

    def kill_server(self, meanwhile=lambda: None):
        self.kill_soon([self.server], meanwhile)
        self.server_was_killed = True
        self.wait_for(lambda: self.served() == 0, what="the end of all connections")
        self.server.start()

    def kill_members(self, members, drains=True):
        """If the gate drains, everything that they sent is answered, if only to the gate."""
        unanswered = self.unanswered(members)
        self.gate.drains = drains
        self.kill_soon([member.node for member in members])
        for member in members:
            member.wait_for_end()
        self.gate.drains = True
        self.assertTrue(not drains or self.unanswered(members) == unanswered)

    def unanswered(self, members):
        return sum(self.gate.totals(member.worker)["unanswered"] for member in members)


class Work(PoolTest):
    def test_jobs_and_restarts(self):
        began = time.monotonic()
        self.start_pool()
        self.add_members(MEMBERS)
        self.wait_for_all(3)
        self.settle()
        self.assert_versions_are_rolled()
        for _ in range(NEW_BLOCKS):
            self.server.rpc.generatetodescriptor(1, ANYONE, ANY_NUMBER_OF_TRIES)
            self.wait_for_tip()
        found = lambda: self.server.rpc.getshares()["blocks"] == self.gate.books.blocks
        self.wait_for(found, what="as many blocks as there are among the shares")
        self.reorganise()
        self.wait_for_all()
        self.settle()
        for _ in range(RESTARTS):
            self.restart_server()
            member = self.random.choice(self.members)
            member.node.stop()
            member.wait_for_end()
            self.launch([member])
            self.wait_for_all()
            self.settle()
        self.assertEqual(self.tell(began)["unanswered"], 0)

    def assert_versions_are_rolled(self):
        for member in self.members:
            session = member.session()
            self.assertEqual((session.asked[0], session.mask), ("mining.configure", VERSION_MASK))
            self.assertEqual(member.info()["versionmask"], f"{VERSION_MASK:08x}")
        self.assertNotIn((), self.gate.books.version_bits)
        self.assertGreater(len(self.gate.books.version_bits), 1)

    def wait_for_tip(self):
        """Until all members work on the server's tip, which they may well move meanwhile."""

        def all_do():
            tip = bytes.fromhex(self.server.rpc.getbestblockhash())[::-1]
            jobs = [(member.session().job, member.info().get("job")) for member in self.members]
            return all(job.previous == tip and job.name == name for job, name in jobs)

        self.wait_for(all_do, 60, "work on the tip")

    def reorganise(self):
        """The tip goes back, and to where it was."""
        tip = self.server.rpc.getbestblockhash()
        self.server.rpc.invalidateblock(tip)
        self.wait_for_tip()
        self.server.rpc.reconsiderblock(tip)
        self.wait_for_tip()

    def restart_server(self):
        """With nothing left unanswered, so that the counts stay exact."""
        with self.gate.held():
            self.wait_for(self.gate.is_quiet, what="all answers")
            self.server.stop()
            self.server.start()

    def test_difficulty(self):
        """It rises to where shares come seldom: nearly once in ten seconds, if one waits for it."""
        began = time.monotonic()
        self.start_pool(path=harder_chain(self.folder, REAL_BITS, genesis="mainnet"))
        self.add_members(MEMBERS)
        self.wait_for_all()
        for member in self.members:
            difficulties = member.session().difficulties
            seldom = lambda: len(difficulties) > 1 and self.seconds_for_a_share(member) >= 1
            self.wait_for(seldom, 120, f"fewer shares of {member.worker}")
            self.assertEqual(difficulties[0], FIRST_DIFFICULTY)
            self.assertGreaterEqual(member.session().submitted[FIRST_DIFFICULTY], 8)  # fewer do not tell
            for old, new in zip(difficulties, difficulties[1:]):
                self.assertLessEqual(old, new)
                self.assertLessEqual(new, 16 * old * (1 + NEARLY))
            self.assertLessEqual(difficulties[-1], 1)
        self.settle()
        if THOROUGH:
            self.watch_the_rate()
            self.settle()
            self.slow_down()
        self.tell(began)

    @staticmethod
    def seconds_for_a_share(member):
        hashes = float(member.session().difficulty) * HASHES_OF_DIFFICULTY_ONE
        return hashes / max(1, float(member.info()["minerhashps"]))

    def watch_the_rate(self, settling=180, seconds=120):
        """So many shares come as the difficulties let expect, and that is about one in ten seconds."""
        time.sleep(settling)
        before, expected = self.gate.accepted(), 0
        end = last = time.monotonic()
        end += seconds
        while last < end:
            time.sleep(1)
            now = time.monotonic()
            expected += sum((now - last) / self.seconds_for_a_share(member) for member in self.members)
            last = now
        found = self.gate.accepted() - before
        wanted = len(self.members) * seconds / 10
        print(f"{found} shares in {seconds} s, {expected:.0f} expected, {wanted:.0f} aimed at", flush=True)
        self.assertGreater(found, expected / 3 - 5)
        self.assertLess(found, 4 * wanted)

    def slow_down(self):
        """Who finds nothing for a while gets easier work."""
        member = self.members[0]
        session, count = member.session(), len(member.session().difficulties)
        member.node.signal(signal.SIGSTOP)
        self.wait_for(lambda: len(session.difficulties) > count, 150, "easier work")
        member.node.signal(signal.SIGCONT)
        self.assertLess(session.difficulties[-1], session.difficulties[-2])
        self.wait_for_all()


class Kills(PoolTest):
    def test_kills_of_either_side(self):
        began = time.monotonic()
        self.start_pool("-stratumpayout=pplns")
        self.add_members(MEMBERS)
        self.wait_for_all()
        self.settle()
        for number in range(KILLS):
            # Half of them at a time: who starts anew forgets that connections failed, and pauses for a second only.
            victims = self.members[number % 2 :: 2]
            self.kill_members(victims, drains=(number + number // 2) % 2 == 0)
            if number % 2 == 0:
                self.launch(victims)
                self.replay()
                self.wait_for_all()
                self.settle()
                self.kill_server()
                self.wait_for_all()
                self.settle()
            else:  # amid the many shares with which connections begin, as the next kill of members is
                self.kill_server(lambda: self.launch(victims))
            self.replay()
        self.wait_for_all()
        self.settle()
        totals = self.tell(began, 2 * KILLS)
        if THOROUGH:
            self.assertGreater(totals["unanswered"], 0, "no kill landed while a share was under way")

    def replay(self):
        """Nothing that was accepted, or sent to one that was killed, counts again. (If one is accepted by chance, as
        another connection's header is another one, it is another share: the books see to that.)"""
        with self.gate.lock:
            old = [*self.gate.books.last, *self.gate.books.lost]
        miner = Miner(self.gate.port, REPLAY, scaled(60))
        try:
            miner.log_in()
            codes = collections.Counter(miner.code_of([miner.user, *share.params[1:]]) for share in old)
        finally:
            miner.close()
        self.assertLess(codes[0], len(old))


class Tls(PoolTest):
    def test_through_tls(self):
        began = time.monotonic()
        path, context = certificate(self.folder, "gate", "IP:127.0.0.1")
        self.start_pool(tls=context)
        self.add_members(MEMBERS // 2, f"-poolcafile={path}")
        self.wait_for_all(3)
        for member in self.members:
            self.assertEqual(member.info()["url"], f"stratum+ssl://127.0.0.1:{self.gate.port}")
        self.settle()
        self.kill_server()
        self.wait_for_all()
        self.settle()
        self.kill_members(self.members)
        self.launch(self.members)
        self.wait_for_all()
        self.settle()
        self.tell(began, 2)


if __name__ == "__main__":
    unittest.main()
