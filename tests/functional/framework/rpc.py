"""A JSON-RPC client that keeps its connection, and shows as much of HTTP as a test wants to see."""

import base64
import dataclasses
import decimal
import http.client
import json


class RpcError(Exception):
    """The node answered with an error object."""

    def __init__(self, code, message, status):
        super().__init__(f"error {code}: {message} (HTTP {status})")
        self.code = code
        self.message = message
        self.status = status


@dataclasses.dataclass
class Reply:
    """One HTTP answer; `json()` is its body with fractions as Decimal."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return decode(self.body)


def decode(text):
    return json.loads(text, parse_float=decimal.Decimal)


def encode(value):
    """JSON text of a value; Decimals become numbers with eight decimals."""
    if isinstance(value, decimal.Decimal):
        return f"{value:.8f}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(encode(item) for item in value) + "]"
    return json.dumps(value)


class Rpc:
    """Calls methods by name: `rpc.getblockhash(0)`, `rpc.getblock(blockhash=h, verbosity=0)`."""

    def __init__(self, port, credentials, timeout, host="127.0.0.1"):
        self._address = (host, port)
        self._credentials = credentials
        self._timeout = timeout
        self._connection = None
        self._next_id = 0

    def __getattr__(self, method):
        if method.startswith("_"):
            raise AttributeError(method)
        return lambda *args, **named: self.call(method, *args, **named)

    def call(self, method, *args, **named):
        """The result of one call. Positional and named arguments together make the mixed form."""
        self._next_id += 1
        params = {"args": list(args), **named} if args and named else named or list(args)
        reply = self.post({"id": self._next_id, "method": method, "params": params})
        try:
            answer = reply.json()
        except json.JSONDecodeError:
            raise AssertionError(f"{method}: HTTP {reply.status} with the body {reply.body[:200]!r}") from None
        if answer["error"] is not None:
            raise RpcError(answer["error"]["code"], answer["error"]["message"], reply.status)
        return answer["result"]

    def post(self, content, path="/", headers=None):
        """Sends a value as JSON (or bytes as they are) and returns the `Reply`, whatever it says."""
        body = content if isinstance(content, bytes) else encode(content).encode()
        return self.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def request(self, verb, path, body=None, headers=None):
        sent = {"Authorization": self.authorization(), **(headers or {})}
        sent = {name: value for name, value in sent.items() if value is not None}
        reused = self._connection is not None
        try:
            return self._exchange(verb, path, body, sent)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            if not reused:
                raise
            # The node had closed the idle connection, or was restarted.
            return self._exchange(verb, path, body, sent)

    def authorization(self):
        return "Basic " + base64.b64encode(self._credentials().encode()).decode()

    def local_port(self):
        """The client's port of the present connection: the same as long as it was kept open."""
        return self._connection.sock.getsockname()[1] if self._connection and self._connection.sock else None

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, verb, path, body, headers):
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=self._timeout)
        self._connection.request(verb, path, body, headers)
        response = self._connection.getresponse()
        reply = Reply(response.status, response.headers, response.read())
        if response.will_close:
            self.close()
        return reply
