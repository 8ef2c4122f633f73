"""The Stratum server amid a crowd: miners that work keep their rate beside idle connections and floods of every kind.

The rate is measured alone and beside the crowd. Those who flood have the lowest priority, so that what slows the miners
down is the server, and not what flooders in Python use of the machine themselves. What they reached is told, and so is
what the server used of a processor and of memory. CAIRN_LONG_TESTS=1 has 2,000 idle connections and 200 that flood, and
measures for a minute each.
"""

import collections
import contextlib
import itertools
import math
import os
import pathlib
import re
import resource
import time
import unittest

import stratum_crowd
from framework import chain
from framework.chain_file import harder_chain
from framework.node import scaled, wait_until
from stratum_crowd import FLOODS, Company
from stratum_miner import Miner, difficulty_of_target
from test_stratum_server import StratumTest, address_of

THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
IDLE, FLOODING, SECONDS = (2000, 200, 60) if THOROUGH else (300, 39, 5)
MINERS, EVERY = 10, 0.2  # seconds between two shares of a miner
LEAST_KEPT = 0.95  # of the rate
TRIES = 3  # a disk or a processor that was busy for a moment is not the server's fault
BITS = 0x1E3FFFFF  # a block takes 2^18 hashes, so that none is found by chance
SHARE_TARGET = 1 << 250  # and a share 64
MOST_TRIES = 1 << 40
SANITIZED = scaled(1) != 1  # or slow
# Memory: of an idle miner, and of a flooder whose unread answers are kept for a while. A sanitizer keeps freed memory.
MOST_IDLE, MOST_FLOODER, MOST_OTHER = 64 << 10, 512 << 10, (800 if SANITIZED else 48) << 20
# A flooder may have connections that it has just left, and that the server is yet to notice.
MOST_CONNECTIONS = IDLE + MINERS + 1 + scaled(8) * FLOODING
ANYONE = "raw(51)"


class Use:
    """What a process uses of the machine from now on."""

    def __init__(self, pid):
        self._folder = pathlib.Path(f"/proc/{pid}")
        self._begun = time.monotonic()
        self._before, self._written_before = self._processor(), self._written()

    def _processor(self):
        """Seconds, by the names of the threads."""
        used = collections.Counter()
        for task in (self._folder / "task").iterdir():
            with contextlib.suppress(OSError):  # the thread has ended
                name, fields = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
                used[name] += sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")
        return used

    def _written(self):
        return int(re.search(r"^write_bytes: (\d+)", (self._folder / "io").read_text(), re.MULTILINE)[1])

    def text(self):
        passed = time.monotonic() - self._begun
        used = self._processor() - self._before
        parts = [f"{name} {100 * used[name] / passed:.0f} %" for name in ("stratum", "stratum.store")]
        parts.append(f"all threads {100 * used.total() / passed:.0f} %")
        written = (self._written() - self._written_before) / passed / 1024
        return f"of a processor {', '.join(parts)}; {written:.0f} KiB/s written to disk"


