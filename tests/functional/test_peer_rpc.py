"""RPC methods about peers: connections, addresses, bans, totals."""

import socket
import threading
import time

from framework.case import FunctionalTest
from framework.node import wait_until

ADDRESS = "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"


class Connections(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.first = self.start_node(listens=True)
        self.second = self.start_node("-uacomment=two")

    def connect(self):
        self.second.rpc.addnode(self.first.address, "onetry")
        for node in (self.first, self.second):
            wait_until(lambda node=node: self.ready_peers(node), what="a connection")

    def ready_peers(self, node):
        return [peer for peer in node.rpc.getpeerinfo() if peer["version"] and "pingtime" in peer]

    def wait_for_count(self, node, count):
        wait_until(lambda: node.rpc.getconnectioncount() == count, what=f"{count} connections")

    def test_getpeerinfo(self):
        self.assertEqual(self.first.rpc.getpeerinfo(), [])
        self.connect()
        (outbound,) = self.second.rpc.getpeerinfo()
        (inbound,) = self.first.rpc.getpeerinfo()
        self.assertEqual(outbound["addr"], self.first.address)
        self.assertEqual(inbound["addr"], outbound["addrbind"])
        self.assertEqual((outbound["id"], inbound["id"]), (0, 0))
        self.assertEqual((outbound["inbound"], inbound["inbound"]), (False, True))
        self.assertEqual((outbound["connection_type"], inbound["connection_type"]), ("manual", "inbound"))
        self.assertRegex(inbound["subver"], r"^/Cairn:[0-9.]+\(two\)/$")
        self.assertEqual(inbound["services"], "0000000000000409")
        self.assertEqual(inbound["servicesnames"], ["NETWORK", "WITNESS", "NETWORK_LIMITED"])
        self.assertEqual(inbound["network"], "not_publicly_routable")
        self.assertLess(abs(inbound["timeoffset"]), 5)
        self.assertLess(abs(time.time() - inbound["conntime"]), 60)
        self.assertEqual(inbound["permissions"], [])
        for peer in (inbound, outbound):
            self.assertEqual(sum(peer["bytessent_per_msg"].values()), peer["bytessent"])
            self.assertEqual(sum(peer["bytesrecv_per_msg"].values()), peer["bytesrecv"])
            self.assertIn("version", peer["bytessent_per_msg"])
        self.assertEqual(inbound["transport_protocol_type"], "v1")

    def test_disconnectnode(self):
        self.connect()
        self.assert_rpc_error(-29, "Node not found", self.second.rpc.disconnectnode, "1.2.3.4:5")
        self.assert_rpc_error(-32602, "Only one of", self.second.rpc.disconnectnode, self.first.address, 0)
        self.assert_rpc_error(-32602, "Only one of", self.second.rpc.disconnectnode)
        self.second.rpc.disconnectnode(self.first.address)
        self.wait_for_count(self.second, 0)
        self.wait_for_count(self.first, 0)
        self.connect()
        (peer,) = self.first.rpc.getpeerinfo()
        self.assertEqual(peer["id"], 1)
        self.first.rpc.disconnectnode(nodeid=1)
        self.wait_for_count(self.second, 0)

    def test_added_nodes(self):
        self.second.rpc.addnode(self.first.address, "add")
        self.assert_rpc_error(-23, "already added", self.second.rpc.addnode, self.first.address, "add")
        self.assert_rpc_error(-24, "not been added", self.second.rpc.addnode, "1.2.3.4", "remove")
        self.assert_rpc_error(-24, "has not been added", self.second.rpc.getaddednodeinfo, "1.2.3.4")
        wait_until(lambda: self.second.rpc.getaddednodeinfo()[0]["connected"], what="the added node")
        self.assertEqual(
            self.second.rpc.getaddednodeinfo(self.first.address),
            [
                {
                    "addednode": self.first.address,
                    "connected": True,
                    "addresses": [{"address": self.first.address, "connected": "outbound"}],
                }
            ],
        )
        # It comes back by itself.
        self.second.rpc.disconnectnode(self.first.address)
        wait_until(lambda: any(peer["id"] == 1 for peer in self.second.rpc.getpeerinfo()), what="a second connection")
        self.second.rpc.addnode(self.first.address, "remove")
        self.assertEqual(self.second.rpc.getaddednodeinfo(), [])

    def test_setnetworkactive(self):
        self.connect()
        self.assertIs(self.second.rpc.setnetworkactive(False), False)
        self.wait_for_count(self.first, 0)
        self.assertIs(self.second.rpc.getnetworkinfo()["networkactive"], False)
        self.second.rpc.addnode(self.first.address, "onetry")
        self.assertEqual(self.second.rpc.getconnectioncount(), 0)
        self.assertIs(self.second.rpc.setnetworkactive(True), True)
        self.connect()

    def test_getnetworkinfo_and_totals(self):
        self.connect()
        info = self.first.rpc.getnetworkinfo()
        self.assertEqual((info["connections"], info["connections_in"], info["connections_out"]), (1, 1, 0))
        self.assertEqual(info["protocolversion"], 70016)
        self.assertEqual(info["localservices"], "0000000000000409")
        self.assertEqual([network["name"] for network in info["networks"]], ["ipv4", "ipv6", "onion", "i2p", "cjdns"])
        self.assertEqual([network["reachable"] for network in info["networks"]], [True, True, False, False, False])
        before = self.first.rpc.getnettotals()
        self.first.rpc.ping()
        wait_until(lambda: self.first.rpc.getnettotals()["totalbytessent"] >= before["totalbytessent"] + 32)
        wait_until(lambda: self.first.rpc.getnettotals()["totalbytesrecv"] >= before["totalbytesrecv"] + 32)

    def test_addconnection(self):
        for kind in ("outbound-full-relay", "block-relay-only"):
            answer = self.second.rpc.addconnection(self.first.address, kind)
            self.assertEqual(answer, {"address": self.first.address, "connection_type": kind})
            wait_until(lambda: self.ready_peers(self.second), what="a connection")
            self.assertEqual(self.second.rpc.getpeerinfo()[0]["connection_type"], kind)
            self.second.rpc.disconnectnode(self.first.address)
            self.wait_for_count(self.first, 0)
            self.wait_for_count(self.second, 0)

    def test_sendmsgtopeer(self):
        peer = self.connect_peer(self.first).handshake()
        self.assertEqual(self.first.rpc.sendmsgtopeer(0, "addr", "ffffff"), {})
        self.assertEqual(peer.wait_for("addr"), b"\xff\xff\xff")
        self.assert_rpc_error(-1, "Could not send", self.first.rpc.sendmsgtopeer, 9, "addr", "ff")
        self.assert_rpc_error(-8, "too long", self.first.rpc.sendmsgtopeer, 0, "thirteenchars", "ff")

    def test_getblockfrompeer(self):
        self.assert_rpc_error(-1, "Block header missing", self.first.rpc.getblockfrompeer, "00" * 32, 0)
        tip = self.first.rpc.generatetoaddress(1, ADDRESS)[0]
        self.assert_rpc_error(-1, "Block already downloaded", self.first.rpc.getblockfrompeer, tip, 0)


class Bans(FunctionalTest):
    def test_bans(self):
        node = self.start_node(listens=True)
        peer = self.connect_peer(node).handshake()
        node.rpc.setban("127.0.0.1", "add", 1000)
        self.assertTrue(peer.is_cut_off())
        (ban,) = node.rpc.listbanned()
        self.assertEqual((ban["address"], ban["ban_duration"]), ("127.0.0.1/32", 1000))
        self.assertTrue(self.connect_peer(node).is_cut_off())
        self.assert_rpc_error(-23, "already banned", node.rpc.setban, "127.0.0.1", "add")
        self.assert_rpc_error(-30, "Invalid IP", node.rpc.setban, "127.0.0.1/99", "add")
        self.assert_rpc_error(-30, "Unban failed", node.rpc.setban, "127.0.0.2", "remove")
        self.assert_rpc_error(-8, "in the past", node.rpc.setban, "127.0.0.3", "add", 1, True)
        node.restart()
        self.assertEqual(node.rpc.listbanned()[0]["banned_until"], ban["banned_until"])
        node.rpc.setban("127.0.0.1", "remove")
        self.assertEqual(node.rpc.listbanned(), [])
        self.connect_peer(node).handshake()
        node.rpc.setban("10.0.0.0/8", "add")
        node.rpc.clearbanned()
        self.assertEqual(node.rpc.listbanned(), [])

    def test_permissions(self):
        node = self.start_node("-whitelist=noban,mempool@127.0.0.1", listens=True)
        node.rpc.setban("127.0.0.1", "add")
        self.connect_peer(node).handshake()
        self.assertEqual(node.rpc.getpeerinfo()[0]["permissions"], ["noban", "mempool", "download"])

    def test_bad_options(self):
        node = self.make_node()
        for option, text in (
            ("-whitelist=nosuch@127.0.0.1", "Invalid P2P permission: 'nosuch'"),
            ("-whitelist=127.0.0.1/99", "Invalid netmask specified in -whitelist: '127.0.0.1/99'"),
            ("-onlynet=mars", "Unknown network specified in -onlynet: 'mars'"),
            ("-proxy=what:ever", "Invalid -proxy address or hostname: 'what:ever'"),
            ("-uacomment=(", "User Agent comment (() contains unsafe characters."),
        ):
            self.assertEqual(node.start_failure(option), text)
        other = self.start_node(listens=True)
        taken = self.make_node("-listen=1", f"-bind={other.address}")
        self.assertEqual(
            taken.start_failure(),
            f"Unable to bind to {other.address} on this computer. Cairn is probably already running.",
        )


class Addresses(FunctionalTest):
    def test_the_book(self):
        node = self.start_node()
        self.assertEqual(node.rpc.getnodeaddresses(), [])
        self.assertEqual(node.rpc.addpeeraddress("1.2.3.4", 8333), {"success": True})
        self.assertEqual(node.rpc.addpeeraddress("1.2.3.4", 8333), {"success": False, "error": "failed-adding-to-new"})
        self.assertEqual(node.rpc.addpeeraddress("5.6.7.8", 8333, True), {"success": True})
        counts = node.rpc.getaddrmaninfo()
        self.assertEqual(counts["ipv4"], {"new": 1, "tried": 1, "total": 2})
        self.assertEqual(counts["all_networks"], {"new": 1, "tried": 1, "total": 2})
        self.assertEqual({entry["address"] for entry in node.rpc.getnodeaddresses(0)}, {"1.2.3.4", "5.6.7.8"})
        self.assertEqual(node.rpc.getnodeaddresses(0, "ipv6"), [])
        self.assert_rpc_error(-8, "Network not recognized", node.rpc.getnodeaddresses, 1, "foo")
        self.assert_rpc_error(-8, "out of range", node.rpc.getnodeaddresses, -1)
        raw = node.rpc.getrawaddrman()
        self.assertEqual([entry["address"] for entry in raw["tried"].values()], ["5.6.7.8"])
        self.assertEqual([entry["source"] for entry in raw["new"].values()], ["1.2.3.4"])
        node.restart()
        self.assertEqual(node.rpc.getaddrmaninfo(), counts)


class SocksServer(threading.Thread):
    """A proxy that leads every connection to one place, and remembers what it was asked for."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target
        self.asked = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self, client):
        stream = client.makefile("rb")
        methods = stream.read(stream.read(2)[1])
        credentials = None
        client.sendall(b"\5\2" if 2 in methods else b"\5\0")
        if 2 in methods:
            user = stream.read(stream.read(2)[1])
            credentials = user, stream.read(stream.read(1)[0])
            client.sendall(b"\1\0")
        _, command, _, kind = stream.read(4)
        host = stream.read(stream.read(1)[0])
        self.asked.append((command, kind, host, int.from_bytes(stream.read(2), "big"), credentials))
        server = socket.create_connection(self.target)
        client.sendall(b"\5\0\0\1" + b"\0" * 6)
        threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
        self._pump(client, server)

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()


class Proxies(FunctionalTest):
    def setUp(self):
        super().setUp()
        self.target = self.start_node(listens=True)
        self.proxy = SocksServer(("127.0.0.1", self.target.p2p_port))
        self.addCleanup(self.proxy.close)

    def test_names_and_addresses_go_through_the_proxy(self):
        node = self.start_node(f"-proxy=127.0.0.1:{self.proxy.port}")
        onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
        for name in ("peer.example:1234", "11.22.33.44:5", f"{onion}:6"):
            node.rpc.addnode(name, "onetry")
        wait_until(lambda: len([p for p in node.rpc.getpeerinfo() if p["version"]]) == 3, what="three connections")
        asked = {(command, kind, host, port) for command, kind, host, port, _ in self.proxy.asked}
        self.assertEqual(
            asked,
            {(1, 3, b"peer.example", 1234), (1, 3, b"11.22.33.44", 5), (1, 3, onion.encode(), 6)},
        )
        self.assertEqual(len({credentials for *_, credentials in self.proxy.asked}), 3)
        networks = {peer["addr"]: peer["network"] for peer in node.rpc.getpeerinfo()}
        self.assertEqual(networks[f"{onion}:6"], "onion")
        self.assertEqual(node.rpc.getnetworkinfo()["networks"][2]["reachable"], True)

    def test_without_credentials(self):
        node = self.start_node(f"-onion=127.0.0.1:{self.proxy.port}", "-proxyrandomize=0")
        onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
        node.rpc.addnode(onion, "onetry")
        wait_until(lambda: self.proxy.asked, what="a connection")
        self.assertEqual(self.proxy.asked, [(1, 3, onion.encode(), 18444, None)])
