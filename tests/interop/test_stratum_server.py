"""The Stratum server against a miner that was written from the protocol's description: blocks, shares, refusals,
difficulties, payouts, a kill, and a crowd."""

import contextlib
import io
import multiprocessing
import time
import unittest

from framework import address, chain
from framework.case import FunctionalTest
from framework.chain_file import harder_chain
from framework.node import free_port, scaled, wait_until
from stratum_miner import (
    HASHES_OF_DIFFICULTY_ONE,
    Miner,
    StratumRefusal,
    difficulty_of_target,
    target_of_bits,
    target_of_difficulty,
)

ANYONE = "raw(51)"
HIDE = b"\x51" + b"\x61" * 30
HARDER_BITS = 0x1F00FFFF  # a block takes 65,536 hashes, so that most shares are none


def address_of(number):
    return address.segwit_address("bcrt", 0, bytes([number]) * 20)


def script_of(number):
    return b"\0\x14" + bytes([number]) * 20


def flood(port, data):
    """Sends the same again and again, on ever new connections, for ever."""
    while True:
        try:
            stranger = Miner(port, "nobody", 1)
            for _ in range(50):
                stranger.send_raw(data)
            stranger.close()
        except OSError:
            pass


class StratumTest(FunctionalTest):
    def start_server(self, *options, **settings):
        self.port = free_port()
        self.node = self.start_node(f"-stratum=127.0.0.1:{self.port}", *options, **settings)
        self.rpc = self.node.rpc
        return self.node

    def start_harder(self, *options):
        """A node whose shares are easier than its blocks: 256 hashes each."""
        difficulty = difficulty_of_target(1 << 248)
        path = harder_chain(self.folder, HARDER_BITS)
        return self.start_server(f"-stratumdifficulty={difficulty!r}", *options, chain=path)

    def connect(self, user, **how):
        miner = Miner(self.port, user, scaled(60))
        self.addCleanup(miner.close)
        return miner.log_in(**how)

    def stranger(self):
        """A connection on which nothing was said yet."""
        miner = Miner(self.port, "nobody", scaled(60))
        self.addCleanup(miner.close)
        return miner

    def mine_block(self, miner, **how):
        """Has the server accept a block; returns it as the node has it."""
        height = self.rpc.getblockcount()
        tip = chain.from_display(self.rpc.getbestblockhash())
        miner.wait_for_job(lambda job: job.previous == tip)
        self.assertIs(miner.submit(miner.block(**how)), True)
        wait_until(lambda: self.rpc.getblockcount() > height, what="the block's connection")
        return chain.Block.parse(bytes.fromhex(self.rpc.getblock(self.rpc.getblockhash(height + 1), 0)))

    def worker(self, name):
        return next(row for row in self.rpc.getworkers() if row["worker"] == name)

    @staticmethod
    def paid_by(coinbase):
        """Script and value of each output but the commitment."""
        return [(output.script, output.value) for output in coinbase.outputs[:-1]]

    def paid(self, block):
        return self.paid_by(block.transactions[0])

    def outputs_of(self, coinbase):
        """As `paid`, of a coinbase without witness."""
        return self.paid_by(chain.Transaction.parse(io.BytesIO(coinbase)))


