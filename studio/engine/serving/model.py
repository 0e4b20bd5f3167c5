"""The served model, asked without waiting: requests in a queue with a bound, each in its time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from msgspec import Struct

from studio.engine.serving.refusal import Refusal
from studio.engine.serving.requests import read_request
from studio.engine.serving.signature import Signature
from studio.engine.warm import Answer, Warm
from studio.graph.targets import Target

MOST_WAITING = 32
"""Requests that are read, wait or are answered at once; another one is told to come again."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between looks whether the process of the model is there, and may have to be started."""


class About(Struct, frozen=True):
    """What is served: under which name, of which run, and what it can be asked."""

    name: str
    run: str
    note: str
    signatures: dict[str, Signature]
    default: str
    targets: tuple[Target, ...]
    samples: dict[str, dict[str, Any]] = {}
    """A row of the data by signature, where one was found."""
    split: str = ""
    """The split that these rows are of, where that is sure."""

    def labels(self) -> dict[str, Any]:
        """What each output stands for."""
        return {
            each.output: {"kind": each.kind, "names": list(each.names), "logits": each.logits}
            for each in self.targets
        }


class Model:
    """Predictions by a process of its own, which is started anew when it has died.

    `seconds` is how long a request may take, from its first byte to its answer.
    """

    def __init__(self, about: About, warm: Warm, seconds: float):
        self.about = about
        self.seconds = seconds
        self._warm = warm
        self._waiting = 0
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="requests")

    @property
    def ready(self) -> bool:
        """Whether the process has loaded the model."""
        return self._warm.ready

    async def keep(self) -> None:
        """Starts the process again whenever it has ended, until this is cancelled."""
        pause = FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            if self._warm.ready:
                pause = FIRST_PAUSE
            else:
                self._warm.start()
                pause = min(2 * pause, LONGEST_PAUSE)

    async def predict(self, receive: Callable[[], Awaitable[bytes]]) -> bytes:
        """The body of the answer to the body that is received; Refusal where there is none."""
        if self._waiting >= MOST_WAITING:
            raise Refusal(
                f"{MOST_WAITING} requests are waiting already. Ask again in a moment.",
                503,
                {"Retry-After": "1"},
            )
        self._waiting += 1
        # At its limit the process may be ended just before we are: what counts is how it began.
        ready = self._warm.ready
        try:
            async with asyncio.timeout(self.seconds) as limit:
                body = await self._received(receive, limit)
                loop = asyncio.get_running_loop()
                asked = await loop.run_in_executor(self._readers, self._ask, body)
                del body
                answer = await asyncio.wrap_future(asked.answer)
        except TimeoutError:
            raise self._late(ready) from None
        finally:
            self._waiting -= 1
        return _told(answer, asked.columns)

    async def _received(
        self, receive: Callable[[], Awaitable[bytes]], limit: asyncio.Timeout
    ) -> bytes:
        try:
            return await receive()
        except asyncio.CancelledError:
            if limit.expired():
                raise Refusal(
                    f"The body didn't come within {self.seconds:g} s.", 408, {"Connection": "close"}
                ) from None
            raise

    def _ask(self, body: bytes) -> _Asked:
        """Checks a request, and puts it into the queue; in a thread, since both can take long."""
        request = read_request(body, self.about.signatures, self.about.default)
        answer = self._warm.ask("predict", seconds=self.seconds, **request.fields())
        return _Asked(answer, request.columns)

    def _late(self, ready: bool) -> Refusal:
        if not ready:
            return Refusal(
                "The model is being loaded. Ask again in a moment.", 503, {"Retry-After": "5"}
            )
        return Refusal(
            f"It took longer than {self.seconds:g} s. Ask for fewer rows at once, or serve with a "
            "longer --timeout.",
            504,
        )

    def close(self) -> None:
        """Ends the process."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._warm.close()


class _Asked(Struct):
    answer: Future[Answer]
    columns: bool


def _told(answer: Answer, columns: bool) -> bytes:
    """The body of an answer; Refusal where there is none."""
    if answer.reason == "slow":
        raise Refusal(answer.error, 504)
    if answer.reason in ("died", "closed"):
        raise Refusal(
            f"{answer.error} It is started anew: ask again in a moment.", 503, {"Retry-After": "5"}
        )
    if answer.error:
        raise Refusal(answer.error, 503 if answer.reason == "failed" else 500)
    if "error" in answer.result:
        raise Refusal(answer.result["error"], answer.result["status"])
    key = "outputs" if columns else "predictions"
    return b'{"%b": %b}' % (key.encode(), answer.result["text"].encode())


def error_body(sentence: str) -> bytes:
    """The body of a refusal."""
    return json.dumps({"error": sentence}, ensure_ascii=False).encode(errors="replace")


@contextlib.asynccontextmanager
async def kept(model: Model):
    """The model, whose process is started again whenever it has ended, and ends with this."""
    keeper = asyncio.create_task(model.keep())
    try:
        yield model
    finally:
        keeper.cancel()
        model.close()
