"""Blocks that the node makes: equal to the byte to what the rules of the template say, and mining's RPCs."""

import decimal
import unittest

from framework import chain
from framework.address import base58check, script_of, segwit_address
from framework.case import FunctionalTest
from framework.node import wait_until

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
MOCK_TIME = 1_700_000_000
_SIGNALS_TESTDUMMY = 1 << 28


def expected_version(height):
    """Regtest's one BIP9 deployment signals while it is started and locked in: periods of 144 blocks."""
    return 0x20000000 | (_SIGNALS_TESTDUMMY if 144 <= height < 432 else 0)


def expected_block(previous, height, time, address=ADDRESS):
    """The block that an empty node mines on regtest."""
    first = chain.coinbase(height, script=script_of(address), extra=b"\0")
    header = chain.Header(expected_version(height), previous, b"", time, chain.REGTEST_BITS)
    block = chain.Block(header, [first])
    chain.add_witness_commitment(block)
    return block.seal()


class Generate(FunctionalTest):
    def test_blocks_to_the_byte(self):
        node = self.start_node(f"-mocktime={MOCK_TIME}")
        hashes = node.rpc.generatetoaddress(440, ADDRESS)
        previous, times = node.rpc.getblockhash(0), [1296688602]
        for height, block_hash in enumerate(hashes, 1):
            median = sorted(times[-11:])[len(times[-11:]) // 2]
            time = max(MOCK_TIME, median + 1)
            block = expected_block(chain.from_display(previous), height, time)
            if height < 20 or height % 48 < 2 or height > 428:
                self.assertEqual(node.rpc.getblock(block_hash, 0), block.hex(), f"height {height}")
            self.assertEqual(chain.display(block.hash()), block_hash, f"height {height}")
            previous = block_hash
            times.append(time)
        self.assertEqual(node.rpc.getbestblockhash(), hashes[-1])
        node.stop()

    def test_every_kind_of_address(self):
        node = self.start_node()
        program = bytes(range(32))
        addresses = [
            base58check(b"\x6f" + program[:20]),
            base58check(b"\xc4" + program[:20]),
            segwit_address("bcrt", 0, program[:20]),
            segwit_address("bcrt", 0, program),
            segwit_address("bcrt", 1, program),
        ]
        for address in addresses:
            (block_hash,) = node.rpc.generatetoaddress(1, address)
            output = node.rpc.getblock(block_hash, 2)["tx"][0]["vout"][0]
            self.assertEqual(output["scriptPubKey"]["hex"], script_of(address).hex())
            self.assertEqual(output["scriptPubKey"]["address"], address)
            self.assertEqual(output["value"], decimal.Decimal("50.00000000"))
        node.stop()

    def test_refused_arguments(self):
        node = self.start_node()
        for address in ("", "nonsense", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ADDRESS[:-1] + "q"):
            self.assert_rpc_error(-5, "Invalid address", node.rpc.generatetoaddress, 1, address)
        self.assertEqual(node.rpc.generatetoaddress(0, ADDRESS), [])
        self.assertEqual(node.rpc.generatetoaddress(1, ADDRESS, 0), [])
        self.assertEqual(node.rpc.getblockcount(), 0)
        node.stop()

    def test_generateblock(self):
        node = self.start_node()
        made = node.rpc.generateblock(ADDRESS, [])
        self.assertEqual(made, {"hash": node.rpc.getbestblockhash()})
        kept = node.rpc.generateblock(ADDRESS, [], False)
        self.assertEqual(node.rpc.getblockcount(), 1)
        self.assertEqual(chain.display(chain.Block.parse(bytes.fromhex(kept["hex"])).hash()), kept["hash"])
        self.assertIsNone(node.rpc.submitblock(kept["hex"]))
        self.assertEqual(node.rpc.getbestblockhash(), kept["hash"])
        made = node.rpc.generateblock(f"raw({script_of(ADDRESS).hex()})", [])
        output = node.rpc.getblock(made["hash"], 2)["tx"][0]["vout"][0]
        self.assertEqual(output["scriptPubKey"]["address"], ADDRESS)
        self.assert_rpc_error(-5, "Invalid address or descriptor", node.rpc.generateblock, "nonsense", [])
        node.stop()

    def test_time_never_falls_behind_the_median(self):
        node = self.start_node(f"-mocktime={MOCK_TIME}")
        node.rpc.generatetoaddress(30, ADDRESS)
        node.rpc.setmocktime(MOCK_TIME - 5000)
        (block_hash,) = node.rpc.generatetoaddress(1, ADDRESS)
        header = node.rpc.getblockheader(block_hash)
        before = node.rpc.getblockheader(header["previousblockhash"])
        self.assertEqual(header["time"], before["mediantime"] + 1)
        node.stop()

    def test_mining_info(self):
        node = self.start_node()
        node.rpc.generatetoaddress(10, ADDRESS)
        info = node.rpc.getmininginfo()
        self.assertEqual((info["blocks"], info["chain"], info["pooledtx"]), (10, "regtest", 0))
        self.assertEqual(info["difficulty"], node.rpc.getdifficulty())
        node.stop()

    def test_halving(self):
        node = self.start_node()
        hashes = node.rpc.generatetoaddress(151, ADDRESS)
        values = [node.rpc.getblock(h, 2)["tx"][0]["vout"][0]["value"] for h in hashes[148:]]
        self.assertEqual(values, [decimal.Decimal(50), decimal.Decimal(25), decimal.Decimal(25)])
        node.stop()


class BuiltInMiner(FunctionalTest):
    def test_blocks_come_by_themselves(self):
        node = self.start_node(f"-mine={ADDRESS}", "-mineinterval=1")
        wait_until(lambda: node.rpc.getblockcount() >= 3, what="a third block")
        output = node.rpc.getblock(node.rpc.getblockhash(1), 2)["tx"][0]["vout"][0]
        self.assertEqual(output["scriptPubKey"]["address"], ADDRESS)
        node.restart()
        height = node.rpc.getblockcount()
        self.assertGreaterEqual(height, 3)
        wait_until(lambda: node.rpc.getblockcount() > height, what="a block after the restart")
        node.stop()

    def test_several_threads(self):
        node = self.start_node(f"-mine={ADDRESS}", "-minethreads=3", "-mineinterval=1", "-minerkernel=portable")
        wait_until(lambda: node.rpc.getblockcount() >= 2, what="a second block")
        self.assertGreater(node.rpc.getmininginfo()["minerhashps"], 0)
        node.stop()
        log = node.log()
        self.assertIn("Mining with 3 thread(s), kernel portable", log)
        self.assertRegex(log, r"Mined \d+ block\(s\) with \d+ hashes")

    def test_no_rate_without_a_miner(self):
        node = self.start_node()
        self.assertNotIn("minerhashps", node.rpc.getmininginfo())
        node.stop()

    def test_bad_address(self):
        self.assertIn("nonsense", self.make_node().start_failure("-mine=nonsense"))

    def test_unknown_kernel(self):
        self.assertIn("this processor has: auto, portable", self.make_node().start_failure("-minerkernel=abacus"))


if __name__ == "__main__":
    unittest.main()