class Blocks(StratumTest):
    def test_blocks_of_the_pool_with_rolled_versions(self):
        self.start_server("-acceptnonstdtxn=1")
        self.rpc.generatetodescriptor(110, ANYONE)
        fee = 10_000
        for height in range(1, 8):
            first = self.rpc.getblock(self.rpc.getblockhash(height))["tx"][0]
            spend = chain.Transaction(
                [chain.Input(chain.from_display(first), 0)], [chain.Output(50 * chain.COIN - fee, HIDE)]
            )
            self.rpc.sendrawtransaction(spend.serialize().hex())
        name = address_of(1) + ".rig"
        miner = self.connect(name)
        # The first job may have come between two of them.
        reward = chain.subsidy(111) + 7 * fee
        extranonces = miner.extranonce1, bytes(miner.extranonce2_size)
        miner.wait_for_job(lambda job: self.outputs_of(job.coinbase(*extranonces))[0][1] == reward)
        bits = 0x0ABC4000
        block = self.mine_block(miner, version_bits=bits)
        self.assertEqual(block.header.version & 0x1FFFE000, bits)
        self.assertEqual(len(block.transactions), 8)
        self.assertEqual(self.paid(block), [(script_of(1), reward)])
        self.assertEqual(self.rpc.getrawmempool(), [])
        # A miner that rolls no versions, and one of another address.
        block = self.mine_block(self.connect(address_of(2), roll_versions=False))
        self.assertEqual(self.paid(block), [(script_of(2), chain.subsidy(112))])
        self.assertTrue(miner.receive() is not None and miner.job.clean)
        self.assertEqual(self.worker(name)["accepted"], 1)
        self.assertEqual(self.rpc.getshares()["blocks"], 2)
        self.assertEqual(self.rpc.getshares()["miners"], 2)

    def test_no_server_without_the_option(self):
        node = self.start_node()
        for method in ("getworkers", "getshares"):
            self.assert_rpc_error(-1, "The Stratum server is off", node.rpc.call, method)

    def test_mistaken_options(self):
        node = self.make_node()
        good = f"-stratum=127.0.0.1:{free_port()}"
        self.assertIn("must be HOST:PORT", node.start_failure("-stratum=127.0.0.1:99999"))
        self.assertIn("must be 'solo' or 'pplns'", node.start_failure(good, "-stratumpayout=luck"))
        for difficulty in ("0", "-1", "easy", "1e300", "nan"):
            self.assertIn("-stratumdifficulty", node.start_failure(good, f"-stratumdifficulty={difficulty}"))
        self.assertIn("Unable to bind the Stratum server", node.start_failure("-stratum=192.0.2.1:3333"))


