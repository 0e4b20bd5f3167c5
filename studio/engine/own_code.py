"""The project's own code, run: only in a process that is there for it, and once it is trusted."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from msgspec import Struct

from studio.codegen.calls import is_function
from studio.codegen.source import IMPORTS
from studio.graph.catalogue.registry import find
from studio.graph.code import FUNCTIONS, outline
from studio.graph.document import Code, is_call
from studio.graph.problems import quoted

MODULE = "train"
"""What the module of a run is called, too."""

MOST_SAID = 400


class Fault(Exception):  # noqa: N818  (it is an answer)
    """Why there is no result: a sentence, and the `line` of the piece of code at fault."""

    def __init__(self, sentence: str, code: str = "", line: int | None = None):
        super().__init__(sentence)
        self.code = code
        self.line = line


class Last(Struct, frozen=True):
    """A result after which the process must end: something in it goes on."""

    result: Any


def file_of(name: str) -> str:
    """What tracebacks call the file in which a piece of code stands."""
    return f"<code {name}>"


def load(code: dict[str, Code]) -> ModuleType:
    """A module with pieces of code in it, as the script has them; raises Fault."""
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module
    needs = {"keras"}.union(
        *(outline(name, each).names & set(IMPORTS) for name, each in code.items())
    )
    for line in sorted(IMPORTS[name] for name in needs):
        exec(line, module.__dict__)
    for name, each in code.items():
        file = file_of(name)
        lines = each.source.splitlines(keepends=True)
        linecache.cache[file] = (len(each.source), None, lines, file)
        with blamed(name):
            exec(compile(each.source, file, "exec", dont_inherit=True), module.__dict__)
    return module


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """What is raised inside becomes a Fault that says where in the user's source it came from."""
    try:
        yield
    except Fault:
        raise
    except BaseException as error:
        raise _fault(name, error) from None


def _fault(name: str, error: BaseException) -> Fault:
    """The sentence: Projection fails in line 14 of its source, "return x @ y": ValueError: ...."""
    found, line, text = name, None, ""
    if isinstance(error, SyntaxError) and (error.filename or "").startswith("<code "):
        found, line = error.filename[6:-1], error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename.startswith("<code "):
                found, line, text = frame.filename[6:-1], frame.lineno, frame.line or ""
    said = said_by(error).rstrip(".")
    if line is None:
        return Fault(f"{name} can't be used so: {said}.", name)
    whose = "its source" if found == name else f"the source of {found}"
    shown = f", {quoted(text)}" if text else ""
    return Fault(f"{name} fails in line {line} of {whose}{shown}: {said}.", found, line)


def said_by(error: BaseException) -> str:
    """What an exception says, in one line, without the frame that Keras puts around it."""
    text = str(error).partition("\n\nArguments received by ")[0]
    if text.startswith("Exception encountered when calling"):
        text = text.partition("\n\n")[2]
    text = text.rpartition("Error encountered:\n\n")[2]
    text = " ".join(text.replace("\x1b[1m", "").replace("\x1b[0m", "").split())
    kind = type(error).__name__
    if len(text) > MOST_SAID:
        text = f"{text[: MOST_SAID - 1]}…"
    return f"{kind}: {text}" if text else kind


def value_of(value: Any, code: dict[str, Code], module: ModuleType) -> Any:
    """A parameter with the calls in it made, as the script makes them; raises Fault."""
    if is_call(value):
        return _called(value, code, module)
    if isinstance(value, dict):
        return {key: value_of(item, code, module) for key, item in value.items()}
    if isinstance(value, list):
        return [value_of(item, code, module) for item in value]
    return value


def _called(value: dict[str, Any], code: dict[str, Code], module: ModuleType) -> Any:
    path, params = value["op"], value.get("params", {})
    settings = {key: value_of(item, code, module) for key, item in params.items()}
    name = path.removeprefix("code:")
    if name != path:
        if name not in code:
            raise Fault(f"There is no code {quoted(name)}.")
        own = getattr(module, name)
        return own if code[name].kind in FUNCTIONS else own(**settings)
    op = find(path)
    if op is None or not op.path.startswith("keras."):
        raise Fault(f"There is no {quoted(path)} in Keras.")
    import keras

    made: Any = keras
    for part in op.path.split(".")[1:]:
        made = getattr(made, part)
    return made if is_function(op) else made(**settings)
