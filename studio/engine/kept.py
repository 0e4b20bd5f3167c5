"""What the stages of data have made, kept in the warm process for the next stage looked at.

The statements of a script's `make_dataset()` are run one by one. What a stage has
made is found again by the text of its statement and of all that this uses, and
by the state of the files that it reads; another text or state makes it anew.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.codegen.stage_script import FUNCTION
from studio.engine.stage import module

MOST_BYTES = 32 * 1024**2
"""Elements of one stage, or files of one source, that are kept at most."""

ALL_BYTES, MOST_VALUES = 4 * MOST_BYTES, 200
"""Of all together; where there is more, everything is forgotten."""


class Kept:
    """What was made, by what it was made of."""

    def __init__(self) -> None:
        self.used = False
        """Whether the last dataset is made of something that was kept."""
        self._values: dict[str, Any] = {}
        self._bytes = 0

    def forget(self) -> None:
        """Forgets everything."""
        self._values.clear()
        self._bytes = 0

    def dataset(self, fields: dict[str, Any]) -> Any:
        """The tf.data.Dataset of a question, as studio.engine.stage.dataset makes it.

        `fields["kept"]`: `stages`, those that always give the same, with the files
        they read; `elements`, those whose elements are kept too; `whole`, those that
        are kept only with all of their elements.
        """
        self.used = False
        if self._bytes > ALL_BYTES or len(self._values) > MOST_VALUES:
            self.forget()
        script = _Script(fields)
        if not script.plain:
            return getattr(script.module, FUNCTION)()
        for statement in script.body:
            if isinstance(statement, ast.Return):
                return script.value(statement.value)
            key = script.key(statement)
            if key in self._values:
                self.used = True
                value = self._values[key]
            else:
                value = script.value(statement.value)
                if key is not None:
                    value = self._kept(script, statement, key, value)
            script.give(statement, value)
        return None

    def _kept(self, script: _Script, statement: ast.Assign, key: str, value: Any) -> Any:
        """Keeps a value, if it may be; what stands for it."""
        node, kept = script.node(statement), script.kept
        size = _bytes(value) if node in kept["elements"] or node in kept["whole"] else 0.0
        if size > MOST_BYTES:
            if node in kept["whole"]:
                script.lose(statement)
                return value
        elif node in kept["elements"] and size:
            value = value.cache()
            self._bytes += size
        self._values[key] = value
        return value


class _Script:
    """A script whose function is run statement by statement."""

    def __init__(self, fields: dict[str, Any]):
        self.module: ModuleType = module(fields)
        self.kept: dict[str, Any] = fields["kept"]
        self._file = self.module.__file__
        self._text = fields["script"]
        self._lines = fields["lines"]
        self._code = fields["code"]
        self._keys: dict[str, str] = {}
        self._defined: dict[str, ast.stmt] = {}
        for statement in ast.parse(self._text).body:
            for name in _bound(statement):
                self._defined[name] = statement
        self.body = self._defined.pop(FUNCTION).body[1:]  # the first is what it says of itself
        self._made: dict[str, Any] = {}
        self.plain = all(_plain(each) for each in self.body)
        """Whether its statements can be run one by one."""

    def value(self, expression: ast.expr) -> Any:
        """The value of an expression of the function; it raises what it raises there."""
        names = sorted(_names(expression) & self._made.keys())
        function = ast.FunctionDef(
            name=FUNCTION,
            args=ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, []),
            body=[ast.Return(expression)],
            decorator_list=[],
            lineno=expression.lineno,
            col_offset=0,
            end_lineno=expression.end_lineno,
            end_col_offset=expression.end_col_offset,
        )
        tree = ast.fix_missing_locations(ast.Module([function], []))
        made: dict[str, Any] = {}
        exec(compile(tree, self._file, "exec", dont_inherit=True), self.module.__dict__, made)
        return made[FUNCTION](**{name: self._made[name] for name in names})

    def give(self, statement: ast.Assign, value: Any) -> None:
        """Gives a value the name that a statement gives it."""
        self._made[statement.targets[0].id] = value

    def lose(self, statement: ast.Assign) -> None:
        """Nothing that is made of this can be kept."""
        self._keys.pop(statement.targets[0].id, None)

    def node(self, statement: ast.stmt) -> str | None:
        """The node that a statement of the function belongs to."""
        for name in self.kept["stages"]:
            for first, last in self._lines.get(f"data:{name}", ()):
                if first <= statement.lineno <= last:
                    return name
        return None

    def key(self, statement: ast.Assign) -> str | None:
        """What stands for all that a statement's value comes from; None for one not to be kept."""
        node, target = self.node(statement), statement.targets[0].id
        if node is None:
            return None
        names = _names(statement.value) & self._made.keys()
        files = _state(self.kept["stages"][node])
        if files is None or not names <= self._keys.keys():
            return None
        parts = [str(Path(self._file).parent), ast.unparse(statement.value), node, files]
        parts += [f"{name} {self._keys[name]}" for name in sorted(names)]
        # A generator may use its own code in ways that the names in it don't tell.
        parts.append(repr(self._code) if node in self.kept["whole"] else "")
        parts += [str(node in self.kept["elements"]), *self._meaning(statement.value)]
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        self._keys[target] = key
        return key

    def _meaning(self, expression: ast.expr) -> Iterator[str]:
        """The text of everything in the module that an expression uses, by way of others too."""
        found: dict[str, ast.stmt] = {}
        todo = _names(expression) - self._made.keys()
        while todo:
            new = {name: self._defined[name] for name in todo & self._defined.keys()}
            found |= new
            todo = {name for each in new.values() for name in _names(each)} - found.keys()
        for name in sorted(found):
            yield ast.unparse(found[name])


def _plain(statement: ast.stmt) -> bool:
    """Whether it gives one value a name, or is the end."""
    if isinstance(statement, ast.Assign):
        return len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
    return isinstance(statement, ast.Return)


def _names(tree: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}


def _bound(statement: ast.stmt) -> Iterable[str]:
    """The names that a statement gives a meaning to."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [(each.asname or each.name).partition(".")[0] for each in statement.names]
    return [
        each.id
        for each in ast.walk(statement)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    ]


def _state(paths: list[str]) -> str | None:
    """What changes with the files of a source; None where they are too large to be kept."""
    seen: list[tuple[str, int, int]] = []
    size = 0
    for path in map(Path, paths):
        try:
            found = path.stat()
            seen.append((str(path), found.st_mtime_ns, found.st_size))
            if path.is_dir():  # the names alone are kept, but must be those of the same files
                seen += _inside(str(path))
            else:
                size += found.st_size
        except OSError:
            return None  # what makes the dataset will say what is wrong
    return repr(seen) if size <= MOST_BYTES else None


def _inside(folder: str) -> list[tuple[str, int, int]]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            known = entry.stat()
            found.append((entry.path, known.st_mtime_ns, known.st_size))
            if entry.is_dir():
                found += _inside(entry.path)
    return sorted(found)


def _bytes(dataset: Any) -> float:
    """How much all elements of a dataset take; infinity where that isn't known."""
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        return 0.0  # a table or the like, which a stage needs
    count = int(dataset.cardinality())
    specs = tf.nest.flatten(dataset.element_spec)
    known = all(
        isinstance(spec, tf.TensorSpec)
        and spec.shape.is_fully_defined()
        and spec.dtype != tf.string
        for spec in specs
    )
    if count < 0 or not known:
        return float("inf")
    return count * sum(spec.dtype.size * spec.shape.num_elements() for spec in specs)
