"""Chains of one's own, as files for -chain."""

import json
import pathlib

from framework import chain

_GENESIS = pathlib.Path(__file__).parents[3] / "genesis"


def _rules_of(name):
    return json.loads((_GENESIS / f"{name}.json").read_text())


def harder_chain(folder, bits, nonce=0, genesis="regtest"):
    """A chain as regtest's, but for the target and perhaps the first block, which is another chain's. The block is
    solved from `nonce` upwards if it does not meet the target yet. Returns the file's path."""
    rules = _rules_of("regtest")
    block = chain.Block.parse(bytes.fromhex(_rules_of(genesis)["genesis_block"]))
    if block.header.bits != bits:
        block.header.bits, block.header.nonce = bits, nonce
        block.header.solve()
    rules["genesis_block"] = block.hex()
    rules["retarget"]["limit"] = f"{chain.target_of(bits):064x}"
    del rules["checkpoints"]
    path = folder / f"harder-{bits:08x}.json"
    path.write_text(json.dumps(rules))
    return str(path)
