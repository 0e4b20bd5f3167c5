"""Requests that are wrong in every way there is, drawn from a seed: the same for the same seed."""

from __future__ import annotations

import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from msgspec import Struct

DOCUMENTED = {200, 400, 404, 405, 408, 413, 415}
"""What may come: a request that was changed may still be a good one. 503 and 504 are for a model
that isn't there, or takes too long, which is nothing that a request alone can bring about here.
"""

VALUES: list[Any] = [
    None,
    True,
    "",
    "text",
    "\ud800",
    "\0\n\u2028'\"<script>",
    0,
    -1,
    1.5,
    1e308,
    -(10**40),
    2**63,
    [],
    [[]],
    [[[[1]]]],
    {},
    {"b64": "!"},
    {"b64": "AAAA"},
    {"b64": 3},
    {"b64": "AAAA", "x": 1},
    {"instances": []},
]


class Sent(Struct):
    """What came of them: how often each status, the longest wait, and what shouldn't have come."""

    statuses: Counter
    slowest: float
    wrong: list[str]


def send(address: str, path: str, good: dict[str, Any], seed: int, count: int) -> Sent:
    """Sends malformed requests one after the other; `good` is the body of a good one."""
    drawn = random.Random(seed)
    sent = Sent(Counter(), 0.0, [])
    kinds = [bytes_changed, value_changed, value_changed, value_changed, headers, paths, literal]
    kinds += [raw_bytes, nested, too_long]
    weights = [6, 8, 8, 8, 4, 4, 4, 4, 2, 1]
    with httpx.Client(base_url=address, timeout=60) as client:
        for index in range(count):
            kind = drawn.choices(kinds, weights)[0]
            began = time.monotonic()
            status, body = kind(drawn, client, path, good)
            sent.slowest = max(sent.slowest, time.monotonic() - began)
            sent.statuses[status] += 1
            if status not in DOCUMENTED | {0} or (status >= 400 and not _is_sentence(body)):
                sent.wrong.append(f"{index} {kind.__name__}: {status} {body[:200]!r}")
    return sent


def _is_sentence(body: bytes) -> bool:
    with suppress(ValueError):
        said = json.loads(body)
        return list(said) == ["error"] and isinstance(said["error"], str) and said["error"] != ""
    return False


Answer = tuple[int, bytes]


def _post(client: httpx.Client, path: str, content: bytes, **headers: str) -> Answer:
    given = {"content-type": "application/json"} | headers
    answer = client.post(f"{path}:predict", content=content, headers=given)
    return answer.status_code, answer.content


