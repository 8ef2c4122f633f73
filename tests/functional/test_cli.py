"""cairn-cli: output forms, argument conversion, errors and exit codes, waiting, and where it finds its settings."""

import json
import unittest

from framework.case import FunctionalTest
from framework.node import free_port

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


class CommandLine(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node()

    def tearDown(self):
        self.node.stop()

    def output(self, *words, **settings):
        done = self.node.cli(*words, **settings)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def assert_fails(self, code, stderr, *words, **settings):
        done = self.node.cli(*words, **settings)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done)
        self.assertRegex(done.stderr, stderr)

    def test_output_forms(self):
        self.assertEqual(self.output("getblockcount"), "0\n")
        self.assertEqual(self.output("getbestblockhash"), self.node.rpc.getbestblockhash() + "\n")
        self.assertEqual(self.output("syncwithvalidationinterfacequeue"), "")
        text = self.output("getblockheader", self.node.rpc.getbestblockhash())
        self.assertTrue(text.startswith('{\n  "hash": "0f9188f1'), text)
        self.assertTrue(text.endswith("\n}\n"), text)
        self.assertEqual(self.output("echo", "a b", "", "ü"), '[\n  "a b",\n  "",\n  "ü"\n]\n')

    def test_arguments_are_converted_by_the_method(self):
        genesis = self.output("getblockhash", "0").strip()
        self.assertEqual(self.output("getblock", genesis, "0").strip(), self.node.rpc.getblock(genesis, 0))
        self.assertEqual(json.loads(self.output("getblockheader", genesis, "true"))["height"], 0)
        self.assertEqual(len(json.loads(self.output("generatetoaddress", "2", ADDRESS))), 2)
        self.assertEqual(json.loads(self.output("echojson", "1", '{"a":[true]}')), [1, {"a": [True]}])

    def test_named_arguments(self):
        genesis = self.node.rpc.getblockhash(0)
        raw = self.node.rpc.getblock(genesis, 0)
        self.assertEqual(self.output("-named", "getblock", f"blockhash={genesis}", "verbosity=0").strip(), raw)
        self.assertEqual(self.output("-named", "getblock", genesis, "verbosity=0").strip(), raw)
        self.assertEqual(json.loads(self.output("-named", "echo", "arg0=a=b")), ["a=b"])

    def test_standard_input(self):
        genesis = self.node.rpc.getblockhash(0)
        raw = self.node.rpc.getblock(genesis, 0)
        self.assertEqual(self.output("-stdin", "getblock", stdin=f"{genesis}\n0\n").strip(), raw)
        self.assertEqual(self.output("-stdin", "getblock", genesis, stdin="0").strip(), raw)
        self.assertEqual(self.output("-stdin", stdin="getblockcount\n"), "0\n")

    def test_rpc_errors(self):
        self.assert_fails(8, "^error code: -8\nerror message:\nBlock height out of range\n$", "getblockhash", "99")
        self.assert_fails(5, "^error code: -5\nerror message:\nBlock not found\n$", "getblock", "00" * 32)
        self.assert_fails(89, "^error code: -32601\nerror message:\nMethod not found\n$", "nosuchmethod")
        self.assert_fails(1, "^error code: -1\nerror message:\ngetblockhash height", "getblockhash")

    def test_usage_errors(self):
        self.assert_fails(1, "^error: Error parsing JSON", "getblockhash", "nonumber")
        self.assert_fails(1, "^error: too few parameters")
        self.assert_fails(1, "nosuchoption", "-nosuchoption", "getblockcount")

    def test_options_end_at_the_method(self):
        self.assertEqual(json.loads(self.output("echo", "-regtest", "--x")), ["-regtest", "--x"])

    def test_wrong_credentials(self):
        options = [*self.node._base[:3], "-rpcuser=x", "-rpcpassword=y"]
        message = "^error: Authorization failed: Incorrect rpcuser or rpcpassword"
        self.assert_fails(1, message, "uptime", options=options)

    def test_password_from_standard_input(self):
        user, password = self.node.cookie_file.read_text().split(":")
        done = self.output("-stdinrpcpass", f"-rpcuser={user}", "getblockcount", stdin=password + "\n")
        self.assertEqual(done, "0\n")

    def test_settings_from_the_configuration_file(self):
        (self.node.datadir / "cairn.conf").write_text(f"regtest=1\n[regtest]\nrpcport={self.node.rpc_port}\n")
        self.assertEqual(self.output("getblockcount", options=[f"-datadir={self.node.datadir}"]), "0\n")
        (self.node.datadir / "cairn.conf").unlink()

    def test_help_and_version(self):
        self.assertIn("-rpcwait", self.output("-help"))
        self.assertIn("Cairn", self.output("-version"))
        self.assertIn("== Blockchain ==", self.output("help"))


class Waiting(FunctionalTest):
    def test_nobody_listens(self):
        node = self.make_node()
        done = node.cli("-rpcuser=x", "-rpcpassword=y", "getblockcount")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Could not connect to the server 127.0.0.1:", done.stderr)

    def test_no_credentials(self):
        node = self.make_node()
        done = node.cli("getblockcount")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "Could not (locate RPC credentials|connect to the server)")

    def test_wait_for_the_start(self):
        node = self.make_node()
        node.launch()
        done = node.cli("-rpcwait", "getblockcount")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "0\n", ""))
        node.stop()

    def test_wait_has_an_end(self):
        node = self.make_node()
        done = node.cli("-rpcwait", "-rpcwaittimeout=1", "-rpcuser=x", "-rpcpassword=y", "getblockcount")
        self.assertEqual(done.returncode, 1)
        self.assertIn("timeout on transient error", done.stderr)

    def test_other_port(self):
        node = self.start_node()
        base = [option for option in node._base[:2]]
        done = node.cli(f"-rpcconnect=127.0.0.1:{node.rpc_port}", "getblockcount", options=base)
        self.assertEqual((done.returncode, done.stdout), (0, "0\n"), done)
        done = node.cli(f"-rpcport={free_port()}", "getblockcount", options=base)
        self.assertEqual(done.returncode, 1)
        node.stop()


if __name__ == "__main__":
    unittest.main()
