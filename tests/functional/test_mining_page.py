"""docs/mining.md: its commands, run as they stand but for the ports."""

import os
import pathlib
import re
import signal
import subprocess
import unittest

from framework.case import FunctionalTest
from framework.node import binary, free_port, scaled, wait_until

PAGE = pathlib.Path(__file__).parents[2] / "docs/mining.md"
PORTS = ("18443", "18444", "18453", "18454", "18463", "18464", "18473", "18474", "3333")


class MiningPage(FunctionalTest):
    def setUp(self):
        super().setUp()
        folder = str(pathlib.Path(binary("cairnd")).resolve().parent)
        self.environment = {**os.environ, "HOME": str(self.folder), "PATH": f"{folder}:{os.environ['PATH']}"}
        self.text = PAGE.read_text(encoding="utf-8")
        free = set()
        while len(free) < len(PORTS):
            free.add(str(free_port()))
        ports = dict(zip(PORTS, free))
        self.text = re.sub(rf"\b({'|'.join(PORTS)})\b", lambda port: ports[port[0]], self.text)
        self.addCleanup(self.end_what_is_left)

    def pid_files(self):
        return list(self.folder.glob("*/regtest/*.pid"))

    def end_what_is_left(self):
        """Nodes that were told to stop end by themselves; those of a failure may not."""
        try:
            wait_until(lambda: not self.pid_files(), what="the end of the nodes")
        finally:
            for file in self.pid_files():
                os.kill(int(file.read_text()), signal.SIGKILL)

    def run_section(self, heading):
        """What each command of a section prints."""
        section = self.text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        commands = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
        self.assertEqual(len(commands), 1, heading)
        result = subprocess.run(
            ["bash", "-e", "-c", commands[0]],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=scaled(120),
            check=False,
        )
        self.assertEqual(result.returncode, 0, f"{heading}: {result.stdout}{result.stderr}")
        return result.stdout

    def test_alone(self):
        self.assertIn('"minerhashps"', self.run_section("Alone, with the node's own threads"))

    def test_a_pool_and_a_member(self):
        self.run_section("A small pool")
        self.assertIn('"url"', self.run_section("In a pool"))

    def test_another_miner(self):
        printed = self.run_section("Another miner, by getblocktemplate")
        self.assertIn('"coinbasevalue"', printed)
        self.assertRegex(printed, r"\n1\n")


if __name__ == "__main__":
    unittest.main()
