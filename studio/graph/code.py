"""The user's own Python: read with ast, never run here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.document import Code, Project
from studio.graph.elements import Structure, leaves
from studio.graph.own_step import HANDED, step_problems
from studio.graph.problems import ERROR, WARNING, Problem, nearest, one_of, quoted
from studio.graph.spec import DTYPES, Refused, Spec, Weight, known

# kind -> (what a base class must be called, the methods it must have); () for a function
CLASSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "layer": ("Layer", ("call",)),
    "loss": ("Loss", ("call",)),
    "metric": ("Metric", ("update_state", "result")),
    "callback": ("Callback", ()),
}
FUNCTIONS = ("function", "map", "generator", "train_step")
KINDS = (*CLASSES, *FUNCTIONS)


class Outline(Struct, frozen=True):
    """What a piece of code defines under its name."""

    parameters: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    anything: bool = False
    """Whether it takes any keyword (**kwargs)."""
    tensors: tuple[str, ...] = ()
    """What a layer's call, or a function, is called on."""
    outputs: tuple[str, ...] = ("output",)
    """What a layer's call, or a function, returns: several where it returns a tuple."""
    names: frozenset[str] = frozenset()
    """Every name that the code uses: what it needs imported is among them."""
    problems: tuple[tuple[str, str, str, str], ...] = ()
    """(severity, code, message, hint)."""


def check_code(project: Project) -> Iterator[Problem]:
    """What is wrong with the project's own code, without running any of it."""
    for name, code in project.code.items():
        for severity, kind, message, hint in outline(name, code).problems:
            yield Problem(severity, kind, "code", name, message, hint, f"code.{name}")


def outline(name: str, code: Code) -> Outline:
    """What the code defines, and what is wrong with it."""
    return _outline(name, code.kind, code.source)


@lru_cache(maxsize=256)
def _outline(name: str, kind: str, source: str) -> Outline:
    if kind not in KINDS:
        hint = nearest(kind, KINDS) or f"There can be {one_of(KINDS)}."
        return _wrong("bad-code", f"has the kind {quoted(kind)}, which there isn't.", hint)
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        message = f"is no Python: {error.msg} in line {error.lineno}."
        return _wrong("bad-code", message, "Mend that line.")
    except (ValueError, RecursionError, MemoryError) as error:
        return _wrong("bad-code", f"can't be read as Python: {error}.", "Write it simpler.")
    names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    defined = {node.name: node for node in tree.body if hasattr(node, "name")}
    found = defined.get(name)
    wanted = ast.ClassDef if kind in CLASSES else ast.FunctionDef
    if not isinstance(found, wanted):
        what = "class" if wanted is ast.ClassDef else "function"
        there = f"It defines {one_of(defined)}." if defined else "It defines nothing."
        message = f"must define a {what} called {quoted(name)} for a {kind}."
        return _wrong("bad-code", message, there)
    if isinstance(found, ast.FunctionDef):
        made = _function(found, names)
        if kind != "train_step":
            return made
        problems = tuple((ERROR, "bad-code", *each) for each in step_problems(found))
        required = tuple(each for each in made.required if each not in HANDED)
        return replace(made, required=required, problems=problems)
    return _class(found, kind, names)


def _wrong(code: str, message: str, hint: str) -> Outline:
    return Outline(problems=((ERROR, code, message, hint),))


def _function(found: ast.FunctionDef, names: frozenset[str]) -> Outline:
    parameters, required, anything = _arguments(found.args)
    return Outline(parameters, required, anything, parameters[:1], _outputs(found), names)


def _class(found: ast.ClassDef, kind: str, names: frozenset[str]) -> Outline:
    base, methods = CLASSES[kind]
    problems = []
    bases = [ast.unparse(each).rpartition(".")[2] for each in found.bases]
    if not bases:
        message = f"is a {kind}, so its class must have a base such as keras.{kind}s.{base}."
        hint = f"Write class {found.name}(keras.{kind}s.{base})."
        problems.append((ERROR, "bad-code", message, hint))
    inside = {node.name: node for node in found.body if isinstance(node, ast.FunctionDef)}
    own_base = base in bases
    for method in methods:
        if own_base and method not in inside:
            message = f"is a {kind} without the method {method}."
            problems.append((ERROR, "bad-code", message, f"Define {method} in the class."))
    call = inside.get("call")
    if call is not None and len(call.args.args) < 2 and not call.args.vararg:
        message = "has a call that takes no tensor."
        problems.append((ERROR, "bad-code", message, "Write def call(self, inputs)."))
    tensors = _arguments(call.args, skip=1)[0] if call is not None else ()
    tensors = tuple(name for name in tensors if name not in ("training", "mask"))
    outputs = _outputs(call) if call is not None else ("output",)
    if "__init__" not in inside:
        return Outline((), (), True, tensors, outputs, names, tuple(problems))
    parameters, required, anything = _arguments(inside["__init__"].args, skip=1)
    own = [name for name in parameters if name not in ("name", "dtype", "trainable")]
    if kind == "layer" and own and "get_config" not in inside:
        message = (
            f"takes {one_of(own)}, but has no get_config, so a saved model can't be loaded again."
        )
        hint = "Define get_config, which returns the arguments of __init__ in a dict."
        problems.append((WARNING, "no-get-config", message, hint))
    return Outline(parameters, required, anything, tensors, outputs, names, tuple(problems))


