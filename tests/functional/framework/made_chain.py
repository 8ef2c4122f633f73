"""Chains of real signed transactions, made by make_chain of the build under test, with what a node must come to."""

import functools
import json
import subprocess

from framework import chain
from framework.node import binary, scaled


class MadeChain:
    """A chain, a branch that is one block longer than it, and two more blocks of the chain that overtake the branch.

    `ends` says for each of the three tips what a node must have there: height, muhash and so on, by hash.
    """

    def __init__(self, folder, **numbers):
        self.files = [folder / name for name in ("chain.dat", "fork.dat", "return.dat")]
        options = [f"--{name.replace('_', '-')}={number}" for name, number in numbers.items()]
        options += [f"--{name}={path}" for name, path in zip(("output", "fork-file", "return-file"), self.files)]
        done = subprocess.run(
            [binary("make_chain"), *options], capture_output=True, text=True, timeout=scaled(600), check=True
        )
        facts = json.loads(done.stdout.splitlines()[-1])
        self.end, self.fork, self.overtaken = facts, facts["fork"], facts["return"]
        self.ends = {part["tip"]: part for part in (self.end, self.fork, self.overtaken)}

    @functools.cached_property
    def raw(self):
        """The blocks of each file, in bytes."""
        return [chain.read_frames(path.read_bytes(), "regtest") for path in self.files]

    @functools.cached_property
    def hashes(self):
        """Their hashes, likewise."""
        return [[chain.display(chain.Block.parse(raw).hash()) for raw in part] for part in self.raw]