class Shares(StratumTest):
    def test_refusals(self):
        self.start_harder()
        stranger = self.stranger()
        self.assertEqual(stranger.code_of([address_of(1), "1", "00" * 8, "0" * 8, "0" * 8]), 25)
        stranger.ask("mining.subscribe")
        self.assertEqual(stranger.code_of([address_of(1), "1", "00" * 8, "0" * 8, "0" * 8]), 24)
        for user in ("", "worker", "bcrt1qqqq", address.segwit_address("bc", 0, b"\1" * 20), address_of(1)[:-1] + "?"):
            with self.assertRaises(StratumRefusal) as caught:
                stranger.ask("mining.authorize", user, "x")
            self.assertEqual(caught.exception.code, 24)

        miner = self.connect(address_of(1))
        miner.submit(miner.share())  # what is refused counts for those who ever worked
        good = miner.share()
        wrong = lambda place, value: [*good[:place], value, *good[place + 1 :]]
        self.assertEqual(miner.code_of(wrong(0, address_of(2))), 24)
        self.assertEqual(miner.code_of(wrong(1, "777")), 21)
        self.assertEqual(miner.code_of(wrong(2, "00" * 7)), 20)
        self.assertEqual(miner.code_of(wrong(2, "zz" * 8)), 20)
        self.assertEqual(miner.code_of(wrong(3, "00000001")), 20)
        self.assertEqual(miner.code_of(wrong(3, f"{int(time.time()) + 8000:08x}")), 20)
        self.assertEqual(miner.code_of(wrong(4, "123")), 20)
        self.assertEqual(miner.code_of([*good, "20000000"]), 20)
        self.assertEqual(miner.code_of(good[:3]), 20)
        below = miner.find((1 << 256) - 1, target_of_difficulty(miner.difficulty))
        self.assertEqual(miner.code_of(below), 23)
        self.assertEqual(miner.code_of(good), 0)
        self.assertEqual(miner.code_of(good), 22)
        with self.assertRaises(StratumRefusal) as caught:
            miner.ask("mining.dance")
        self.assertEqual(caught.exception.code, 20)

        late = miner.share()
        self.mine_block(miner)
        miner.wait_for_job(lambda job: job.name != late[1])
        self.assertEqual(miner.code_of(late), 21)
        # What is refused is counted after the answer.
        wait_until(lambda: self.worker(address_of(1))["stale"] == 2, what="both stale shares")
        row = self.worker(address_of(1))
        self.assertEqual(row["accepted"], 3)
        # What could not even be read, and what another was to be credited with, is nobody's.
        self.assertEqual(row["rejected"], 6)

    def test_what_ends_a_connection(self):
        self.start_server()
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\xfe\n", b"[]\n", b"{" * 100 + b"\n", b"x" * 100_000):
            stranger = self.stranger()
            with contextlib.suppress(ConnectionError):  # it need not wait for all of it
                stranger.send_raw(garbage)
            last_words = stranger.receive()
            if last_words is not None:  # else what we sent yet came in the way
                self.assertEqual(last_words["error"][0], 20)
            self.assertIsNone(stranger.receive())
        miner = self.connect(address_of(1))
        with self.assertRaises(ConnectionError):
            for _ in range(1000):
                miner.code_of([address_of(1), "777", "00" * 8, "0" * 8, "0" * 8])
        self.mine_block(self.connect(address_of(1)))

    def test_who_has_left_keeps_no_place(self):
        """Not even by lines that are yet to be read, slowly, as there are so many."""
        self.start_server()
        for user in (address_of(1), None):
            for _ in range(20):
                leaver = self.stranger()
                if user is not None:
                    leaver.user = user
                    leaver.log_in()
                leaver.send_raw(b"\n" * 16000)
                leaver.close()
        wait_until(lambda: self.rpc.getshares()["connections"] == 0, seconds=10, what="the end of all connections")

    def test_the_difficulty_follows_the_miner(self):
        self.start_harder()
        miner = self.connect(address_of(1))
        start, block = miner.difficulty, difficulty_of_target(target_of_bits(HARDER_BITS))
        self.assertEqual(start, difficulty_of_target(1 << 248))
        first = miner.job.name
        sent = 0
        while miner.difficulty == start and sent < 100:
            sent += miner.submit(miner.share())
            self.rpc.getworkers()  # what the server sends behind an answer has come by the next one
        # So many shares in a moment are far too many; and a step is at most sixteen.
        self.assertLess(sent, 20)
        self.assertEqual(miner.difficulty, 16 * start)
        self.assertNotEqual(miner.job.name, first)
        easy = miner.find(target_of_difficulty(start), target_of_difficulty(miner.difficulty))
        self.assertEqual(miner.code_of(easy), 23)
        blocks = 0
        while miner.difficulty < block:
            accepted = miner.code_of(miner.find(target_of_difficulty(miner.difficulty))) == 0
            blocks += accepted and miner.found_block
        self.assertEqual(miner.difficulty, block)  # and no more
        wait_until(lambda: self.rpc.getshares()["blocks"] == blocks, what="all blocks among the shares")
        self.mine_block(miner)
        # Another connection begins anew; one that asks for more gets it.
        other = self.connect(address_of(2))
        self.assertEqual(other.difficulty, start)
        other.ask("mining.suggest_difficulty", 4 * start)
        other.wait_for_job(lambda job: "." in job.name)
        self.assertEqual(other.difficulty, 4 * start)
        self.assertEqual(self.worker(address_of(1))["sharedifficulty"], block)


class Payouts(StratumTest):
    def expected(self, total, shares):
        """What each script gets for shares (script, difficulty), the oldest first, by the rule of the last shares."""
        window = 2 * ((1 << 256) // (target_of_bits(HARDER_BITS) + 1))
        work = {}
        for script, difficulty in reversed(shares):
            part = min(int(difficulty * HASHES_OF_DIFFICULTY_ONE + 0.5), window - sum(work.values()))
            work[script] = work.get(script, 0) + part
        work = {script: part for script, part in work.items() if part}
        ranked = sorted(work, key=lambda script: (-work[script], script))
        amounts = {script: total * work[script] // sum(work.values()) for script in ranked}
        paid = {script: amount for script, amount in amounts.items() if amount >= 546}
        paid[ranked[0]] += total - sum(paid.values())
        return [(script, paid[script]) for script in ranked if script in paid]

    def test_by_the_last_shares(self):
        self.start_harder("-stratumpayout=pplns")
        miners = [self.connect(address_of(number) + ".x", roll_versions=False) for number in range(1, 4)]
        # Nobody has a share before the first block, which is its finder's.
        block = self.mine_block(miners[2])
        self.assertEqual(self.paid(block), [(script_of(3), 50 * chain.COIN)])
        shares = [(script_of(3), miners[2].difficulty)]
        for height, counts in ((2, (6, 4, 0)), (3, (0, 7, 2))):
            tip = block.hash()
            for number, (miner, count) in enumerate(zip(miners, counts), start=1):
                miner.wait_for_job(lambda job: job.previous == tip)
                for _ in range(count):
                    difficulty = miner.difficulty
                    miner.submit(miner.share())
                    shares.append((script_of(number), difficulty))
            # The next job is made for these shares; the block's own share is not among them.
            difficulty = miners[0].difficulty
            self.mine_block(miners[0])
            shares.append((script_of(1), difficulty))
            tip = chain.from_display(self.rpc.getbestblockhash())
            miners[1].wait_for_job(lambda job: job.previous == tip)
            job = miners[1].job
            coinbase = job.coinbase(miners[1].extranonce1, b"\0" * miners[1].extranonce2_size)
            block = chain.Block.parse(bytes.fromhex(self.rpc.getblock(self.rpc.getbestblockhash(), 0)))
            self.assertEqual(self.rpc.getblockcount(), height)
            outputs = self.outputs_of(coinbase)
            known = [self.expected(50 * chain.COIN, shares), self.expected(50 * chain.COIN, shares[:-1])]
            self.assertIn(outputs, known)
            self.assertEqual(sum(value for _, value in outputs), 50 * chain.COIN)
        last = self.mine_block(miners[1])
        self.assertIn(self.paid(last), known)
        self.assertGreater(len(outputs), 1)
        window = self.rpc.getshares()
        self.assertEqual(window["payout"], "pplns")
        self.assertAlmostEqual(sum(row["part"] for row in window["payees"]), 1)


class Durability(StratumTest):
    def test_a_kill_loses_no_share_that_was_acknowledged(self):
        self.start_harder("-stratumpayout=pplns")
        for round_ in range(3):
            miners = [self.connect(f"{address_of(number)}.{round_}") for number in (1, 2)]
            for miner in miners:
                for _ in range(5):
                    miner.submit(miner.share())
                self.assertEqual(miner.code_of([miner.user, "777", "00" * 8, "0" * 8, "0" * 8]), 21)
            acknowledged = miners[0].submit(miners[0].share())
            self.node.kill()
            self.assertIs(acknowledged, True)
            self.node.start()
            for number, accepted in ((1, 6), (2, 5)):
                row = self.worker(f"{address_of(number)}.{round_}")
                self.assertEqual((row["accepted"], row["stale"], row["connections"]), (accepted, 1, 0))
            wait_until(lambda: self.rpc.getshares()["windowdifficulty"] > 0, what="a job")
            shares = self.rpc.getshares()
            self.assertEqual(shares["stored"], 11 * (round_ + 1))
            self.assertEqual(
                sum(row["accepted"] for row in self.rpc.getworkers()), shares["stored"], self.rpc.getworkers()
            )
            for miner in miners:
                miner.close()


class Crowd(StratumTest):
    IDLE = 300

    def test_idlers_and_floods_do_not_slow_down_who_works(self):
        self.start_harder()
        before = self.node.resident_memory()
        idle = [self.connect(f"{address_of(9)}.{number}", roll_versions=False) for number in range(self.IDLE)]
        grown = self.node.resident_memory() - before
        self.assertLess(grown, self.IDLE * 64 * 1024)
        honest = self.connect(address_of(1))
        self.assertEqual(self.rpc.getshares()["miners"], self.IDLE + 1)
        shares = [honest.share() for _ in range(40)]
        floods = [
            b'{"id":1,"method":"mining.subscribe","params":["x"]}\n' * 500,
            b'{"id":1,"method":"mining.submit","params":["a","1","00","00000000","00000000"]}\n' * 500,
            b"\n" * 20_000,
            b"x" * 60_000,
        ]

        flooders = [multiprocessing.Process(target=flood, args=(self.port, data), daemon=True) for data in floods]
        for flooder in flooders:
            flooder.start()
        slowest = 0
        try:
            for share in shares:
                time.sleep(0.05)
                asked = time.monotonic()
                self.assertIs(honest.submit(share), True)
                slowest = max(slowest, time.monotonic() - asked)
            self.mine_block(honest)
            self.assertTrue(all(flooder.is_alive() for flooder in flooders))
        finally:
            for flooder in flooders:
                flooder.kill()
                flooder.join()
        print(f"slowest answer amid floods {slowest * 1000:.0f} ms, {grown / self.IDLE / 1024:.1f} KiB per idle miner")
        self.assertLess(slowest, scaled(2))
        tip = chain.from_display(self.rpc.getbestblockhash())
        for miner in idle:
            miner.wait_for_job(lambda job: job.previous == tip)


if __name__ == "__main__":
    unittest.main()