def _outputs(function: ast.FunctionDef) -> tuple[str, ...]:
    """A name for each tensor that every return gives: its variable's, where it has one."""
    several = [
        each.value.elts if isinstance(each.value, (ast.Tuple, ast.List)) else []
        for each in _own(function)
        if isinstance(each, ast.Return)
    ]
    if len({len(each) for each in several}) != 1 or len(several[0]) < 2:
        return ("output",)
    if any(isinstance(each, ast.Starred) for each in several[0]):
        return ("output",)
    names = [each.id if isinstance(each, ast.Name) else "" for each in several[0]]
    return tuple(
        name if name and names.count(name) == 1 else f"output_{index}"
        for index, name in enumerate(names)
    )


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of the functions in it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            yield node
            yield from _own(node)


def _arguments(
    arguments: ast.arguments, skip: int = 0
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """(all parameters, those without a default, whether any keyword is taken)."""
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)][skip:]
    free = len(positional) - len(arguments.defaults)
    keyword = [each.arg for each in arguments.kwonlyargs]
    required = positional[: max(free, 0)] + [
        name
        for name, default in zip(keyword, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return (*positional, *keyword), tuple(required), arguments.kwarg is not None


def output_spec(code: Code, params: dict[str, Any], inputs: tuple[Spec, ...]) -> Spec | None:
    """What leaves a layer or function by the rule that the project declares; None without one.

    "same" is the first input's shape. A list gives each axis: a number, null
    for unknown, {"axis": i} for an axis of the first input, {"param": name}
    for a parameter of the call.
    """
    rule = code.output_shape
    if rule is None or not inputs:
        return None
    first = inputs[0]
    if rule == "same":
        return first
    if not isinstance(rule, list):
        raise Refused(
            f"declares the output_shape {quoted(rule)}", 'Write "same", or a list of axes.'
        )
    return Spec(tuple(_axis(each, params, first) for each in rule), first.dtype)


def output_structure(code: Code, params: dict[str, Any], structure: Structure) -> Structure | None:
    """What leaves a function of a data stage by its declared output_shape; None without one.

    "same" is the element that comes. {"shape": [8, 8], "dtype": "float32"} is a
    tensor, a list of such a tuple, an object of them their names; a list of
    axes is one tensor of the features' dtype, as for a layer.
    """
    rule = code.output_shape
    if rule is None:
        return None
    if rule == "same":
        return structure
    first = next((leaf for leaf in leaves(structure) if isinstance(leaf, Spec)), None)
    return _declared(rule, params, first)


def _declared(rule: Any, params: dict[str, Any], first: Spec | None) -> Structure:
    if isinstance(rule, dict) and "shape" in rule and isinstance(rule["shape"], list):
        dtype = rule.get("dtype", first.dtype if first is not None else "float32")
        if not set(rule) <= {"shape", "dtype", "ragged"} or dtype not in DTYPES:
            raise Refused(
                f"declares the output_shape {quoted(rule)}",
                'Write {"shape": [8, 8], "dtype": "float32"}.',
            )
        shape = tuple(_axis(each, params, first or Spec(())) for each in rule["shape"])
        return Spec(shape, dtype, int(rule.get("ragged", 0)))
    if isinstance(rule, dict) and rule and not set(rule) & {"axis", "param"}:
        return {str(name): _declared(each, params, first) for name, each in rule.items()}
    if isinstance(rule, list) and rule and all(_is_part(each) for each in rule):
        return tuple(_declared(each, params, first) for each in rule)
    if isinstance(rule, list):
        shape = tuple(_axis(each, params, first or Spec(())) for each in rule)
        return Spec(shape, first.dtype if first is not None else "float32")
    raise Refused(
        f"declares the output_shape {quoted(rule)}",
        'Write "same", {"shape": [8, 8], "dtype": "float32"}, or a list or object of such.',
    )


def _is_part(rule: Any) -> bool:
    """Whether an entry of a declared list is a part of an element, not an axis."""
    return isinstance(rule, list) or (isinstance(rule, dict) and not set(rule) & {"axis", "param"})


def declared_weights(
    code: Code, params: dict[str, Any], inputs: tuple[Spec, ...], dtype: str = "float32"
) -> tuple[Weight, ...]:
    """The weights of a layer by what the project declares; each axis as in `output_spec`."""
    if not inputs:
        return ()
    return tuple(
        Weight(
            name,
            tuple(known(_axis(rule, params, inputs[0]), f"an axis of {name}") for rule in axes),
            dtype,
        )
        for name, axes in code.weights.items()
    )


def _axis(rule: Any, params: dict[str, Any], first: Spec) -> int | None:
    if isinstance(rule, dict) and set(rule) == {"axis"} and isinstance(rule["axis"], int):
        if not -first.rank <= rule["axis"] < first.rank:
            raise Refused(f"declares a shape with axis {rule['axis']} of its input")
        return first.shape[rule["axis"]]
    if isinstance(rule, dict) and set(rule) == {"param"}:
        rule = params.get(str(rule["param"]))
    if rule is None or (isinstance(rule, int) and not isinstance(rule, bool) and rule >= 0):
        return rule
    raise Refused(f"declares {quoted(rule)} as an axis of a shape")
