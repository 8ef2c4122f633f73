"""A chain of one's own, mined with real work and accepted by the peers.

CAIRN_LONG_TESTS=1 mines at difficulty 1, as mainnet began: each block takes 4.3 thousand million hashes, minutes of two
cores. Without, the same chain is 4,096 times easier, with a genesis block of its own.
"""

import json
import os
import pathlib
import time
import unittest

from framework import chain
from framework.case import FunctionalTest, vectors
from framework.node import wait_until

THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
GENESIS = pathlib.Path(__file__).parents[2] / "genesis"
ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
BLOCKS = 3
DIFFICULTY_1 = 0x1D00FFFF
EASIER = 0x1E0FFFF0


def genesis_at(bits, text):
    """Mainnet's genesis block, but for its target, time and nonce."""
    block = chain.Block.parse(bytes.fromhex(text))
    block.header.bits, block.header.time, block.header.nonce = bits, int(time.time()) - 100_000, 0
    block.header.solve()
    return block.hex()


class MinedWork(FunctionalTest):
    def make_chain_file(self, bits):
        """Mainnet's rules, with every soft fork from the first block on."""
        description = json.loads((GENESIS / "mainnet.json").read_text(encoding="utf-8"))
        for name in ("dns_seeds", "fixed_seeds", "checkpoints", "assumed_valid", "minimum_chain_work", "bip34_hash",
                     "bip30_exceptions", "script_flag_exceptions"):  # fmt: skip
            description.pop(name, None)
        description["magic"] = "c0ffee01"
        description["heights"] = dict.fromkeys(description["heights"], 1)
        description["deployments"] = [{"name": "taproot", "bit": 2, "start_time": "always", "timeout": "none"}]
        if bits != DIFFICULTY_1:
            description["genesis_block"] = genesis_at(bits, description["genesis_block"])
            description["retarget"]["limit"] = f"{chain.target_of(bits):064x}"
        file = self.folder / "worked.json"
        file.write_text(json.dumps(description), encoding="utf-8")
        return str(file)

    def test_peers_accept_what_is_mined(self):
        bits = DIFFICULTY_1 if THOROUGH else EASIER
        file = self.make_chain_file(bits)
        miner = self.start_node(chain=file, listens=True)
        peers = [self.start_node(f"-addnode={miner.address}", chain=file) for _ in range(2)]
        self.assertEqual(miner.rpc.getblockcount(), 0)
        miner.restart(f"-mine={ADDRESS}")
        wait_until(lambda: "Mining waits until the chain is up to date" in miner.log(), what="the word that mining waits")
        begun = time.monotonic()
        miner.restart(f"-mine={ADDRESS}", "-minethreads=2", "-maxtipage=1000000000")
        wait_until(lambda: miner.rpc.getblockcount() >= BLOCKS, 7200 if THOROUGH else 120, f"block {BLOCKS}")
        rate = miner.rpc.getmininginfo()["minerhashps"]
        print(f"{BLOCKS} blocks at {float(rate) / 1e6:.1f} MH/s in {time.monotonic() - begun:.0f} s")
        miner.restart()
        tip, height = miner.rpc.getbestblockhash(), miner.rpc.getblockcount()
        for peer in peers:
            wait_until(lambda peer=peer: peer.rpc.getbestblockhash() == tip, 60, "the miner's tip")
        for number in range(1, height + 1):
            block = chain.Block.parse(bytes.fromhex(peers[0].rpc.getblock(peers[0].rpc.getblockhash(number), 0)))
            self.assertEqual(block.header.bits, bits)
            self.assertTrue(block.header.meets_target(), f"block {number} shows too little work")
        self.assertEqual(peers[1].rpc.getblock(tip, 2)["tx"][0]["vout"][0]["scriptPubKey"]["address"], ADDRESS)
        for node in (miner, *peers):
            node.stop()

    @unittest.skipUnless(THOROUGH, "two minutes of both cores; CAIRN_LONG_TESTS=1 runs it")
    def test_on_mainnet_as_it_began(self):
        """A block on the other chain that begins with mainnet's genesis block, accepted by a peer of that chain."""
        blocks = chain.read_frames(vectors("chains/mainnet_alt_0_2016.dat").read_bytes(), "main")
        file = self.folder / "start.dat"
        file.write_bytes(chain.frame(blocks[:101], "main"))
        options = (f"-loadblock={file}", "-minimumchainwork=00", "-maxtipage=1000000000")
        miner = self.start_node(*options, chain="main", listens=True)
        peer = self.start_node(*options, f"-addnode={miner.address}", chain="main")
        for node in (miner, peer):
            wait_until(lambda node=node: node.rpc.getblockcount() == 100, what="the chain so far")
        begun = time.monotonic()
        miner.restart(f"-mine={ADDRESS}", "-minethreads=2")
        wait_until(lambda: peer.rpc.getblockcount() > 100, 7200, "a block at difficulty 1")
        print(f"a block of mainnet's first difficulty in {time.monotonic() - begun:.0f} s")
        block = peer.rpc.getblock(peer.rpc.getblockhash(101), 2)
        self.assertEqual(block["previousblockhash"], chain.display(chain.Block.parse(blocks[100]).hash()))
        self.assertEqual((block["bits"], block["difficulty"]), ("1d00ffff", 1))
        self.assertTrue(block["hash"].startswith("00000000"))
        self.assertEqual(block["tx"][0]["vout"][0]["scriptPubKey"]["address"], ADDRESS)
        for node in (miner, peer):
            node.stop()


if __name__ == "__main__":
    unittest.main()
