"""A script as it grows: sections of lines, the modules they need, the lines of each node."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from studio.codegen.layout import (
    STEP,
    WIDTH,
    Expr,
    Group,
    Lines,
    Parts,
    head_width,
    one_line,
    width,
)

STANDARD = (
    "argparse",
    "atexit",
    "csv",
    "gzip",
    "importlib",
    "itertools",
    "json",
    "math",
    "os",
    "re",
    "pathlib",
    "shutil",
    "socket",
    "statistics",
    "sys",
    "tempfile",
    "time",
    "urllib.request",
    "wave",
    "zipfile",
)
IMPORTS = {
    "argparse": "import argparse",
    "atexit": "import atexit",
    "csv": "import csv",
    "gzip": "import gzip",
    "importlib": "import importlib",
    "itertools": "import itertools",
    "json": "import json",
    "math": "import math",
    "median": "from statistics import median",
    "os": "import os",
    "shutil": "import shutil",
    "socket": "import socket",
    "sys": "import sys",
    "tempfile": "import tempfile",
    "time": "import time",
    "Path": "from pathlib import Path",
    "perf_counter": "from time import perf_counter",
    "keras": "import keras",
    "np": "import numpy as np",
    "pq": "import pyarrow.parquet as pq",
    "tf": "import tensorflow as tf",
    "tf2onnx": "import tf2onnx",
    "tfds": "import tensorflow_datasets as tfds",
    "urllib": "import urllib.request",
    "wave": "import wave",
    "h5py": "import h5py",
    "object_graph": "from tensorflow.core.protobuf import trackable_object_graph_pb2",
    "yaml": "import yaml",
    "zipfile": "import zipfile",
}
# Names that a node's variable must not take: what the script itself uses, and
# what a reader (or a linter: l, O, I) would stumble over.
RESERVED = frozenset(dir(builtins)) | set(IMPORTS) | {"l", "O", "I", "_"}
RESERVED |= {"model", "datasets", "training", "HERE", "SEED", "EPOCHS", "STEPS_PER_EXECUTION"}
RESERVED |= {"CHECKPOINTS_KEPT", "CHECKPOINT_BEST", "CHECKPOINT_SECONDS", "CHECKPOINT_STEPS"}


class Section(Struct):
    """A part of the script that belongs together: a notebook's cell."""

    title: str
    lines: list[str] = field(default_factory=list)
    marks: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)


class Source:
    """The sections of a script, written one statement at a time."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.needs: set[str] = set()
        self.functions: set[str] = set()
        self.code_functions: set[str] = set()
        self._indent = 0

    def need(self, *names: str) -> None:
        """Notes modules that the code uses, by the name it uses them by."""
        self.needs.update(names)

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """A part of the script."""
        self.sections.append(Section(title))
        yield

    @contextmanager
    def block(self, head: str, doc: str = "") -> Iterator[None]:
        """A head (`def f():`) with indented statements under it."""
        self.line(head)
        self._indent += STEP
        if doc:
            self.line(f'"""{doc}"""')
        yield
        self._indent -= STEP

    @contextmanager
    def signature(self, head: str, items: list[Expr], doc: str = "") -> Iterator[None]:
        """A function's head with its parameters, and indented statements under it."""
        self.statement(f"{head}", Group("(", tuple(items), ")", call=True), ":")
        self._indent += STEP
        if doc:
            self.line(f'"""{doc}"""')
        yield
        self._indent -= STEP

    def blank(self, count: int = 1) -> None:
        """Empty lines."""
        self.sections[-1].lines += [""] * count

    def line(self, text: str) -> None:
        """A line that stands as it is."""
        self.statement(text)

    def statement(self, *parts: Expr, mark: tuple[str, str] | None = None) -> None:
        """A statement of one expression, broken over lines where it must be."""
        section = self.sections[-1]
        line = one_line(parts, WIDTH - self._indent)
        if line is not None:  # most do
            section.lines.append(" " * self._indent + line)
            if mark is not None:
                at = len(section.lines)
                section.marks.setdefault(mark, []).append((at, at))
            return
        lines = Lines()
        lines.lines[-1] = " " * self._indent
        if self._parenthesised(parts):
            lines.write(f"{parts[0]}(")
            lines.new_line(self._indent + STEP)
            lines.expression(Parts(parts[1:]), self._indent + STEP)
            lines.new_line(self._indent)
            lines.write(")")
        else:
            lines.expression(Parts(parts), self._indent)
        before = len(section.lines)
        section.lines += lines.lines
        if mark is not None:
            section.marks.setdefault(mark, []).append((before + 1, len(section.lines)))
        for inner, ranges in lines.marks.items():
            found = section.marks.setdefault(inner, [])
            found += [(before + first, before + last) for first, last in ranges]

    def _parenthesised(self, parts: tuple[Expr, ...]) -> bool:
        """Whether `name = value` is written `name = (value)`: its first bracket comes too late."""
        head = parts[0]
        if not isinstance(head, str) or not head.endswith(" = ") or len(parts) < 2:
            return False
        room = WIDTH - self._indent
        return head_width(parts) > room and width(head) < room

    def text(self, block: str, mark: tuple[str, str] | None = None) -> None:
        """Several lines that stand as they are."""
        section = self.sections[-1]
        before = len(section.lines)
        section.lines += [f"{' ' * self._indent}{row}".rstrip() for row in block.split("\n")]
        if mark is not None:
            section.marks.setdefault(mark, []).append((before + 1, len(section.lines)))


def variable(name: str, taken: set[str]) -> str:
    """A variable's name like `name` that is neither reserved nor taken; it is taken then."""
    while name in RESERVED or name in taken:
        name += "_"
    taken.add(name)
    return name
