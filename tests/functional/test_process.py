"""How the process starts, fails to start, and ends; what it leaves in the data directory."""

import os
import resource
import signal
import stat
import unittest

from framework.case import FunctionalTest
from framework.node import wait_until

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


class CleanEnds(FunctionalTest):
    def test_rpc_stop(self):
        node = self.start_node()
        answer = node.rpc.stop()
        self.assertIn("stopping", answer)
        node.assert_clean_end()

    def test_rpc_stop_with_wait(self):
        node = self.start_node()
        node.rpc.stop(wait=200)
        node.assert_clean_end()

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                node = self.start_node()
                node.signal(number)
                node.assert_clean_end()

    def test_signal_right_after_the_start(self):
        node = self.make_node()
        node.launch()
        wait_until(lambda: node.log() or not node.running(), what="a debug.log")
        node.signal(signal.SIGTERM)
        node.assert_clean_end()

    def test_chain_continues_after_restart(self):
        node = self.start_node()
        tip = node.rpc.generatetoaddress(5, ADDRESS)[-1]
        node.restart()
        self.assertEqual(node.rpc.getblockcount(), 5)
        self.assertEqual(node.rpc.getbestblockhash(), tip)


    def test_a_chain_that_cannot_be_saved_is_no_clean_end(self):
        node = self.start_node()
        node.rpc.generatetoaddress(5, ADDRESS)
        # From now on no file may be longer than the line on stderr, which is a file too.
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (400, 400))
        node.rpc.stop()
        self.assertEqual(node.wait_stopped(), 1)
        self.assertRegex(node.stderr(), r"^Error: .*File too large\n$")
        self.assertEqual(node.start().rpc.getblockcount(), 0)
        node.stop()


class DataDirectory(FunctionalTest):
    def test_files_while_running_and_after(self):
        node = self.start_node()
        self.assertEqual((node.network_dir / "cairnd.pid").read_text().strip(), str(node.pid))
        self.assertEqual(stat.S_IMODE(node.cookie_file.stat().st_mode), 0o600)
        self.assertRegex(node.cookie_file.read_text(), r"^__cookie__:[0-9A-Za-z_-]{20,}$")
        self.assertTrue((node.network_dir / ".lock").exists())
        self.assertTrue((node.network_dir / "debug.log").exists())
        node.stop()
        self.assertFalse(node.cookie_file.exists())
        self.assertFalse((node.network_dir / "cairnd.pid").exists())

    def test_folders(self):
        node = self.start_node()
        node.stop()
        folders = {path.name for path in node.network_dir.iterdir() if path.is_dir()}
        self.assertLessEqual({"blocks", "chainstate", "wallets"}, folders)
        self.assertLessEqual(folders, {"blocks", "chainstate", "indexes", "wallets"})

    def test_folder_of_each_network(self):
        for chain, folder in (("main", ""), ("test", "testnet3"), ("testnet4", "testnet4"), ("signet", "signet")):
            with self.subTest(chain):
                node = self.start_node(chain=chain)
                self.assertEqual(node.rpc.getblockchaininfo()["chain"], chain)
                self.assertTrue((node.datadir / folder / "debug.log").exists())
                node.stop()

    def test_copy_works_elsewhere(self):
        node = self.start_node()
        tip = node.rpc.generatetoaddress(3, ADDRESS)[-1]
        node.stop()
        copy = self.adopt(node.copy_of_data(self.folder / "copy")).start()
        self.assertEqual(copy.rpc.getbestblockhash(), tip)
        copy.rpc.generatetoaddress(1, ADDRESS)
        copy.stop()
        node.start()
        self.assertEqual(node.rpc.getbestblockhash(), tip)
        node.stop()

    def test_the_log_is_opened_anew(self):
        node = self.start_node()
        log = node.network_dir / "debug.log"
        log.rename(node.network_dir / "debug.log.1")
        node.rpc.uptime()
        self.assertFalse(log.exists())
        node.signal(signal.SIGHUP)
        wait_until(log.exists, what="a new log")
        node.rpc.generatetoaddress(1, ADDRESS)
        self.assertEqual(node.rpc.getblockcount(), 1)
        node.stop()
        self.assertIn("Shutdown: done", log.read_text())
        self.assertNotIn("Shutdown", (node.network_dir / "debug.log.1").read_text())

    def test_log_options(self):
        node = self.start_node("-nodebuglogfile")
        self.assertFalse((node.network_dir / "debug.log").exists())
        node.stop()
        node = self.make_node("-printtoconsole", bare=True)
        node.start()
        node.stop()
        self.assertIn("Shutdown", node.stdout())
        self.assertTrue((node.network_dir / "debug.log").exists())

    def test_fewer_files_than_connections(self):
        node = self.make_node()
        node.most_files = 200
        node.start()
        self.assertRegex(node.log(), r"Reducing -maxconnections from 125 to \d\d, because of system limitations")
        node.stop()
        node.most_files = 1024
        node.start()
        self.assertEqual(node.log().count("Reducing -maxconnections"), 1)
        node.stop()


