"""scripts/testnet: a network comes up, mines, is cut and healed, loses nodes and gets them back, and leaves nothing."""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from framework.case import FunctionalTest
from framework.node import binary, scaled, wait_until

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts/testnet"


class Testnet(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.network = self.folder / "network"
        self.environment = {**os.environ, "CAIRN_BIN": str(pathlib.Path(binary("cairnd")).parent)}
        self.addCleanup(self.take_down)

    def take_down(self):
        if self.network.exists():
            self.run_script("down", check=False)

    def command(self, *words):
        return [str(SCRIPT), "--dir", str(self.network), *words]

    def run_script(self, *words, check=True):
        result = subprocess.run(
            self.command(*words), env=self.environment, capture_output=True, text=True, timeout=scaled(120), check=False
        )
        if check:
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stderr, "")
        return result

    def assert_refused(self, code, text, *words):
        """One line says why, and nothing is on the standard output."""
        result = self.run_script(*words, check=False)
        self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
        self.assertRegex(result.stderr, r"\AError: [^\n]+\n\Z")
        self.assertIn(text, result.stderr)

    def table(self):
        """By the number of each node that is up: its state, height, the end of its tip's hash, peers and pool."""
        rows = [line.split() for line in self.run_script("status", "--once").stdout.splitlines()]
        return {int(row[0]): row[1:] for row in rows if row[1] in ("miner", "up")}

    def chains(self):
        return {node: (int(row[1]), row[2]) for node, row in self.table().items()}

    def heights(self, nodes):
        chains = self.chains()
        return [chains[node][0] for node in nodes]

    def tips(self, nodes):
        chains = self.chains()
        return {chains[node][1] for node in nodes}

    def assert_all_links(self):
        """Every node that is up has the peers that the network means it to have."""
        links = json.loads((self.network / "network.json").read_text())["links"]
        for node, row in self.table().items():
            self.assertGreaterEqual(int(row[3]), sum(node in link for link in links), f"peers of node {node}")

    def processes(self):
        """The nodes of this network, and the script if it is at work."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if str(self.network).encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue
        return [pid for pid in found if pid != os.getpid()]

    def assert_nothing_left(self):
        self.assertEqual(self.processes(), [])
        self.assertFalse(self.network.exists())

    def test_life_of_a_network(self):
        everyone = range(8)
        self.run_script("up", "--nodes", "8", "--topology", "random", "--miners", "2")
        self.assertEqual(len(self.processes()), 8)
        self.assert_all_links()
        wait_until(
            lambda: min(self.heights(everyone)) >= 2 and len(self.tips(everyone)) == 1,
            seconds=20,
            what="a common growing tip",
        )
        self.assertEqual([row[0] for row in self.table().values()], ["miner"] * 2 + ["up"] * 6)
        self.assertGreaterEqual(int(self.run_script("cli", "5", "getblockcount").stdout), 2)

        # The second miner is cut off with four others: two chains grow, until one of them wins.
        left, right = [0, 2, 3], [1, 4, 5, 6, 7]
        self.run_script("partition", "0,2,3", "1,4-7")
        before = max(self.heights(everyone))
        self.assertIn("partition: [0, 2, 3] | [1, 4, 5, 6, 7]", self.run_script("status").stdout)
        wait_until(lambda: min(self.heights(left)) > before + 1, seconds=60, what="growth on one side")
        wait_until(lambda: min(self.heights(right)) > before + 1, seconds=60, what="growth on the other side")
        self.assertFalse(self.tips(left) & self.tips(right))
        self.run_script("heal")
        self.assert_all_links()
        wait_until(lambda: len(self.tips(everyone)) == 1, seconds=60, what="a common tip after the cut")

        self.run_script("kill", "7")
        self.assertEqual(len(self.processes()), 7)
        self.assertIn("down", self.run_script("status").stdout)
        now = max(self.heights(range(7)))
        wait_until(lambda: min(self.heights(range(7))) > now, seconds=60, what="growth without it")
        self.run_script("restart", "7")
        self.assert_all_links()
        wait_until(
            lambda: len(self.tips(everyone)) == 1 and min(self.heights(everyone)) > now,
            seconds=60,
            what="a common tip after the restart",
        )
        self.run_script("down")
        self.assert_nothing_left()

    def test_restarted_nodes_get_all_their_peers_back(self):
        self.run_script("up", "--nodes", "3", "--topology", "mesh", "--miners", "1")
        # One connects to both others, one to one of them, and one to none.
        for node in ("0", "1", "2"):
            self.run_script("kill", node)
            self.run_script("restart", node)
            self.assert_all_links()
        self.run_script("restart", "1")
        self.assert_all_links()
        # A link waits for its other end, and for the cut to end.
        self.run_script("kill", "1")
        self.run_script("kill", "2")
        self.run_script("partition", "0", "1")
        self.run_script("restart", "1")
        self.run_script("restart", "2")
        self.assertEqual([row[3] for row in self.table().values()], ["1", "1", "2"])
        self.run_script("heal")
        self.assert_all_links()

    def interrupt(self, number, nodes, moment):
        """Sends a signal to an `up` at a moment of its life; it ends with one line, and leaves nothing."""
        script = subprocess.Popen(
            self.command("up", "--nodes", str(nodes), "--topology", "mesh", "--miners", "0"),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(script.kill)
        wait_until(lambda: moment() or script.poll() is not None, what="the moment to interrupt")
        script.send_signal(number)
        script.send_signal(number)
        output, error = script.communicate(timeout=scaled(120))
        self.assertEqual((script.returncode, output), (1, ""), error)
        self.assertRegex(error, rf"\AError: interrupted by {number.name}: [^\n]+\n\Z")
        self.assert_nothing_left()

    def test_interrupted_while_it_comes_up(self):
        cookies = lambda count: len(list(self.network.glob("node*/regtest/.cookie"))) >= count
        self.interrupt(signal.SIGINT, 8, lambda: (self.network / "node2").exists())
        self.interrupt(signal.SIGTERM, 6, lambda: cookies(1))
        self.interrupt(signal.SIGINT, 6, lambda: cookies(6))

    def test_failure_while_it_comes_up(self):
        self.assert_refused(1, "node 0 ended at start", "up", "--nodes", "3", "--option=-par=many")
        self.assert_nothing_left()
        # Not a node less is ended than was started, nor a program that only looks like one.
        other = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        self.run_script("up", "--nodes", "2", "--miners", "0")
        state = json.loads((self.network / "network.json").read_text())
        self.run_script("kill", "1")
        state["pids"][1] = other.pid
        (self.network / "network.json").write_text(json.dumps(state))
        self.run_script("down")
        self.assert_nothing_left()
        self.assertIsNone(other.poll())

    def test_wrong_words(self):
        self.assert_refused(1, "no network is up", "status")
        self.assert_refused(1, "no network is up", "down")
        self.assert_refused(1, "no more miners than nodes", "up", "--nodes", "2", "--miners", "3")
        self.assert_refused(2, "invalid choice: 'line'", "up", "--topology", "line")
        self.assert_refused(2, "invalid int value: 'two'", "up", "--nodes", "two")
        self.assert_refused(2, "invalid choice: 'rise'", "rise")
        self.assert_refused(2, "COMMAND")
        self.assertFalse(self.network.exists())

        # Nobody loses files by naming a folder that has some.
        self.network.mkdir()
        precious = self.network / "precious"
        precious.touch()
        self.assert_refused(1, "is not empty", "up", "--nodes", "2")
        precious.unlink()

        self.run_script("up", "--nodes", "2", "--topology", "star", "--miners", "0")
        self.assert_refused(1, "is up in", "up")
        for command in ("kill", "restart"):
            self.assert_refused(1, "there is no node 2: they are 0 to 1", command, "2")
            self.assert_refused(2, "invalid int value: 'x'", command, "x")
        self.assert_refused(1, "there is no node 2: they are 0 to 1", "cli", "2", "getblockcount")
        self.assert_refused(1, "there is no node 2: they are 0 to 1", "partition", "0", "1,2")
        self.assert_refused(1, "x names no nodes", "partition", "0", "x")
        self.assert_refused(1, "1-0 names no nodes", "partition", "0", "1-0")
        self.assert_refused(1, "cannot be on both sides", "partition", "0", "0,1")
        self.run_script("kill", "1")
        self.assert_refused(1, "node 1 does not run", "kill", "1")
        self.run_script("down")
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