def bytes_changed(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    content = bytearray(json.dumps(good).encode())
    for _ in range(drawn.randint(1, 6)):
        at = drawn.randrange(len(content) + 1)
        what = drawn.randrange(4)
        if what == 0:
            content[at : at + 1] = bytes([drawn.randrange(256)])
        elif what == 1:
            del content[at : at + drawn.randint(1, 20)]
        elif what == 2:
            content[at:at] = drawn.choice([b"{", b"[", b'"', b",", b"}", b"]", b"\\u", b"\xff"])
        else:
            del content[at:]
    return _post(client, path, bytes(content))


def value_changed(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    """A value anywhere in the body becomes another one, goes, or comes twice."""
    body = json.loads(json.dumps(good))
    for _ in range(drawn.randint(1, 3)):
        body = _changed(drawn, body)
    return _post(client, path, json.dumps(body).encode())


def _changed(drawn: random.Random, value: Any) -> Any:
    if drawn.random() < 0.25 or not isinstance(value, (dict, list)) or not value:
        return drawn.choice(VALUES)
    if isinstance(value, list):
        at = drawn.randrange(len(value))
        what = drawn.random()
        if what < 0.2:
            return value[:at] + value[at + 1 :]
        if what < 0.4:
            return [*value, value[at]]
        return [_changed(drawn, each) if i == at else each for i, each in enumerate(value)]
    key = drawn.choice(list(value))
    what = drawn.random()
    if what < 0.2:
        return {name: each for name, each in value.items() if name != key}
    if what < 0.4:
        return value | {drawn.choice(["instances", "inputs", "x", "", "signature_name"]): 1}
    return value | {key: _changed(drawn, value[key])}


def headers(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    content = json.dumps(good).encode()
    change = drawn.choice(
        [
            {"content-type": "text/plain"},
            {"content-type": ""},
            {"content-type": "application/json; charset=latin-1"},
            {"content-type": "multipart/form-data; boundary=x"},
            {"content-encoding": "gzip"},
            {"host": "evil.example"},
            {"host": ""},
            {"host": "127.0.0.1.evil.example:80"},
            {"host": "[::1"},
            {"x-long": "x" * drawn.randint(1, 30_000)},
        ]
    )
    return _post(client, path, content, **change)


def paths(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    name = path.rpartition("/")[2]
    where = drawn.choice(
        [
            "/v1/models/other:predict",
            f"{path}:classify",
            f"{path}:predict/",
            f"{path}/versions/7:predict",
            f"/v1/models/{name}%2f..%2f..:predict",
            "/../../etc/passwd",
            "/%00",
            "/%ff%fe",
            "/page.css/../model.py",
            "/" + "x" * drawn.randint(1, 5000),
            f"{path}:predict?x=%00&y[]=1",
        ]
    )
    method = drawn.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"])
    answer = client.request(method, where, json=good)
    if method == "HEAD":
        return answer.status_code, b'{"error": "has no body"}'
    return answer.status_code, answer.content


def literal(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    """A number in the body becomes what is no number of JSON, or none that can be held."""
    text = json.dumps(good)
    places = [i for i, c in enumerate(text) if c.isdigit()]
    if not places:
        return _post(client, path, b"NaN")
    at = drawn.choice(places)
    what = drawn.choice(["NaN", "Infinity", "-Infinity", "1e999", "0x10", "1_0", "01", "9" * 4000])
    return _post(client, path, (text[:at] + what + text[at + 1 :]).encode())


def raw_bytes(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    """What is no HTTP, or ends before it is whole. The status is 0 where the other end hangs up."""
    content = json.dumps(good).encode()
    host = b"Host: localhost\r\n"
    post = b"POST " + path.encode() + b":predict HTTP/1.1\r\n" + host
    post += b"Content-Type: application/json\r\n"
    sent = drawn.choice(
        [
            drawn.randbytes(drawn.randint(1, 400)) + b"\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET  / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + host + host + b"\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            post + b"Content-Length: -5\r\n\r\n",
            post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            post + b"Content-Length: 999999999999999999999\r\n\r\n" + content,
            post + b"Content-Length: %d\r\n\r\n%b" % (len(content) + 9, content),
            post + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + content,
            post + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
            post + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
            post + b"Content-Length: 2\r\n\r\n{}" + drawn.randbytes(30),
        ]
    )
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection(address, timeout=60) as connection:
        answer = b""
        with suppress(OSError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    if not answer:
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(int(x[15:]) for x in head.split(b"\r\n") if x.lower()[:15] == b"content-length:")
    return int(head.split()[1]), body[:length]


def nested(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    deep = drawn.choice([20, 500, 990, 1000, 1100, 100_000])
    opening, closing = drawn.choice([(b"[", b"]"), (b'{"a":', b"}")])
    inner = drawn.choice([b"", b"1", b'"x"'])
    whole = opening * deep + inner + (closing * deep if drawn.random() < 0.5 else b"")
    return _post(client, path, drawn.choice([b'{"instances":%b}', b"%b"]) % whole)


def too_long(drawn: random.Random, client, path: str, good: dict[str, Any]) -> Answer:
    """More than a megabyte, which the server is told to be the most; also without a length."""
    part = drawn.choice([b" ", b"[", b"1,", b'"x",']) * 50_000
    count = drawn.randint(12, 40)
    if drawn.random() < 0.5:
        return _post(client, path, part * count)
    return _post_parts(client, path, lambda: iter([part] * count))


def _post_parts(client: httpx.Client, path: str, parts: Callable[[], Any]) -> Answer:
    given = {"content-type": "application/json"}
    answer = client.post(f"{path}:predict", content=parts(), headers=given)
    return answer.status_code, answer.content