class FailedStarts(FunctionalTest):
    def assert_fails(self, *options, saying):
        node = self.make_node()
        self.assertRegex(node.start_failure(*options), saying)
        self.assertFalse(node.cookie_file.exists())

    def test_unknown_option(self):
        self.assert_fails("-nosuchoption", saying="nosuchoption")
        self.assert_fails("-unheardof=1", saying="unheardof")

    def test_bad_values(self):
        self.assert_fails("-rpcport=notaport", saying="notaport|rpcport")
        self.assert_fails("-rpcport=70000", saying="70000|rpcport")
        self.assert_fails("-chain=moon", saying="moon")
        self.assert_fails("-debug=nosuchcategory", saying="nosuchcategory")
        self.assert_fails("-rpcauth=nothing", saying="rpcauth")
        self.assert_fails("-assumevalid=xyz", saying="xyz|assumevalid")
        self.assert_fails("-minimumchainwork=xyz", saying="xyz|minimumchainwork")

    def test_too_few_files(self):
        node = self.make_node()
        node.most_files = 100
        self.assertRegex(node.start_failure(), r"Not enough file descriptors available\. 100 available, 1\d\d required\.")

    def test_two_networks(self):
        self.assert_fails("-signet", "-testnet4", saying="(?i)chain|network")

    def test_missing_data_directory(self):
        node = self.make_node(bare=True)
        self.assertIn("does not exist", node.start_failure(f"-datadir={self.folder / 'absent'}"))

    def test_missing_configuration_file(self):
        self.assert_fails(f"-conf={self.folder / 'absent.conf'}", saying="absent.conf")

    def test_stray_word(self):
        self.assert_fails("regtest", saying="regtest")

    def test_bad_configuration_line(self):
        node = self.make_node()
        (node.datadir / "cairn.conf").write_text("server=1\nthis is no setting\n")
        self.assertRegex(node.start_failure(), "2|no setting")

    def test_broken_chain_file(self):
        node = self.make_node(chain=str(self.folder / "moon.json"))
        (self.folder / "moon.json").write_text('{\n  "name": "moon",\n  oops\n}\n')
        self.assertRegex(node.start_failure(), "moon.json.*3")

    def test_second_process_on_the_same_directory(self):
        node = self.start_node()
        second = self.adopt(type(node)(node.folder / "second"))
        message = second.start_failure(f"-datadir={node.datadir}")
        self.assertIn("lock", message)
        self.assertEqual(node.rpc.getblockcount(), 0)
        self.assertTrue(node.cookie_file.exists())
        node.stop()

    def test_port_in_use(self):
        node = self.start_node()
        other = self.make_node()
        self.assertIn("RPC", other.start_failure(f"-rpcport={node.rpc_port}").replace("rpc", "RPC"))
        node.stop()

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_unwritable_data_directory(self):
        node = self.make_node()
        node.datadir.chmod(0o500)
        self.assertTrue(node.start_failure())


class Options(FunctionalTest):
    def test_configuration_file(self):
        node = self.make_node(bare=True)
        (node.datadir / "cairn.conf").write_text(
            "# a comment\nlisten=0\nrpcuser=alice\n[main]\nmocktime=5\n"
            "[regtest]\nrpcpassword=a#b\nconnect=0\nmocktime=1700000000\n"
        )
        node.launch()
        node.rpc = node.connection("alice:a#b")
        node.wait_ready()
        node.rpc.generatetoaddress(1, ADDRESS)
        self.assertEqual(node.rpc.getblockheader(node.rpc.getbestblockhash())["time"], 1700000000)
        node.stop()

    def test_settings_that_would_be_passed_over(self):
        node = self.make_node()
        (node.datadir / "cairn.conf").write_text("port=5\n[regtest]\nlisten=0\n")
        self.assertEqual(
            node.start_failure(),
            "Config setting for -port only applied on regtest network when in [regtest] section.",
        )
        self.assertIn("Could not connect", node.cli("getblockcount", options=[*node._base[:3], "-rpcpassword=x"]).stderr)

    def test_other_name_of_the_configuration_file(self):
        node = self.make_node(bare=True)
        (node.datadir / "bitcoin.conf").write_text("[regtest]\nmocktime=1700000001\nlisten=0\nconnect=0\n")
        node.start()
        node.rpc.generatetoaddress(1, ADDRESS)
        self.assertEqual(node.rpc.getblockheader(node.rpc.getbestblockhash())["time"], 1700000001)
        node.stop()

    def test_command_line_wins(self):
        node = self.make_node("--mocktime=1700000009")
        (node.datadir / "cairn.conf").write_text("[regtest]\nmocktime=1700000001\n")
        node.start()
        node.rpc.generatetoaddress(1, ADDRESS)
        self.assertEqual(node.rpc.getblockheader(node.rpc.getbestblockhash())["time"], 1700000009)
        node.stop()

    def test_options_of_absent_parts_are_accepted(self):
        options = "-disablewallet -keypool=1 -fallbackfee=0.0002 -upnp=0 -natpmp=0 -v2transport=0 -unsafesqlitesync"
        node = self.start_node(*options.split(), "-deprecatedrpc=create_bdb", "-shrinkdebugfile=0")
        node.stop()

    def test_help_and_version(self):
        for option, text in (("-help", "-datadir="), ("-version", "Cairn"), ("-?", "-datadir=")):
            with self.subTest(option):
                node = self.make_node()
                node.launch(option)
                node.assert_clean_end()
                self.assertIn(text, node.stdout())

    def test_stop_at_height(self):
        node = self.start_node("-stopatheight=3")
        node.rpc.generatetoaddress(2, ADDRESS)
        self.assertTrue(node.running())
        try:
            node.rpc.generatetoaddress(1, ADDRESS)
        except OSError:
            pass  # It may end before it answers.
        node.assert_clean_end()
        self.assertEqual(node.start("-stopatheight=0").rpc.getblockcount(), 3)
        node.stop()


if __name__ == "__main__":
    unittest.main()
