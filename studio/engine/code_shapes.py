"""What the user's own layers give and hold, asked of the warm process: `ask` of an Inference."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from studio.engine.warm import SECONDS, Answer, Warm
from studio.graph.asking import CodeCall, StageCall, from_plain, plain, plain_inputs
from studio.graph.spec import Refused, Result, Spec, Weight


class CodeShapes:
    """Answers the calls that inference asks about, for a project whose code is `trusted`.

    With `answered` it doesn't wait: a call is unknown (None) until its answer is
    there; then `answered` is called with the name of the piece of code, from a
    thread of Warm's. Whoever is called has that code's nodes inferred again
    (`Inference.again`), in the thread of the Inference. Without it, it waits.
    """

    def __init__(
        self,
        warm: Warm,
        trusted: bool,
        answered: Callable[[str], None] | None = None,
        seconds: float = SECONDS,
    ):
        self.warm = warm
        self.trusted = trusted
        self.seconds = seconds
        self._answered = answered
        self._asked: dict[str, tuple[CodeCall | StageCall, Future[Answer]]] = {}

    def __call__(self, call: CodeCall | StageCall) -> Any:
        """What is known of a call."""
        if not self.trusted:
            return None
        key = call.key
        if key not in self._asked:
            self._drop_older(call)
            self._asked[key] = (call, self._ask(call))
        future = self._asked[key][1]
        if self._answered is None:
            wait([future])
        elif not future.done():
            return None
        del self._asked[key]
        return outcome(call.name, future.result()) if _known(future) else None

    def _ask(self, call: CodeCall | StageCall) -> Future[Answer]:
        kind, fields = _question(call)
        future = self.warm.ask(
            kind,
            seconds=self.seconds,
            trusted=self.trusted,
            name=call.name,
            code={name: (code.kind, code.source) for name, code in call.code.items()},
            params=call.params,
            **fields,
        )
        answered = self._answered
        if answered is not None:
            future.add_done_callback(lambda done: _known(done) and answered(call.name))
        return future

    def _drop_older(self, call: CodeCall | StageCall) -> None:
        """Takes back what was asked of a source that has been changed since."""
        for key, (other, future) in list(self._asked.items()):
            if other.name == call.name and other.code != call.code:
                del self._asked[key]
                self.warm.cancel(future)


def _question(call: CodeCall | StageCall) -> tuple[str, dict[str, Any]]:
    """The kind of question that a call is, and what is told beside the code."""
    if isinstance(call, CodeCall):
        return "layer", {"inputs": plain_inputs(call), "policy": call.policy}
    given = plain(call.structure)
    return "stage", {"method": call.method, "structure": given, "settings": call.settings}


def _known(future: Future[Answer]) -> bool:
    """Whether a question that is done was answered, not dropped."""
    dropped = ("untrusted", "unwanted", "closed")
    return not future.cancelled() and future.result().reason not in dropped


def outcome(name: str, answer: Answer) -> Any:
    """An answer as inference takes it: a Result, of a stage a Structure, or Refused."""
    if answer.error:
        said = answer.error.rstrip(".")
        if answer.reason != "code":
            said = f"couldn't be asked for its shape: {said[:1].lower()}{said[1:]}"
        return Refused(said.removeprefix(f"{name} "), _HINTS.get(answer.reason, ""))
    result: dict[str, Any] = answer.result
    if "structure" in result:
        return from_plain(result["structure"])
    outputs = tuple(Spec(tuple(shape), dtype, ragged) for shape, dtype, ragged in result["outputs"])
    weights = tuple(
        Weight(name, tuple(shape), dtype, trainable)
        for name, shape, dtype, trainable in result["weights"]
    )
    return Result(outputs, weights, None)


_HINTS = {
    "code": "Mend the code.",
    "slow": "See what its code waits for.",
    "died": "See what its code does to the process, and whether there is memory for it.",
}
