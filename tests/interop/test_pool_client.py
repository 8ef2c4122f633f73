"""cairnd mines for pools (-pool), with and without TLS, and delivers shares that these find to be good."""

import socket

from framework.case import FunctionalTest
from framework.node import free_port, wait_until
from framework.tls import certificate
from stratum_pool import Pool

MISC_ERROR = -1


class PoolTest(FunctionalTest):
    def pool(self, **settings):
        pool = Pool(**settings)
        self.addCleanup(pool.close)
        return pool

    def wait_for_shares(self, pool, count=5, job=None):
        wait_until(lambda: len(pool.accepted(job)) >= count, 120, f"{count} accepted shares")
        self.assertEqual(pool.refused(), [])

    def wait_for_new_job(self, pool):
        """Another job is worked on once the miners, who may just have come, have one."""
        wait_until(pool.ready, what="miners with jobs")
        self.wait_for_shares(pool, 3, pool.new_job())

    def wait_for_info(self, node, **wanted):
        def matches():
            info = node.rpc.getpoolinfo()
            return all(info.get(key) == value for key, value in wanted.items())

        wait_until(matches, 120, f"getpoolinfo with {wanted}")

    def assert_log_grows(self, node, text):
        wait_until(lambda: text in node.log(), 60, f"{text!r} in the log")


class Mining(PoolTest):
    def test_shares(self):
        pool = self.pool()
        node = self.start_node(pool.option(), "-minethreads=2")
        self.wait_for_shares(pool, 20)
        miner = pool.miners[0]
        self.assertRegex(miner.agent, r"^cairn/\d")
        self.assertEqual((miner.user, miner.password), ("worker", "hush-hush"))
        self.assertTrue(miner.wants_extranonce)
        self.assertEqual(miner.asked[:2], ["mining.configure", "mining.subscribe"])
        self.wait_for_info(node, state="mining", url=pool.url, user="worker", versionmask="1fffe000")
        wait_until(lambda: node.rpc.getpoolinfo()["accepted"] >= 20, what="20 counted shares")
        info = node.rpc.getpoolinfo()
        self.assertEqual((info["rejected"], info["stale"]), (0, 0))
        self.assertAlmostEqual(float(info["difficulty"]), 3e-6)
        self.assertAlmostEqual(float(info["accepteddifficulty"]), info["accepted"] * 3e-6)
        self.assertNotIn("lasterror", info)
        self.assertGreater(info["minerhashps"], 0)
        self.assertGreater(node.rpc.getmininginfo()["minerhashps"], 0)
        self.assertGreater(len({share.version_bits for share in pool.accepted()}), 1)
        node.stop()
        self.assertNotIn("hush-hush", node.log())
        self.assertRegex(node.log(), r"Pool stratum\+tcp://\S+: [\d.]+ MH/s, shares: \d+ accepted, 0 rejected, 0 stale")

    def test_jobs_change(self):
        pool = self.pool()
        node = self.start_node(pool.option())
        self.wait_for_shares(pool)
        for clean in (True, False, True, True):
            job = pool.new_job(clean)
            self.wait_for_shares(pool, 3, job)
        wait_until(lambda: node.rpc.getpoolinfo()["job"] == job.name, what="the last job")
        self.assertEqual(node.rpc.getpoolinfo()["rejected"], 0)
        self.assertEqual(len(pool.miners), 1)
        node.stop()

    def test_difficulty_changes(self):
        pool = self.pool()
        node = self.start_node(pool.option())
        self.wait_for_shares(pool)
        for difficulty in (3e-5, 1e-6):
            with pool.lock:
                pool.difficulty = difficulty
                pool.announce("mining.set_difficulty", difficulty)
                job = pool.new_job()
            self.wait_for_shares(pool, 5, job)
            self.assertAlmostEqual(float(node.rpc.getpoolinfo()["difficulty"]), difficulty)
        node.stop()

    def test_no_version_rolling(self):
        pool = self.pool(mask=None, extranonce2_size=2)
        node = self.start_node(pool.option())
        self.wait_for_shares(pool, 10)
        self.assertEqual({share.version_bits for share in pool.accepted()}, {None})
        self.assertEqual(node.rpc.getpoolinfo()["versionmask"], "00000000")
        node.stop()

    def test_mask_and_extranonce_change(self):
        pool = self.pool(version=0x20004000)
        node = self.start_node(pool.option())
        self.wait_for_shares(pool)
        with pool.lock:
            pool.announce("mining.set_version_mask", "0000c000")
            pool.miners[0].mask = 0x0000C000
            job = pool.new_job()
        self.wait_for_shares(pool, 20, job)
        bits = {int(share.version_bits, 16) for share in pool.accepted(job)}
        self.assertLessEqual(bits, {0, 0x4000, 0x8000, 0xC000})
        with pool.lock:
            pool.announce("mining.set_extranonce", "c0ffee", 7)
            pool.extranonce2_size = 7
            pool.miners[0].extranonce1 = bytes.fromhex("c0ffee")
            job = pool.new_job()
        self.wait_for_shares(pool, 5, job)
        node.stop()

    def test_wrong_lines(self):
        pool = self.pool()
        node = self.start_node(pool.option())
        self.wait_for_shares(pool)
        for line in ("", "nonsense", "[]", '{"id":1}', '{"id":null,"method":"mining.notify","params":[1]}', "[" * 9000):
            pool.miners[0].say(line)
        pool.miners[0].send(id=44, method="client.get_version", params=[])
        pool.announce("client.show_message", "the pool says \x1b[31mhello")
        self.wait_for_shares(pool, 3, pool.new_job())
        wait_until(lambda: pool.answers, what="an answer")
        self.assertRegex(pool.answers[0]["result"], r"^cairn/\d")
        self.assert_log_grows(node, "it says: the pool says ?[31mhello")
        self.assertEqual(pool.connections, 1)
        pool.miners[0].say("x" * 200_000)
        wait_until(lambda: pool.connections == 2, what="another connection")
        self.wait_for_new_job(pool)
        for _ in range(20):
            pool.miners[0].say("nonsense")
        wait_until(lambda: pool.connections == 3, what="a third connection")
        self.assertIn("lasterror", node.rpc.getpoolinfo())
        node.stop()

    def test_easy_pool(self):
        """Every hash is a share: the node takes no harm."""
        pool = self.pool(difficulty=1e-30)
        node = self.start_node(pool.option())
        wait_until(lambda: len(pool.accepted()) >= 1000, 120, "1000 shares")
        self.assertLess(node.resident_memory(), 1 << 30)
        self.assertEqual(node.rpc.getblockcount(), 0)
        node.stop()


