"""-daemon and -daemonwait: what the terminal sees, and the process that goes on without it."""

import os
import signal
import unittest

from framework.case import FunctionalTest
from framework.node import wait_until
from framework.rpc import RpcError

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


class BackgroundNode:
    """A node whose started process ends at once, while another one goes on; known by its file of the process number."""

    def __init__(self, node):
        self.node = node

    def run(self, *options):
        """Starts cairnd and returns exit code, output and errors of the process that the terminal knows."""
        self.node.launch(*options)
        code = self.node.wait_stopped()
        return code, self.node.stdout(), self.node.stderr()

    @property
    def pid(self):
        return int((self.node.network_dir / "cairnd.pid").read_text())

    def alive(self):
        try:
            return os.path.samefile(f"/proc/{self.pid}/cwd", ".")
        except (OSError, ValueError):
            return False

    def ready(self):
        try:
            return self.node.rpc.getblockcount() >= 0
        except (OSError, RpcError):
            self.node.rpc.close()
            return False

    def stop(self):
        pid = self.pid
        self.node.rpc.stop()
        self.node.rpc.close()
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of the process")

    def kill(self):
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)


class Background(FunctionalTest):
    def make_background_node(self, *options, **settings):
        node = BackgroundNode(self.make_node(*options, **settings))
        self.addCleanup(node.kill)
        return node

    def test_daemon(self):
        background = self.make_background_node()
        self.assertEqual(background.run("-daemon"), (0, "Cairn starting\n", ""))
        wait_until(background.ready, what="a ready node")
        pid = background.pid
        self.assertNotEqual(pid, background.node.pid)
        self.assertEqual(os.getsid(pid), pid)
        for stream in range(3):
            self.assertEqual(os.readlink(f"/proc/{pid}/fd/{stream}"), "/dev/null")
        self.assertEqual(len(background.node.rpc.generatetoaddress(2, ADDRESS)), 2)
        background.stop()
        self.assertFalse(background.node.cookie_file.exists())
        self.assertEqual((background.node.stdout(), background.node.stderr()), ("Cairn starting\n", ""))
        self.assertEqual(background.node.start().rpc.getblockcount(), 2)
        background.node.stop()

    def test_daemonwait_returns_when_the_node_is_up(self):
        background = self.make_background_node(bare=True)
        self.assertEqual(background.run("-daemonwait", "-listen=0", "-connect=0"), (0, "Cairn starting\n", ""))
        self.assertEqual(background.node.rpc.getblockcount(), 0)
        background.stop()

    def test_signals_reach_it(self):
        background = self.make_background_node()
        background.run("-daemonwait")
        pid = background.pid
        os.kill(pid, signal.SIGTERM)
        background.node.rpc.close()
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of the process")
        self.assertIn("Shutdown: done", background.node.log())

    def assert_fails(self, background, option, saying, stdout="Cairn starting\n"):
        code, out, err = background.run(option)
        self.assertEqual((code, out), (1, stdout), err)
        self.assertRegex(err, saying)
        self.assertEqual(err.count("\n"), 1)

    def test_daemonwait_tells_of_a_failed_start(self):
        first = self.start_node()
        background = self.make_background_node(f"-rpcport={first.rpc_port}")
        self.assert_fails(background, "-daemonwait", r"^Error: Unable to bind any endpoint for RPC server\n$")
        self.assertFalse(background.node.cookie_file.exists())
        first.stop()

    def test_early_failures_reach_the_terminal(self):
        first = self.start_node()
        background = self.make_background_node(f"-datadir={first.datadir}")
        for option in ("-daemon", "-daemonwait"):
            self.assert_fails(background, option, "^Error: Cannot obtain a lock on directory .*\n$")
        wrong = self.make_background_node("-rpcport=nonsense")
        self.assert_fails(wrong, "-daemon", "^Error: .*nonsense.*\n$", stdout="")
        first.stop()

    def test_the_last_one_counts(self):
        node = self.start_node("-daemon", "-daemonwait", "-nodaemon", "-daemonwait=0")
        self.assertTrue(node.running())
        node.stop()


if __name__ == "__main__":
    unittest.main()
