"""A network of real cairnd processes on loopback: the commands behind scripts/testnet.

Everything about a network is in one folder: `network.json` says which nodes there are and who connects to whom, and
`nodeN/` is the data directory of node N. Links are kept by -addnode on the side of the lower number; a partition takes
those that cross it away, `heal` puts them back.
"""

import argparse
import base64
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MINE_INTERVALS = (3, 4, 5, 7, 11, 13)  # seconds; different ones, so that ties do not last
MINE_TO = "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"
READY_SECONDS = 60
STOP_SECONDS = 30
LINK_SECONDS = 15
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failure(Exception):
    """Something to tell the user in one line."""


class Interruption:
    """Turns signals into a failure at the next `check`, never between the start of a process and its entry in
    `network.json`."""

    def __init__(self):
        self.number = None
        for number in INTERRUPTIONS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays
                signal.signal(number, self._remember)

    def _remember(self, number, _):
        self.number = number

    def check(self):
        if self.number is not None:
            raise Failure(f"interrupted by {signal.Signals(self.number).name}: everything that was started is gone again")


def binary(name):
    path = pathlib.Path(os.environ.get("CAIRN_BIN", ROOT / "build/release/bin")) / name
    if not path.exists():
        raise Failure(f"there is no {path}: build it with scripts/testnet up, or name its folder in CAIRN_BIN")
    return str(path)


def links_of(topology, count, seed):
    """Pairs of nodes, the lower number first; every topology is connected."""
    if topology == "star":
        return [(0, node) for node in range(1, count)]
    if topology == "mesh":
        return [(a, b) for a in range(count) for b in range(a + 1, count)]
    ring = {tuple(sorted((node, (node + 1) % count))) for node in range(count)} if count > 1 else set()
    ring = {link for link in ring if link[0] != link[1]}
    if topology == "ring":
        return sorted(ring)
    chance = random.Random(seed)
    links = {tuple(sorted((node, chance.randrange(node)))) for node in range(1, count)}  # a random tree, and more
    for node in range(count):
        for other in chance.sample([n for n in range(count) if n != node], min(2, count - 1)):
            links.add(tuple(sorted((node, other))))
    return sorted(links)


