"""Threads of a test that do something again and again."""

import collections
import random
import threading
import traceback


class Worker(threading.Thread):
    """Does its `work` until it is told to end, or has done enough; what goes wrong is kept for the test."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.done = collections.Counter()
        self.ends = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.ends.is_set():
                self.work()
        except Exception:
            self.failure = traceback.format_exc()

    def work(self):
        raise NotImplementedError


def together(workers):
    """What they have done, in one counter, and as text."""
    done = sum((worker.done for worker in workers), collections.Counter())
    return done, f"{done.total()} things done: " + ", ".join(f"{name} {count}" for name, count in sorted(done.items()))