class Moving(PoolTest):
    def test_reconnect(self):
        pool = self.pool()
        node = self.start_node(pool.option())
        self.wait_for_shares(pool)
        pool.announce("client.reconnect", "pool.invalid", 3333, 0)
        self.assert_log_grows(node, "not followed")
        self.assertEqual(pool.connections, 1)
        pool.announce("client.reconnect")
        wait_until(lambda: pool.connections == 2, what="another connection")
        self.wait_for_new_job(pool)
        other = self.pool()
        pool.announce("client.reconnect", "127.0.0.1", other.port, 1)
        self.wait_for_shares(other)
        other.close()
        wait_until(lambda: pool.connections >= 3, what="a return to where the option says")
        node.stop()

    def test_sent_elsewhere_before_the_first_job(self):
        gate, pool = self.pool(), self.pool()
        gate.elsewhere = pool.port
        node = self.start_node(gate.option())
        self.wait_for_shares(pool)
        self.assertEqual(gate.connections, 1)
        self.assertNotIn("lasterror", node.rpc.getpoolinfo())
        node.stop()

    def test_failover_and_return(self):
        port = free_port()
        second = self.pool()
        node = self.start_node(f"-pool=stratum+tcp://first@127.0.0.1:{port}", second.option())
        self.wait_for_shares(second)
        self.wait_for_info(node, url=second.url)
        self.assertIn(f":{port}", node.rpc.getpoolinfo()["lasterror"])
        first = self.pool(port=port)
        self.wait_for_shares(first)
        self.assertEqual((first.miners[0].user, first.miners[0].password), ("first", "x"))
        self.wait_for_info(node, url=first.url, user="first")
        wait_until(lambda: not second.miners, what="the end of the second connection")
        first.close()
        wait_until(lambda: second.miners, what="the second connection again")
        self.wait_for_new_job(second)
        counted = len(first.accepted()) + len(second.accepted())
        wait_until(lambda: node.rpc.getpoolinfo()["accepted"] + 5 >= counted, what="the pools' count of shares")
        node.stop()

    def test_unwanted_user(self):
        first, second = self.pool(), self.pool()
        node = self.start_node(first.option("nobody"), second.option())
        self.wait_for_shares(second)
        self.assertEqual(first.accepted(), [])
        self.assertIn("Unauthorized worker", node.rpc.getpoolinfo()["lasterror"])
        node.stop()

    def test_silent_pool(self):
        """One that takes connections and says nothing does not keep the node from stopping."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            node = self.start_node(f"-pool=stratum+tcp://user@127.0.0.1:{silent.getsockname()[1]}")
            self.wait_for_info(node, state="connecting")
            self.assertNotIn("url", node.rpc.getpoolinfo())
            node.stop()


class Tls(PoolTest):
    def test_trusted(self):
        path, context = certificate(self.folder, "good", "IP:127.0.0.1,DNS:localhost")
        pool = self.pool(tls=context)
        node = self.start_node(pool.option(), f"-poolcafile={path}")
        self.wait_for_shares(pool)
        self.wait_for_info(node, url=pool.url, state="mining")
        self.wait_for_shares(pool, 3, pool.new_job())
        node.restart()
        node.stop()
        wait_until(lambda: not pool.miners, what="the end of the connection")
        pool.shares.clear()
        node = self.start_node(pool.option().replace("127.0.0.1", "localhost"), f"-poolcafile={path}")
        self.wait_for_shares(pool)
        node.stop()

    def assert_not_trusted(self, pool, *options):
        node = self.start_node(pool.option(), *options)
        wait_until(lambda: "lasterror" in node.rpc.getpoolinfo(), what="an error")
        self.assertIn("certificate verify failed", node.rpc.getpoolinfo()["lasterror"])
        self.assertEqual((pool.connections, pool.shares), (0, []))
        node.stop()

    def test_unknown_certificate(self):
        _, context = certificate(self.folder, "unknown", "IP:127.0.0.1")
        self.assert_not_trusted(self.pool(tls=context))

    def test_certificate_of_another_host(self):
        path, context = certificate(self.folder, "other", "IP:127.0.0.2,DNS:pool.invalid")
        self.assert_not_trusted(self.pool(tls=context), f"-poolcafile={path}")

    def test_plain_pool(self):
        pool = self.pool()
        node = self.start_node(pool.option().replace("tcp", "ssl"))
        wait_until(lambda: "lasterror" in node.rpc.getpoolinfo(), what="an error")
        self.assertEqual(pool.shares, [])
        node.stop()


class Options(PoolTest):
    def test_mistakes(self):
        url = "stratum+tcp://user:hush-hush@127.0.0.1:1"
        for option, words in {
            "-pool=127.0.0.1:3333": "stratum+tcp://",
            "-pool=stratum+tcp://user:hush-hush@127.0.0.1": "port",
        }.items():
            error = self.make_node().start_failure(option)
            self.assertIn(words, error)
            self.assertNotIn("hush-hush", error)
        address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
        self.assertIn("-mine", self.make_node().start_failure(f"-pool={url}", f"-mine={address}"))
        self.assertIn("missing.pem", self.make_node().start_failure(f"-pool={url}", "-poolcafile=missing.pem"))

    def test_no_pool(self):
        node = self.start_node()
        self.assert_rpc_error(MISC_ERROR, "-pool", node.rpc.getpoolinfo)
        node.stop()