class Network:
    """What `network.json` says, and the processes that it describes."""

    def __init__(self, folder, state):
        self.folder = folder
        self.state = state

    @classmethod
    def load(cls, folder):
        try:
            return cls(folder, json.loads((folder / "network.json").read_text()))
        except FileNotFoundError:
            raise Failure(f"no network is up in {folder}: start one with scripts/testnet up") from None

    def save(self):
        path = self.folder / "network.json"
        path.with_suffix(".new").write_text(json.dumps(self.state, indent=1))
        path.with_suffix(".new").rename(path)

    @property
    def count(self):
        return len(self.state["ports"])

    def check_node(self, node):
        if not 0 <= node < self.count:
            raise Failure(f"there is no node {node}: they are 0 to {self.count - 1}")
        return node

    def datadir(self, node):
        return self.folder / f"node{node}"

    def address(self, node):
        return f"127.0.0.1:{self.state['ports'][node][0]}"

    # Processes.

    def pid(self, node):
        """Of the running process, or None. A number that has gone to another program does not count."""
        pid = self.state["pids"][node]
        if pid is None:
            return None
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        return pid if f"-datadir={self.datadir(node)}".encode() in command else None

    def launch(self, node):
        self.datadir(node).mkdir(parents=True, exist_ok=True)
        peer_port, rpc_port = self.state["ports"][node]
        options = [
            f"-datadir={self.datadir(node)}",
            "-regtest",
            "-printtoconsole=0",
            f"-bind=127.0.0.1:{peer_port}",
            f"-rpcport={rpc_port}",
            "-connect=0",
            "-listen=1",
            f"-uacomment=node{node}",
        ]
        if node < self.state["miners"]:
            interval = MINE_INTERVALS[node % len(MINE_INTERVALS)]
            options += [f"-mine={MINE_TO}", f"-mineinterval={interval}"]
        options += self.state["options"]
        with open(self.datadir(node) / "output", "ab") as output:
            process = subprocess.Popen(
                [binary("cairnd"), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.state["pids"][node] = process.pid
        self.save()
        return process

    def wait_ready(self, node, process, check=lambda: None):
        """`check` may end the waiting by raising."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            check()
            if process.poll() is not None:
                text = (self.datadir(node) / "output").read_text(errors="replace").strip()
                raise Failure(f"node {node} ended at start: {text or 'it said nothing'}")
            if self.ask(node, "getblockcount") is not None:
                return
            time.sleep(0.05)
        raise Failure(f"node {node} was not ready within {READY_SECONDS} seconds")

    def end(self, node, kill=False):
        pid = self.pid(node)
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self.pid(node) is not None and not self._is_zombie(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = time.monotonic() + STOP_SECONDS
            time.sleep(0.02)
        return True

    def take_down(self):
        """Ends every node, all at once, and removes the folder."""
        for pid in filter(None, map(self.pid, range(self.count))):
            os.kill(pid, signal.SIGTERM)
        for node in range(self.count):
            self.end(node)
        shutil.rmtree(self.folder)

    @staticmethod
    def _is_zombie(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    # RPC.

    def ask(self, node, method, *params):
        """The result, or None if the node does not answer or says no."""
        try:
            credentials = (self.datadir(node) / "regtest/.cookie").read_text()
            connection = http.client.HTTPConnection("127.0.0.1", self.state["ports"][node][1], timeout=10)
            headers = {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
            connection.request("POST", "/", body, headers)
            reply = json.loads(connection.getresponse().read())
            connection.close()
            return reply.get("result")
        except (OSError, ValueError, http.client.HTTPException):
            return None

    # Links.

    def is_cut(self, link):
        sides = self.state["partition"]
        return sides is not None and sum(1 for node in link if node in sides[0]) == 1 and (
            any(node in sides[1] for node in link)
        )

    def connect_all(self, of=None, check=lambda: None):
        """Brings up every link that is not cut and has both its nodes up, or those of one node; returns when they are
        there."""
        links = [link for link in self.state["links"] if not self.is_cut(link) and (of is None or of in link)]
        links = [link for link in links if self.pid(link[0]) and self.pid(link[1])]
        missing = [link for link in links if not self.is_linked(link)]
        for link in missing:
            # A node that knows the other already would take its time to try again. One that is told anew does it now.
            self.ask(link[0], "addnode", self.address(link[1]), "remove")
            self.ask(link[0], "addnode", self.address(link[1]), "add")
        deadline = time.monotonic() + LINK_SECONDS
        while missing := [link for link in missing if not self.is_linked(link)]:
            check()
            if time.monotonic() > deadline:
                raise Failure(f"nodes {missing[0][0]} and {missing[0][1]} do not connect")
            time.sleep(0.05)

    def cut(self):
        """Returns when nothing connects the two sides any more."""
        crossing = [link for link in self.state["links"] if self.is_cut(link)]
        for link in crossing:
            self.ask(link[0], "addnode", self.address(link[1]), "remove")
        for link in crossing:
            deadline = time.monotonic() + STOP_SECONDS
            while ids := self.connections(link):
                for peer in ids:
                    self.ask(link[0], "disconnectnode", "", peer)
                if time.monotonic() > deadline:
                    raise Failure(f"nodes {link[0]} and {link[1]} do not part")
                time.sleep(0.05)

    def connections(self, link):
        """Ids at the first node of its connections to the second."""
        peers = self.ask(link[0], "getpeerinfo") or []
        return [peer["id"] for peer in peers if peer["addr"] == self.address(link[1])]

    def is_linked(self, link):
        """Both ends must say so: one that has not noticed yet that the other died says it of the old connection."""
        comment = re.compile(rf"[(; ]node{link[0]}[;)]")
        peers = self.ask(link[1], "getpeerinfo") or []
        return any(comment.search(peer["subver"]) for peer in peers) and bool(self.connections(link))


def free_ports(count):
    """Ports that nobody listens on now, all different."""
    chance, ports = random.Random(), set()
    while len(ports) < count:
        port = chance.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                ports.add(port)
            except OSError:
                continue
    return sorted(ports)


def parse_nodes(text, count):
    """'0-3,6' as a list of numbers."""
    nodes = []
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            nodes += range(int(first), int(last or first) + 1)
        if not nodes:
            raise ValueError("a range that ends before it begins")
    except ValueError:
        raise Failure(f"{text} names no nodes: write 2, or 0-3, or 0,2,5") from None
    for node in nodes:
        if not 0 <= node < count:
            raise Failure(f"there is no node {node}: they are 0 to {count - 1}")
    return nodes


def up(folder, arguments):
    if (folder / "network.json").exists():
        raise Failure(f"a network is up in {folder} already: take it down first, or name another folder with --dir")
    if arguments.nodes < 1 or not 0 <= arguments.miners <= arguments.nodes:
        raise Failure("there must be at least one node, and no more miners than nodes")
    interruption = Interruption()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):  # `down` will remove it with all that is in it
        raise Failure(f"{folder} is not empty: name a folder with --dir that is, or is not there yet")
    ports = free_ports(2 * arguments.nodes)
    state = {
        "ports": [ports[2 * node : 2 * node + 2] for node in range(arguments.nodes)],
        "pids": [None] * arguments.nodes,
        "links": links_of(arguments.topology, arguments.nodes, arguments.seed),
        "miners": arguments.miners,
        "options": arguments.option,
        "partition": None,
    }
    network = Network(folder, state)
    network.save()
    try:
        processes = []
        for node in range(network.count):
            interruption.check()
            processes.append(network.launch(node))
        for node, process in enumerate(processes):
            network.wait_ready(node, process, interruption.check)
        network.connect_all(check=interruption.check)
        interruption.check()
    except BaseException:
        network.take_down()
        raise
    print(f"{network.count} nodes are up, {len(state['links'])} links, in {folder}")
    print("see them with scripts/testnet status, end them with scripts/testnet down")


def table(network):
    lines = [f"{'node':>4}  {'state':8} {'height':>7}  {'tip':18} {'peers':>5} {'mempool':>7}"]
    for node in range(network.count):
        chain = network.ask(node, "getblockchaininfo") if network.pid(node) else None
        if chain is None:
            lines.append(f"{node:>4}  {'down' if network.pid(node) is None else 'starting':8}")
            continue
        peers = network.ask(node, "getconnectioncount")
        pool = network.ask(node, "getmempoolinfo") or {}
        role = "miner" if node < network.state["miners"] else "up"
        tip = chain["bestblockhash"][-16:]
        lines.append(f"{node:>4}  {role:8} {chain['blocks']:>7}  {tip:18} {peers:>5} {pool.get('size', '-'):>7}")
    if network.state["partition"]:
        a, b = network.state["partition"]
        lines.append(f"partition: {a} | {b}")
    return lines


def status(folder, arguments):
    network = Network.load(folder)
    if arguments.once or not sys.stdout.isatty():
        print("\n".join(table(network)))
        return
    try:
        while True:
            lines = table(Network.load(folder))
            print("\x1b[H\x1b[2J" + "\n".join(lines) + "\n(Ctrl-C ends this)", flush=True)
            time.sleep(1)
    except KeyboardInterrupt:
        print()


def cli(folder, arguments):
    network = Network.load(folder)
    node = network.check_node(arguments.node)
    where = [f"-datadir={network.datadir(node)}", "-regtest", f"-rpcport={network.state['ports'][node][1]}"]
    return subprocess.call([binary("cairn-cli"), *where, *arguments.words])


def partition(folder, arguments):
    network = Network.load(folder)
    a, b = (parse_nodes(text, network.count) for text in (arguments.a, arguments.b))
    if set(a) & set(b):
        raise Failure("a node cannot be on both sides")
    network.state["partition"] = [a, b]
    network.save()
    network.cut()
    print(f"cut between {a} and {b}")


def heal(folder, _):
    network = Network.load(folder)
    network.state["partition"] = None
    network.save()
    network.connect_all()
    print("all links are back")


def kill(folder, arguments):
    network = Network.load(folder)
    node = network.check_node(arguments.node)
    if not network.end(node, kill=True):
        raise Failure(f"node {node} does not run")
    print(f"node {node} is killed")


def restart(folder, arguments):
    network = Network.load(folder)
    node = network.check_node(arguments.node)
    network.end(node)
    network.wait_ready(node, network.launch(node))
    network.connect_all(node)
    print(f"node {node} is up again")


def down(folder, _):
    Network.load(folder).take_down()
    print("the network is down, and its folder gone")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as the commands do."""

    def error(self, message):
        self.exit(2, f"Error: {message}; {self.prog} --help says more\n")


def main():
    parser = Parser(prog="scripts/testnet", description="A network of real nodes on this machine.")
    default = pathlib.Path(tempfile.gettempdir()) / f"cairn-testnet-{os.getuid()}"
    parser.add_argument("--dir", type=pathlib.Path, default=default, help="the network's folder (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("up", help="start a network")
    command.add_argument("--nodes", type=int, default=4, help="how many (%(default)s)")
    command.add_argument("--topology", choices=("ring", "star", "mesh", "random"), default="random")
    command.add_argument("--miners", type=int, default=1, help="the first so many nodes mine (%(default)s)")
    command.add_argument("--seed", type=int, default=1, help="of the random topology (%(default)s)")
    command.add_argument("--option", action="append", default=[], metavar="-NAME=VALUE", help="one more for every cairnd")
    command.set_defaults(run=up)

    command = commands.add_parser("status", help="heights, tips, peers and mempools; live on a terminal")
    command.add_argument("--once", action="store_true", help="print it once")
    command.set_defaults(run=status)

    command = commands.add_parser("cli", help="cairn-cli for a node")
    command.add_argument("node", type=int)
    command.add_argument("words", nargs=argparse.REMAINDER)
    command.set_defaults(run=cli)

    command = commands.add_parser("partition", help="cut all links between two sets of nodes, as 0-3 4-7")
    command.add_argument("a")
    command.add_argument("b")
    command.set_defaults(run=partition)
    commands.add_parser("heal", help="put the links back").set_defaults(run=heal)

    for name, function, text in (("kill", kill, "kill -9 a node"), ("restart", restart, "start a node (again)")):
        command = commands.add_parser(name, help=text)
        command.add_argument("node", type=int)
        command.set_defaults(run=function)
    commands.add_parser("down", help="stop everything and remove its files").set_defaults(run=down)

    arguments = parser.parse_args()
    try:
        return arguments.run(arguments.dir.resolve(), arguments) or 0
    except Failure as failure:
        print(f"Error: {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
