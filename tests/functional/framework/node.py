"""A cairnd process under test: started in a folder of its own, asked over RPC, and surely gone afterwards."""

import ctypes
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

from framework.rpc import Rpc, RpcError

_ROOT = pathlib.Path(__file__).parents[3]
_PR_SET_PDEATHSIG = 1
_WARMING_UP = -28
_CHAIN_FOLDERS = {"main": "", "test": "testnet3", "testnet4": "testnet4", "signet": "signet", "regtest": "regtest"}


def scaled(seconds):
    """A time limit, stretched as the build under test needs it."""
    return seconds * float(os.environ.get("CAIRN_TIME_FACTOR", "1"))


def binary(name):
    return str(pathlib.Path(os.environ.get("CAIRN_BIN", _ROOT / "build/release/bin")) / name)


def free_port():
    """A port that nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(12000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_until(condition, seconds=30, what="the condition"):
    """Returns the first true value of `condition()`; fails after `seconds` (stretched)."""
    deadline = time.monotonic() + scaled(seconds)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {scaled(seconds):.0f} s")
        time.sleep(0.05)


def _die_with_parent():
    """Runs in the child: the kernel kills it when the test's process ends, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Node:
    """One data directory, and the process that runs on it at present, if any."""

    def __init__(self, folder, *options, chain="regtest", bare=False, listens=False):
        """`bare` leaves out the options that keep a test quiet, for tests about the options themselves. Peers can
        connect to a node that `listens`."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.datadir = self.folder / "data"
        self.datadir.mkdir(exist_ok=True)
        self.chain = chain
        self.rpc_port = free_port()
        self.options = list(options)
        self._base = [f"-datadir={self.datadir}", f"-chain={chain}", f"-rpcport={self.rpc_port}"]
        self.p2p_port = free_port()
        if bare:
            self._base += [f"-port={self.p2p_port}", "-dnsseed=0"]
        else:
            listen = [f"-bind={self.address}"] if listens else ["-listen=0"]
            self._base += [*listen, "-connect=0", "-printtoconsole=0", "-debug=all"]
        self.most_files = None  # that the process may have open; None: as many as this one
        self._process = None
        self.rpc = self.connection()

    # Where things are.

    @property
    def address(self):
        """Where peers connect to."""
        return f"127.0.0.1:{self.p2p_port}"

    @property
    def network_dir(self):
        return self.datadir / _CHAIN_FOLDERS.get(self.chain, pathlib.Path(self.chain).stem)

    @property
    def cookie_file(self):
        return self.network_dir / ".cookie"

    @property
    def pid(self):
        return self._process.pid

    def resident_memory(self):
        """In bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10

    def log(self):
        path = self.network_dir / "debug.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stdout(self):
        return (self.folder / "stdout").read_text(errors="replace")

    def stderr(self):
        return (self.folder / "stderr").read_text(errors="replace")

    def connection(self, credentials=None):
        """Another RPC connection; with the cookie's credentials, or with "user:password"."""
        return Rpc(self.rpc_port, lambda: credentials or self.cookie_file.read_text(), scaled(60))

    # The process.

    def launch(self, *options):
        """Starts the process without waiting for anything."""
        assert not self.running(), "the node runs already"
        with open(self.folder / "stdout", "wb") as out, open(self.folder / "stderr", "wb") as err:
            self._process = subprocess.Popen(
                [binary("cairnd"), *self._base, *self.options, *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=self._before_exec,
            )

    def _before_exec(self):
        _die_with_parent()
        if self.most_files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.most_files, self.most_files))

    def start(self, *options):
        """Starts the process and waits until RPC answers."""
        self.launch(*options)
        self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        wait_until(self._ready, seconds, "a ready node")

    def _ready(self):
        code = self._process.poll()
        if code is not None:
            raise AssertionError(f"cairnd ended with {code} at start; stderr: {self.stderr()!r}")
        try:
            self.rpc.getblockcount()
            return True
        except RpcError as error:
            if error.code != _WARMING_UP:
                raise
            return False
        except OSError:
            self.rpc.close()
            return False

    def running(self):
        return self._process is not None and self._process.poll() is None

    def wait_stopped(self, seconds=60):
        """Waits for the process to end; returns its exit code."""
        self.rpc.close()
        try:
            return self._process.wait(scaled(seconds))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"cairnd still runs after {scaled(seconds):.0f} s") from None

    def assert_clean_end(self):
        """The process ends by itself, with exit code 0 and nothing on stderr."""
        code = self.wait_stopped()
        assert (code, self.stderr()) == (0, ""), f"exit code {code}, stderr {self.stderr()!r}"

    def stop(self):
        self.rpc.stop()
        self.assert_clean_end()

    def restart(self, *options):
        self.stop()
        return self.start(*options)

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """As a power cut does it to a process: nothing is finished. Its cookie goes: it would be taken for the next one's."""
        if self.running():
            self._process.kill()
        if self._process is not None:
            self.wait_stopped()
            self.cookie_file.unlink(missing_ok=True)

    def start_failure(self, *options):
        """Starts a process that must fail: exit code 1 and one line "Error: TEXT" on stderr; returns TEXT."""
        self.launch(*options)
        code = self.wait_stopped()
        error = self.stderr()
        assert code == 1, f"exit code {code}, stderr {error!r}"
        assert error.startswith("Error: ") and error.endswith("\n") and error.count("\n") == 1, repr(error)
        return error.removeprefix("Error: ").rstrip("\n")

    def copy_of_data(self, folder):
        """A new node on a copy of this stopped node's data directory."""
        assert not self.running(), "stop the node before its data is copied"
        shutil.copytree(self.datadir, pathlib.Path(folder) / "data")
        return Node(folder, *self.options, chain=self.chain)

    # The command line client.

    def cli(self, *words, stdin="", options=None):
        """Runs cairn-cli with this node's options; returns the finished process with its text output."""
        base = self._base[:3] if options is None else options
        return subprocess.run(
            [binary("cairn-cli"), *base, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=scaled(120),
            preexec_fn=_die_with_parent,
            check=False,
        )
