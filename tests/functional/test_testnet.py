"""scripts/testnet: a network comes up, mines, is cut and healed, loses nodes and gets them back, and leaves nothing."""

import os
import pathlib
import subprocess
import sys

from framework.case import FunctionalTest
from framework.node import binary, scaled, wait_until

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts/lib/testnet.py"


class Testnet(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.network = self.folder / "network"
        self.environment = {**os.environ, "CAIRN_BIN": str(pathlib.Path(binary("cairnd")).parent)}
        self.addCleanup(self.take_down)

    def take_down(self):
        if self.network.exists():
            self.run_script("down", check=False)

    def run_script(self, *words, check=True):
        result = subprocess.run(
            [sys.executable, "-B", str(SCRIPT), "--dir", str(self.network), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=scaled(120),
        )
        if check:
            self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def chains(self):
        """By the number of each node that is up: its height and the end of its tip's hash."""
        rows = [line.split() for line in self.run_script("status", "--once").stdout.splitlines()]
        return {int(row[0]): (int(row[2]), row[3]) for row in rows if row[1] in ("miner", "up")}

    def heights(self, nodes):
        chains = self.chains()
        return [chains[node][0] for node in nodes]

    def tips(self, nodes):
        chains = self.chains()
        return {chains[node][1] for node in nodes}

    def processes(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if str(self.network).encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue
        return [pid for pid in found if pid != os.getpid()]

    def test_life_of_a_network(self):
        everyone = range(8)
        self.run_script("up", "--nodes", "8", "--topology", "random", "--miners", "2")
        self.assertEqual(len(self.processes()), 8)
        wait_until(lambda: min(self.heights(everyone)) >= 2, seconds=20, what="a growing chain everywhere")
        wait_until(lambda: len(self.tips(everyone)) == 1, seconds=20, what="a common tip")
        table = self.run_script("status", "--once").stdout
        self.assertEqual(table.count("miner"), 2)
        self.assertGreaterEqual(int(self.run_script("cli", "5", "getblockcount").stdout), 2)

        # The second miner is cut off with four others: two chains grow, until one of them wins.
        left, right = [0, 2, 3], [1, 4, 5, 6, 7]
        self.run_script("partition", "0,2,3", "1,4-7")
        before = max(self.heights(everyone))
        wait_until(lambda: min(self.heights(left)) > before + 1, seconds=60, what="growth on one side")
        wait_until(lambda: min(self.heights(right)) > before + 1, seconds=60, what="growth on the other side")
        self.assertFalse(self.tips(left) & self.tips(right))
        self.run_script("heal")
        wait_until(lambda: len(self.tips(everyone)) == 1, seconds=60, what="a common tip after the cut")

        self.run_script("kill", "7")
        self.assertEqual(len(self.processes()), 7)
        self.assertIn("down", self.run_script("status").stdout)
        now = max(self.heights(range(7)))
        wait_until(lambda: min(self.heights(range(7))) > now, seconds=60, what="growth without it")
        self.run_script("restart", "7")
        wait_until(lambda: len(self.tips(everyone)) == 1, seconds=60, what="a common tip after the restart")

        self.run_script("down")
        self.assertEqual(self.processes(), [])
        self.assertFalse(self.network.exists())

    def test_wrong_words(self):
        for words, text in (
            (("status",), "no network is up"),
            (("down",), "no network is up"),
            (("up", "--nodes", "2", "--miners", "3"), "no more miners than nodes"),
        ):
            result = self.run_script(*words, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn(text, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1)
        self.run_script("up", "--nodes", "2", "--topology", "star", "--miners", "0")
        for words, text in (
            (("up",), "is up in"),
            (("kill", "2"), "there is no node 2"),
            (("partition", "0", "x"), "names no nodes"),
            (("partition", "0", "0,1"), "cannot be on both sides"),
        ):
            result = self.run_script(*words, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn(text, result.stderr)
