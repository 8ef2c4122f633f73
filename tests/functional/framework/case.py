"""The base class of the functional tests."""

import os
import pathlib
import shutil
import tempfile
import unittest

from framework.node import Node
from framework.peer import Peer
from framework.rpc import RpcError

_LOG_TAIL = 40


class FunctionalTest(unittest.TestCase):
    """Gives each test a folder of its own and nodes that do not outlive it; shows their logs when it fails."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cairn-test-"))
        self.nodes = []
        self.addCleanup(self._clean_up)

    def make_node(self, *options, **settings):
        """A node with a fresh data directory that is not started."""
        return self.adopt(Node(self.folder / f"node{len(self.nodes)}", *options, **settings))

    def start_node(self, *options, **settings):
        return self.make_node(*options, **settings).start()

    def adopt(self, node):
        """Makes this test the one that ends `node`."""
        self.nodes.append(node)
        return node

    def connect_peer(self, node):
        """A peer in Python with a connection to `node`, on which nothing was said yet."""
        peer = Peer(node)
        self.addCleanup(peer.close)
        return peer

    def assert_rpc_error(self, code, message, call, *args, **named):
        """`call` fails with this code and with a message that contains `message`; returns the error."""
        with self.assertRaises(RpcError) as caught:
            call(*args, **named)
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertIn(message, caught.exception.message)
        return caught.exception

    def _clean_up(self):
        for node in self.nodes:
            node.kill()
        if self._failed():
            for number, node in enumerate(self.nodes):
                tail = "\n".join(node.log().splitlines()[-_LOG_TAIL:])
                print(f"--- node{number}: end of debug.log ---\n{tail}\n--- stderr ---\n{node.stderr()}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _failed(self):
        outcome = self._outcome
        if outcome is None or outcome.result is None:
            return False
        return any(test is self for test, _ in outcome.result.failures + outcome.result.errors)


def vectors(name=""):
    """The path of a conformance vector; ends the test as skipped where the vectors are absent."""
    beside = pathlib.Path(__file__).parents[3].parent / "shared" / "vectors"
    folder = pathlib.Path(os.environ.get("CAIRN_VECTORS", beside))
    if not (folder / "README.md").exists():
        raise unittest.SkipTest(f"no conformance vectors in {folder} (set CAIRN_VECTORS to their folder)")
    return folder / name
