"""The server: paths, statuses, limits, and a process of the model that sleeps, dies or hangs."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from studio.engine.serving.host import is_loopback, is_trusted
from studio.engine.serving.model import MOST_WAITING
from tests.conftest import slow
from tests.engine.serving import malformed
from tests.engine.serving.quick import DIE, FAIL, FREEZE, SLEEP
from tests.engine.serving.servers import Server, serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX are sent here")

SECONDS = 1.0
MOST_BYTES = 1 << 20


@pytest.fixture(scope="module")
def quick() -> Iterator[Server]:
    """A server whose model is there at once."""
    module = "tests.engine.serving.quick"
    with serving(0, SECONDS, MOST_BYTES, module=module, command="") as server:
        server.ready()
        yield server


@pytest.fixture
def server(quick: Server) -> Server:
    quick.answered(instances=[3])
    return quick


def sentence(answer: httpx.Response, status: int) -> str:
    """What an answer that is none says."""
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    return answer.json()["error"]


def test_it_answers_as_tensorflow_serving_does(server: Server):
    assert server.ask(instances=[1, 2.5]).json() == {"predictions": [2, 5.0]}
    assert server.ask(inputs=[1]).json() == {"outputs": [2]}
    assert server.ask(inputs={"x": [1]}, signature_name="serving_default").json() == {
        "outputs": [2]
    }
    status = server.client.get(server.path).json()["model_version_status"]
    assert status == [
        {
            "version": "1",
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
    ]
    told = server.client.get(f"{server.path}/metadata").json()
    assert told["model_spec"] == {"name": "quick", "signature_name": "", "version": "1"}
    x = {"dtype": "DT_FLOAT", "name": "x"}
    x["tensor_shape"] = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"] == {"x": x}
    assert signature["outputs"] == {"y": x | {"name": "y"}}
    assert signature["method_name"] == "tensorflow/serving/predict"
    labels = server.client.get(f"{server.path}/labels").json()["labels"]
    assert labels == {"y": {"kind": "values", "names": [], "logits": False}}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "words"),
    [
        ("GET", "/v1/models/other", {}, 404, 'There is no model "other" here, but "quick".'),
        ("POST", "/v1/models/other:predict", {}, 404, 'no model "other" here'),
        ("POST", "/v1/models/quick:classify", {}, 404, "/v1/models/quick:predict"),
        ("GET", "/nothing", {}, 404, 'There is no "/nothing" here.'),
        ("GET", "/docs", {}, 404, "no"),
        ("GET", "/v1/models/quick:predict", {}, 405, "Ask by POST."),
        ("PUT", "/v1/models/quick:predict", {}, 405, "Ask by POST."),
        ("POST", "/v1/models/quick", {}, 405, "Ask by GET."),
        ("POST", "", {"content-type": "text/plain"}, 415, 'found "text/plain"'),
        ("POST", "", {"content-type": "application/json; charset=utf-16"}, 415, "JSON is UTF-8."),
        ("POST", "", {"content-encoding": "gzip"}, 415, 'encoded as "gzip"'),
        ("POST", "", {"host": "evil.example"}, 400, 'Host is "evil.example", which isn\'t this'),
        ("GET", "/", {"host": "evil.example:80"}, 400, "isn't this server's name"),
    ],
)
def test_what_is_not_there_is_said(server: Server, method, path, headers, status, words):
    given = {"content-type": "application/json"} | headers
    where = path or f"{server.path}:predict"
    answer = server.client.request(method, where, headers=given, content=b'{"instances": [1]}')
    assert words.removeprefix("found ") in sentence(answer, status)


def test_a_body_is_as_long_as_it_may_be(server: Server):
    good = b'{"instances": [1]}'
    headers = {"content-type": "application/json"}
    url = f"{server.path}:predict"
    whole = good + b" " * (MOST_BYTES - len(good))
    assert server.client.post(url, content=whole, headers=headers).status_code == 200

    def parts() -> Iterator[bytes]:
        yield from [good, *[b" " * 65536] * 17]

    for body in (whole + b" ", parts()):
        answer = server.client.post(url, content=body, headers=headers)
        assert "has more than 1,048,576 bytes" in sentence(answer, 413)


def test_a_body_that_does_not_come_is_not_waited_for(server: Server):
    head = f"POST {server.path}:predict HTTP/1.1\r\nHost: localhost\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
    answer = said_to(server, head.encode())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"The body didn't come within 1 s." in answer


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_not_waited_for(server: Server, head: bytes):
    assert said_to(server, head) == b""


def said_to(server: Server, sent: bytes) -> bytes:
    """All that is answered to these bytes, until the other end hangs up."""
    address = ("127.0.0.1", server.client.base_url.port)
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(sent)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def test_a_slow_request_is_told_in_time_and_the_next_is_answered(server: Server):
    assert server.answered(instances=[3])  # the one before may have ended its process
    worker = server.worker().pid
    began = time.monotonic()
    late = sentence(server.ask(instances=[SLEEP, 60]), 504)
    assert time.monotonic() - began < SECONDS + 5  # the sleep is of a minute
    assert late.startswith("It took longer than 1 s.")
    assert server.answered(instances=[3]) == {"predictions": [6]}
    assert server.worker().pid != worker


@pytest.mark.parametrize("how", [DIE, FREEZE])
def test_a_process_that_dies_or_hangs_is_started_anew(server: Server, how: int):
    assert server.answered(instances=[3])
    worker = server.worker().pid
    answer = server.ask(instances=[how])
    if how == DIE:
        assert "was ended by the system (SIGKILL)" in sentence(answer, 503)
        assert answer.headers["retry-after"] == "5"
    else:
        assert "It took longer than 1 s." in sentence(answer, 504)
    assert server.answered(instances=[3]) == {"predictions": [6]}
    assert server.worker().pid != worker
    assert not psutil.pid_exists(worker)


def test_a_process_that_is_killed_between_requests_is_started_without_being_asked(server: Server):
    server.worker().kill()
    until = time.monotonic() + 30
    while server.state() == "AVAILABLE":
        assert time.monotonic() < until
    server.ready()
    assert server.answered(instances=[3]) == {"predictions": [6]}


def test_a_failure_of_the_model_is_its_own(server: Server):
    assert sentence(server.ask(instances=[FAIL]), 500) == "The model failed: it had to."


def test_requests_wait_for_each_other_up_to_a_bound(server: Server):
    count = 2 * MOST_WAITING
    limits = httpx.Limits(max_connections=count)
    with (
        httpx.Client(base_url=server.address, timeout=60, limits=limits) as client,
        ThreadPoolExecutor(count) as threads,
    ):
        barrier = threading.Barrier(count)

        def ask(number: int) -> httpx.Response:
            barrier.wait()
            body = {"instances": [SLEEP, 0.05] if number % 8 == 0 else [number]}
            return client.post(f"{server.path}:predict", json=body)

        answers = list(threads.map(ask, range(count)))
        assert client.get(server.path).status_code == 200
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= MOST_WAITING // 2
    full = next(answer for answer in answers if answer.status_code == 503)
    assert sentence(full, 503) == "32 requests are waiting already. Ask again in a moment."
    for number, answer in enumerate(answers):
        if answer.status_code == 200 and number % 8:
            assert answer.json() == {"predictions": [2 * number]}


def test_the_page_has_no_text_of_the_project_as_markup(server: Server):
    answer = server.client.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in answer.text
    assert answer.text.count("<script") == 1
    assert "style=" not in answer.text and "http" not in answer.text.replace(server.address, "")
    for name, kind in {"page.js": "text/javascript", "page.css": "text/css"}.items():
        part = server.client.get(f"/{name}")
        assert part.headers["content-type"].startswith(kind)
        assert "//cdn" not in part.text and "innerHTML" not in part.text
    assert f"curl {server.address}{server.path}:predict" in answer.text


@pytest.mark.parametrize("count", [300, *slow(10_000)])
def test_malformed_requests_neither_end_it_nor_make_it_grow(server: Server, count: int):
    good = {"instances": [{"x": 1.5}, {"x": 2}], "signature_name": "serving_default"}
    malformed.send(server.address, server.path, good, seed=1, count=100)  # what it keeps anyway
    memory = server.process.memory_info().rss
    sent = malformed.send(server.address, server.path, good, seed=7, count=count)
    grown = server.process.memory_info().rss - memory
    print(sent.statuses, f"slowest {sent.slowest:.3f} s, grown by {grown / 2**20:.1f} MiB")
    assert not sent.wrong
    assert sent.statuses.total() == count
    assert sent.slowest < SECONDS + 5
    assert grown < 16 << 20
    assert server.answered(instances=[3]) == {"predictions": [6]}
    assert not server.errors


@pytest.mark.parametrize(
    ("header", "host", "trusted"),
    [
        ("127.0.0.1:8501", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("[::1]:8501", "127.0.0.1", True),
        ("LOCALHOST:1", "::1", True),
        ("192.168.0.7", "127.0.0.1", False),
        ("192.168.0.7:8501", "0.0.0.0", True),
        ("box.example", "0.0.0.0", False),
        ("Box.example:1", "box.example", True),
        ("localhost.evil.example", "127.0.0.1", False),
        ("evil.example/@localhost", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
    ],
)
def test_only_names_that_lead_here_are_trusted(header: str, host: str, trusted: bool):
    assert is_trusted(header, host) is trusted


def test_a_loopback_is_known():
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost", "LocalHost")))
    assert not any(map(is_loopback, ("0.0.0.0", "192.168.0.1", "::", "box", "")))
