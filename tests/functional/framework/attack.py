"""Transactions that are meant to do harm, sent to a node while somebody else asks it something."""

import collections
import time

from framework.node import scaled
from framework.rpc import RpcError
from framework.worker import Worker

PATIENCE = 5  # seconds, for the answers that others wait for
MOST_MEAN = 0.25  # seconds that admission may take, over an attack of small transactions
MOST_EACH = 20  # and any single transaction
# By how much memory may grow: the pool has next to nothing to hold. A sanitizer keeps freed memory (256 MB).
MOST_GROWTH = (150 if scaled(1) == 1 else 800) << 20


class Bystander(Worker):
    """Asks for the height, and notes how long it waited at most."""

    def __init__(self, node):
        super().__init__("bystander")
        self.rpc = node.connection()
        self.longest = 0

    def work(self):
        start = time.monotonic()
        self.rpc.getblockcount()
        self.longest = max(self.longest, time.monotonic() - start)
        time.sleep(0.01)


class Attack:
    """Sends transactions for a while, with a bystander; at its end it says the figures and holds them against limits."""

    def __init__(self, name, node, most_mean=MOST_MEAN):
        self.name, self.node, self.most_mean = name, node, most_mean
        self.times = []
        self.refusals = collections.Counter()

    def __enter__(self):
        self.before = self.node.resident_memory()
        self.bystander = Bystander(self.node)
        self.bystander.start()
        return self

    def send(self, loose):
        """Why it is refused; nothing if it is not."""
        raw, reason = loose.raw, ""
        start = time.monotonic()
        try:
            self.node.rpc.sendrawtransaction(raw, 0)
        except RpcError as error:
            reason = error.message
            self.refusals[reason.split(",")[0]] += 1
        self.times.append(time.monotonic() - start)
        return reason

    def __exit__(self, kind, *_):
        self.bystander.ends.set()
        self.bystander.join()
        if kind is not None:
            return
        after = self.node.resident_memory()
        mean, most = sum(self.times) / len(self.times), max(self.times)
        refused = ", ".join(f"{count} {reason}" for reason, count in self.refusals.most_common()) or "none refused"
        print(
            f"{self.name}: {len(self.times)} sent, {len(self.times) - self.refusals.total()} in ({refused}); "
            f"{1000 * mean:.2f} ms each, {1000 * most:.1f} at most; "
            f"another waited {1000 * self.bystander.longest:.0f} ms at most; "
            f"RSS {self.before >> 20} -> {after >> 20} MB",
            flush=True,
        )
        assert self.bystander.failure is None, self.bystander.failure
        assert self.bystander.longest < scaled(PATIENCE), f"another waited {self.bystander.longest:.1f} s"
        assert mean < scaled(self.most_mean), f"{1000 * mean:.0f} ms each"
        assert most < scaled(MOST_EACH), f"{most:.1f} s for one transaction"
        assert after - self.before < MOST_GROWTH, f"memory grew from {self.before >> 20} to {after >> 20} MB"