class Crowd(StratumTest):
    def start_crowded_server(self):
        """Its soft limit of files is too low for a crowd, which it has to mend by itself."""
        enough = IDLE + 2 * FLOODING + 1000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < enough:
            self.skipTest(f"a process may have {hard} files open, and {enough} are needed")
        difficulty = difficulty_of_target(SHARE_TARGET)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        try:
            # Without a log of what each of thousands does.
            self.start_server(
                f"-stratumdifficulty={difficulty!r}", "-debug=none", chain=harder_chain(self.folder, BITS)
            )
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def company(self, work, *arguments):
        company = Company(work, self.port, *arguments)
        self.addCleanup(company.end)
        return company

    def users(self, number, count):
        return [f"{address_of(number)}.{worker}" for worker in range(count)]

    def start_miners(self):
        self.mined = 0  # shares that were acknowledged
        return self.company(stratum_crowd.steady_miners, self.users(1, MINERS), EVERY, scaled(60))

    def start_idlers(self):
        idlers = self.company(stratum_crowd.listeners, self.users(9, IDLE))
        wait_until(lambda: self.rpc.getshares()["miners"] >= IDLE, 60, "the login of all idle miners")
        return idlers

    def start_floods(self):
        """From two processes; the kinds take turns."""
        kinds = list(itertools.islice(itertools.cycle(FLOODS), FLOODING))
        half = len(kinds) // 2
        return [
            self.company(stratum_crowd.flooders, part, first, self.users(8, 8))
            for part, first in ((kinds[:half], 0), (kinds[half:], half))
        ]

    def measure(self, miners, seconds=SECONDS, meanwhile=lambda: time.sleep(0.2)):
        """Has the miners work for a while; returns how that went."""
        lead, use = scaled(1), Use(self.node.pid)
        ends = time.monotonic() + seconds + 2 * lead
        miners.tell(lead, seconds)
        while time.monotonic() < ends:
            meanwhile()
        told = use.text()
        tally = miners.hear(scaled(120))
        self.mined += tally.accepted
        print(f"{tally.text()}; {told}", flush=True)
        self.assertEqual(tally.refused, {})
        self.assertEqual(tally.accepted, tally.sent)
        return tally

    def look_around(self):
        """While there are floods: a newcomer logs in, and says something that ends its connection."""
        asked = time.monotonic()
        newcomer = Miner(self.port, address_of(7), scaled(60))
        try:
            newcomer.log_in(roll_versions=False)
            self.logins.append(time.monotonic() - asked)
            newcomer.send_raw(b"[]\n")
            message = newcomer.receive()
            while message is not None and "method" in message:
                message = newcomer.receive()
            self.assertEqual(message["error"][0], 20)
            self.assertIsNone(newcomer.receive())
        finally:
            newcomer.close()
        self.memory = max(self.memory, self.node.resident_memory())
        self.connections = max(self.connections, self.rpc.getshares()["connections"])
        time.sleep(0.2)

    def end_floods(self, floods, seconds):
        """Says what they have done, and looks whether that was worth the name."""
        done = collections.defaultdict(collections.Counter)
        for flood in floods:
            for kind, did in flood.ask(scaled(60), "end").items():
                done[kind].update(did)
        for kind, did in done.items():
            print(f"  {kind}: {', '.join(f'{count} {what}' for what, count in did.items())}", flush=True)
        total = sum(done.values(), collections.Counter())
        print(
            f"  per second {total['answers'] / seconds:.0f} lines answered, {total['connections'] / seconds:.0f} "
            f"connections, {total['bytes'] / seconds / (1 << 20):.1f} MiB sent, of which the server need not read all",
            flush=True,
        )
        self.assertGreater(total["answers"], 5 * FLOODING * seconds / scaled(1), "that was no flood")
        for kind, flood in FLOODS.items():
            did = done[kind]
            self.assertGreater(did["bytes"], 0, kind)
            self.assertTrue(did["ended"] or not flood.is_ended, f"{kind}: nobody was ended")
        # A line as long as allowed counts as nine, or a few could take all the time.
        most = 40 * done["dear"]["connections"] + 8 * seconds * math.ceil(FLOODING / len(FLOODS))
        self.assertLess(done["dear"]["answers"], most)
        # After a hundred refusals. Shares may be late for a while, when a block has come.
        self.assertLess(done["unknown"]["answers"], 102 * done["unknown"]["connections"])

    def assert_all_are_told(self, idlers):
        """A block comes, and every idle miner gets a job on top of it."""
        begun = time.monotonic()
        (tip,) = self.rpc.generatetodescriptor(1, ANYONE, MOST_TRIES)
        mined = time.monotonic()
        tip = chain.from_display(tip)
        tip = b"".join(tip[at : at + 4][::-1] for at in range(0, 32, 4)).hex()

        def all_told():
            connected, jobs = idlers.ask(scaled(60), "jobs")
            self.assertEqual((connected, len(jobs)), (IDLE, IDLE), "idle miners that are still connected")
            return all(previous == tip for previous, _ in jobs) and max(at for _, at in jobs)

        last = wait_until(all_told, 20, "a new job for all idle miners")
        print(f"{IDLE} idle miners were told of a block within {last - begun:.3f} s; it took {mined - begun:.3f} s")
        self.assertLess(last - mined, scaled(5))

    def test_work_goes_on(self):
        self.start_crowded_server()
        miners = self.start_miners()
        self.measure(miners, 1)
        print("alone:", end=" ")
        alone = self.measure(miners)
        before = self.node.resident_memory()
        idlers = self.start_idlers()
        with_idle = self.node.resident_memory()

        floods, begun = self.start_floods(), time.monotonic()
        self.memory, self.connections, self.logins = with_idle, 0, []
        time.sleep(1)
        for _ in range(TRIES):
            print(f"beside {IDLE} idle and {FLOODING} that flood:", end=" ")
            beside = self.measure(miners, meanwhile=self.look_around)
            if beside.counted >= LEAST_KEPT * alone.counted:
                break
        self.assert_all_are_told(idlers)
        self.end_floods(floods, time.monotonic() - begun)
        self.logins.sort()
        print(
            f"newcomers had a job after {1000 * self.logins[len(self.logins) // 2]:.0f} ms (p50), "
            f"{1000 * self.logins[-1]:.0f} ms (slowest of {len(self.logins)}); {self.connections} connections at most; "
            f"RSS {before >> 20} MB, with the idle {with_idle >> 20} MB, amid floods {self.memory >> 20} MB",
            flush=True,
        )
        self.assertGreater(alone.counted, 0)
        self.assertGreaterEqual(beside.counted, LEAST_KEPT * alone.counted)
        self.assertLess(self.logins[-1], scaled(5))
        self.assertLess(with_idle - before, IDLE * MOST_IDLE)
        self.assertLess(self.memory - with_idle, FLOODING * MOST_FLOODER + MOST_OTHER)
        self.assertLess(self.connections, MOST_CONNECTIONS)
        names = set(self.users(1, MINERS))
        accepted = sum(row["accepted"] for row in self.rpc.getworkers() if row["worker"] in names)
        self.assertEqual(accepted, self.mined, "shares that are stored, and that were acknowledged")


if __name__ == "__main__":
    unittest.main()
