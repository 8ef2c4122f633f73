"""JSON-RPC as clients speak it: versions, batches, parameters, HTTP statuses, and a connection that stays open."""

import hashlib
import hmac
import threading
import unittest

from framework.case import FunctionalTest
from framework.rpc import Rpc, RpcError

_METHOD_NOT_FOUND, _INVALID_REQUEST, _PARSE_ERROR = -32601, -32600, -32700
_UNKNOWN = {"code": _METHOD_NOT_FOUND, "message": "Method not found"}
_TYPE_ERROR, _INVALID_PARAMETER, _MISC_ERROR = -3, -8, -1


class Protocol(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node()
        self.rpc = self.node.rpc

    def tearDown(self):
        self.node.stop()

    def post(self, content, status):
        reply = self.rpc.post(content)
        self.assertEqual(reply.status, status, reply.body)
        return reply

    def test_version_1(self):
        reply = self.post({"id": "a", "method": "getblockcount", "params": []}, 200)
        self.assertEqual(reply.json(), {"result": 0, "error": None, "id": "a"})
        self.assertEqual(reply.headers["Content-Type"], "application/json")
        self.assertTrue(reply.body.endswith(b"\n"))
        reply = self.post({"jsonrpc": "1.0", "id": None, "method": "getblockcount"}, 200)
        self.assertEqual(reply.json(), {"result": 0, "error": None, "id": None})
        self.assertEqual(self.post({"method": "getblockcount"}, 200).json()["result"], 0)

    def test_version_1_errors(self):
        answer = self.post({"id": 7, "method": "nosuchmethod", "params": []}, 404).json()
        self.assertEqual(answer, {"result": None, "error": _UNKNOWN, "id": 7})
        answer = self.post({"id": 7, "method": "getblockhash", "params": [99]}, 500).json()
        self.assertEqual(answer["error"], {"code": _INVALID_PARAMETER, "message": "Block height out of range"})
        for request in ({"id": 1}, {"id": 1, "method": 5}, {"id": 1, "method": "getblockcount", "params": "x"}):
            with self.subTest(request):
                self.assertEqual(self.post(request, 400).json()["error"]["code"], _INVALID_REQUEST)

    def test_version_2(self):
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": "getblockcount"}, 200).json()
        self.assertEqual(answer, {"jsonrpc": "2.0", "result": 0, "id": 1})
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": "nosuchmethod"}, 200).json()
        self.assertEqual(answer, {"jsonrpc": "2.0", "error": _UNKNOWN, "id": 1})
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": "getblockhash", "params": [99]}, 200).json()
        self.assertEqual(answer["error"]["code"], _INVALID_PARAMETER)
        self.assertNotIn("result", answer)

    def test_version_2_notification(self):
        self.assertEqual(self.post({"jsonrpc": "2.0", "method": "getblockcount"}, 204).body, b"")
        self.assertEqual(self.post({"jsonrpc": "2.0", "method": "nosuchmethod"}, 204).body, b"")
        answer = self.post({"jsonrpc": "2.0", "id": None, "method": "getblockcount"}, 200).json()
        self.assertEqual(answer, {"jsonrpc": "2.0", "result": 0, "id": None})

    def test_unknown_version(self):
        for version in ("3.0", "1.1", 2.0):
            answer = self.post({"jsonrpc": version, "id": 1, "method": "getblockcount"}, 400).json()
            self.assertEqual(answer["error"]["code"], _INVALID_REQUEST)

    def test_batches(self):
        batch = [
            {"id": 1, "method": "getblockcount"},
            {"id": 2, "method": "nosuchmethod"},
            {"jsonrpc": "2.0", "id": 3, "method": "getblockcount"},
            {"jsonrpc": "2.0", "method": "getblockcount"},
            5,
        ]
        answers = self.post(batch, 200).json()
        self.assertEqual([answer["id"] for answer in answers], [1, 2, 3, None])
        self.assertEqual(answers[0], {"result": 0, "error": None, "id": 1})
        self.assertEqual(answers[1]["error"]["code"], _METHOD_NOT_FOUND)
        self.assertEqual(answers[2], {"jsonrpc": "2.0", "result": 0, "id": 3})
        self.assertEqual(answers[3]["error"]["code"], _INVALID_REQUEST)
        self.assertEqual(self.post([], 200).json(), [])
        self.assertEqual(self.post([{"jsonrpc": "2.0", "method": "uptime"}] * 2, 204).body, b"")

    def test_large_batch_keeps_its_order(self):
        batch = [{"id": i, "method": "echo", "params": [i]} for i in range(1000)]
        answers = self.post(batch, 200).json()
        self.assertEqual([(a["id"], a["result"]) for a in answers], [(i, [i]) for i in range(1000)])

    def test_malformed_bodies(self):
        for body in (b"", b"{", b"nonsense", b"\xff\xfe", b'{"id":1,"id":2}', b"[" * 100_000, b'"text"', b"5"):
            with self.subTest(body[:20]):
                reply = self.rpc.post(body)
                self.assertEqual((reply.status, reply.json()["error"]["code"]), (500, _PARSE_ERROR))
        self.assertEqual(self.rpc.getblockcount(), 0)

    def test_http_forms(self):
        self.assertEqual(self.rpc.request("GET", "/").status, 405)
        self.assertEqual(self.rpc.post({"method": "getblockcount"}, path="/nosuchpath").status, 404)
        body = b'{"id": 1, "method": "getblockcount"}'
        self.assertEqual(self.rpc.request("POST", "/", body, {"Content-Type": "text/plain"}).json()["result"], 0)

    def test_chunked_body(self):
        pieces = iter([b'{"id": 1, ', b'"method": ', b'"getblockcount"}'])
        self.assertEqual(self.rpc.request("POST", "/", pieces).status, 200)

    def test_connection_is_kept(self):
        self.rpc.getblockcount()
        port = self.rpc.local_port()
        for call in (lambda: self.rpc.getblockhash(99), lambda: self.rpc.nosuchmethod()):
            self.assertRaises(RpcError, call)
        for _ in range(100):
            self.rpc.getblockcount()
        self.assertEqual(self.rpc.local_port(), port)
        reply = self.rpc.request("POST", "/", b'{"method":"getblockcount"}', {"Connection": "close"})
        self.assertEqual((reply.status, self.rpc.local_port()), (200, None))

    def test_many_connections_at_once(self):
        results = []

        def client():
            rpc = self.node.connection()
            results.extend(rpc.getblockcount() for _ in range(20))
            rpc.close()

        threads = [threading.Thread(target=client) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [0] * 320)

    def test_oversized_body(self):
        rpc = self.node.connection()
        try:
            status = rpc.request("POST", "/", b" " * (64 << 20)).status
        except ConnectionError:
            status = 413  # It may close before all is sent.
        self.assertIn(status, (400, 413))
        self.assertEqual(self.rpc.getblockcount(), 0)


class Parameters(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.node = self.start_node()
        self.rpc = self.node.rpc

    def tearDown(self):
        self.node.stop()

    def test_positional_named_and_mixed(self):
        genesis = self.rpc.getblockhash(0)
        self.assertEqual(self.rpc.getblockhash(height=0), genesis)
        raw = self.rpc.getblock(genesis, 0)
        self.assertEqual(self.rpc.getblock(blockhash=genesis, verbosity=0), raw)
        self.assertEqual(self.rpc.getblock(genesis, verbosity=0), raw)
        self.assertEqual(self.rpc.getblock(verbose=0, blockhash=genesis), raw)
        self.assertEqual(self.rpc.echo("a", arg3="d"), ["a", None, None, "d"])

    def test_wrong_names(self):
        self.assert_rpc_error(_INVALID_PARAMETER, "Unknown named parameter nosuch", self.rpc.getblockhash, nosuch=1)
        self.assert_rpc_error(_INVALID_PARAMETER, "specified twice", self.rpc.getblockhash, 0, height=0)
        genesis = self.rpc.getblockhash(0)
        self.assert_rpc_error(
            _INVALID_PARAMETER, "multiple times", self.rpc.getblock, blockhash=genesis, verbosity=1, verbose=0
        )

    def test_wrong_types_and_counts(self):
        error = self.assert_rpc_error(_TYPE_ERROR, "Wrong type passed", self.rpc.getblockhash, "0")
        self.assertIn("Position 1 (height)", error.message)
        self.assertIn("JSON value of type string is not of expected type number", error.message)
        self.assertEqual(error.status, 500)
        self.assert_rpc_error(_MISC_ERROR, "getblockhash height", self.rpc.getblockhash)
        self.assert_rpc_error(_MISC_ERROR, "getblockhash height", self.rpc.getblockhash, 0, 1)

    def test_help(self):
        everything = self.rpc.help()
        self.assertIn("== Blockchain ==", everything)
        self.assertIn("getblock \"blockhash\"", everything)
        self.assertIn("verbosity", self.rpc.help("getblock"))
        self.assertEqual(self.rpc.help("nosuchmethod"), "help: unknown command: nosuchmethod")

    def test_control_methods(self):
        self.assertGreaterEqual(self.rpc.uptime(), 0)
        info = self.rpc.getrpcinfo()
        self.assertEqual([entry["method"] for entry in info["active_commands"]], ["getrpcinfo"])
        self.assertEqual(info["logpath"], str(self.node.network_dir / "debug.log"))
        self.assertIn("locked", self.rpc.getmemoryinfo())
        self.assertTrue(self.rpc.logging()["rpc"])
        self.assertFalse(self.rpc.logging([], ["rpc"])["rpc"])
        self.assertTrue(self.rpc.logging(["rpc"])["rpc"])
        self.assertIsNone(self.rpc.syncwithvalidationinterfacequeue())
        self.assertEqual(self.rpc.echo("x", 1, {"a": [None, True]})[:3], ["x", 1, {"a": [None, True]}])


class Access(FunctionalTest):
    AUTH = "bob:0123456789abcdef$"

    def status(self, node, credentials, method="getblockcount"):
        rpc = Rpc(node.rpc_port, lambda: credentials, 60)
        try:
            return rpc.post({"id": 1, "method": method}).status
        finally:
            rpc.close()

    def test_cookie(self):
        node = self.start_node()
        self.assertEqual(self.status(node, node.cookie_file.read_text()), 200)
        self.assertEqual(self.status(node, "__cookie__:wrong"), 401)
        reply = node.rpc.post({"method": "getblockcount"}, headers={"Authorization": None})
        self.assertEqual(reply.status, 401)
        self.assertTrue(reply.headers["WWW-Authenticate"].startswith("Basic"))
        for header in ("Basic", "Basic !!!", "Bearer x", "Basic " + "A" * 5000):
            self.assertEqual(node.rpc.post({"method": "stop"}, headers={"Authorization": header}).status, 401)
        node.stop()

    def test_user_and_password(self):
        node = self.make_node("-rpcuser=alice", "-rpcpassword=wonder:land")
        node.rpc = node.connection("alice:wonder:land")
        node.start()
        self.assertFalse(node.cookie_file.exists())
        for wrong in ("alice:wonder", "alice:", "bob:wonder:land", ":"):
            self.assertEqual(self.status(node, wrong), 401)
        node.stop()

    def test_hashed_password_beside_the_cookie(self):
        digest = hmac.new(b"0123456789abcdef", b"secret", hashlib.sha256).hexdigest()
        node = self.start_node(f"-rpcauth={self.AUTH}{digest}")
        self.assertEqual(self.status(node, "bob:secret"), 200)
        self.assertEqual(self.status(node, "bob:Secret"), 401)
        self.assertEqual(self.status(node, node.cookie_file.read_text()), 200)
        node.stop()

    def test_whitelist(self):
        node = self.start_node("-rpcwhitelist=__cookie__:getblockcount,stop")
        self.assertEqual(self.status(node, node.cookie_file.read_text()), 200)
        self.assertEqual(self.status(node, node.cookie_file.read_text(), "uptime"), 403)
        node.stop()

    def test_cookie_file_elsewhere(self):
        place = self.folder / "the.cookie"
        node = self.make_node(f"-rpccookiefile={place}")
        node.rpc = Rpc(node.rpc_port, place.read_text, 60)
        node.start()
        self.assertFalse(node.cookie_file.exists())
        node.stop()
        self.assertFalse(place.exists())


if __name__ == "__main__":
    unittest.main()
