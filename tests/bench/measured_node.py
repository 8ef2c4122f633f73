"""A cairnd whose use of the machine is measured, and the description of the made chain that it imports."""

import dataclasses
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "functional"))

from framework.node import Node, binary, scaled, wait_until  # noqa: E402, F401
from framework.rpc import RpcError, decode  # noqa: E402, F401

_VERIFIED = re.compile(r"signatures verified=(\d+) cpu_seconds=([0-9.]+)")
_IMPORT_FAILED = re.compile(r"Import (?:failed|of .* ended): .*")
_LONG = 24 * 60 * 60
_CLOCK_AHEAD = 3600  # of the last block


class Failure(Exception):
    """What was measured is not what was meant to be measured."""


@dataclasses.dataclass
class Usage:
    """What a process had used when it ended. `written` counts bytes that went to storage, or is None."""

    user_seconds: float
    system_seconds: float
    peak_rss_mib: float
    written: int | None


def describe(chain):
    """What make_chain wrote beside a chain's file."""
    path = pathlib.Path(f"{chain}.json")
    try:
        return decode(path.read_text())
    except OSError as error:
        raise Failure(f"{error}; make_chain writes it beside the chain") from None


class MeasuredNode(Node):
    """A regtest node without peers, at the time at which a made chain ends."""

    def __init__(self, folder, tip_time, *options):
        super().__init__(
            folder,
            *("-listen=0", "-connect=0", "-printtoconsole=0", "-debug=bench"),
            f"-mocktime={tip_time + _CLOCK_AHEAD}",
            *options,
            bare=True,
        )
        self.usage = None

    def wait_height(self, height, interval=0.1):
        """Waits until the best chain has this height; fails if the import or the process ends before."""
        while self.rpc.getblockcount() < height:
            failed = _IMPORT_FAILED.search(self.log())
            if failed:
                raise Failure(failed.group(0))
            time.sleep(interval)

    def wait_stopped(self, seconds=_LONG):
        """As the base class, and keeps the `usage` of the process."""
        self.rpc.close()
        if self._process.returncode is not None:
            return self._process.returncode
        deadline = time.monotonic() + scaled(seconds)
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"cairnd still runs after {scaled(seconds):.0f} s")
            time.sleep(0.01)
        # It has ended, but its counters are there until it is waited for.
        written = self._written()
        _, status, used = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.usage = Usage(used.ru_utime, used.ru_stime, used.ru_maxrss / 1024, written)
        return self._process.returncode

    def verifications(self):
        """How many signatures the node has verified, and the CPU-seconds within; None for each if it does not say."""
        found = _VERIFIED.findall(self.log())
        return (int(found[-1][0]), float(found[-1][1])) if found else (None, None)

    def _written(self):
        try:
            text = pathlib.Path(f"/proc/{self.pid}/io").read_text()
        except OSError:
            return None
        return int(re.search(r"^write_bytes: (\d+)", text, re.MULTILINE).group(1))
