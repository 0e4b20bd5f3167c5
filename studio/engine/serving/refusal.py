"""An answer that isn't what was asked for: the status of HTTP, and the sentence that says why."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  (it is an answer)
    """Why there is no answer: a sentence, the status, and headers that belong to it."""

    def __init__(self, sentence: str, status: int = 400, headers: dict[str, str] | None = None):
        super().__init__(sentence)
        self.status = status
        self.headers = headers or {}
