"""Projects as a careless or hostile person would leave them."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

HOSTILE_TEXTS = (
    "",
    " ",
    "x'); import os; os.system('echo owned')#",
    '"); import os; os.system("echo owned")#',
    '"""\nimport os\nos.system("echo owned")\n"""',
    "'''",
    "a\nimport os",
    "a\r\nb",
    "\\",
    "\\n\\",
    "{x}{0}{{",
    "%s%d",
    "\x00",
    "\x1b[31m",
    "\ud800",
    "\udfff\ud800",
    "\u202e\u2066evil\u2069",
    "\u2028\u2029",
    "\uff4f\uff50\uff45\uff4e",
    "é",
    "__import__",
    "__class__",
    "class",
    "None",
    "lambda",
    "self.x",
    "a.b.c",
    ".",
    "..",
    "os",
    "open",
    "print",
    "np",
    "tf",
    "keras",
    "model",
    "datasets",
    "train",
    "main",
    "columns",
    "../../../../etc/passwd",
    "/dev/zero",
    "/proc/self/mem",
    "assets:",
    "assets:data",
    "assets:data/penguins.csv",
    "assets:data/sunspots.csv",
    "code:Evil",
    "block:residual",
    "block:",
    "keras.Input",
    "keras.layers.Dense",
    "keras.layers.Add",
    "keras.layers.LSTM",
    "keras.utils.get_file",
    "keras.models.load_model",
    "tf.data.Dataset.map",
    "tf.data.Dataset.zip",
    "studio.map.one_hot",
    "os.system",
    "builtins.eval",
    "relu",
    "float16",
    "string",
    "mixed_float16",
    "causal",
    "channels_first",
    "x" * 300,
)
HOSTILE_NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    255,
    -(2**31),
    2**31,
    2**63,
    2**64,
    10**30,
    10**400,
    10**4000,
    -(10**4000),
    0.0,
    -0.0,
    0.5,
    -1.5,
    1e-320,
    1e308,
    -1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
)


def _deep(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def hostile(rng: Random) -> Any:
    """A value that shouldn't stand where it will be put."""
    kind = rng.randrange(12)
    if kind < 4:
        return rng.choice(HOSTILE_TEXTS)
    if kind < 8:
        return rng.choice(HOSTILE_NUMBERS)
    if kind == 8:
        return rng.choice((None, True, False))
    if kind == 9:
        return rng.choice(([], [1], [None], [-1, 3], [[]], ["a", 1], [10**30, 10**400]))
    if kind == 10:
        return _deep(rng.choice((3, 20, 100, 200)))
    return rng.choice(
        (
            {},
            {"$": "filters"},
            {"$": []},
            {"$": {}},
            {"a": {"$": "width"}},
            {"op": []},
            {"op": "keras.layers.Dense"},
            {"op": "keras.layers.Dense", "params": []},
            {"op": "keras.layers.Dense", "params": {"units": "os.system()"}},
            {"op": "keras.initializers.HeNormal", "params": {"seed": -1}},
            {"op": "studio.map.rescale", "params": {"scale": "x)"}},
            {"op": "code:Evil"},
            {"op": "keras.optimizers.schedules.CosineDecay", "params": {}},
            {rng.choice(HOSTILE_TEXTS): rng.choice(HOSTILE_TEXTS)},
            {rng.choice(HOSTILE_TEXTS): rng.choice(HOSTILE_NUMBERS)},
        )
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    found = []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        found.append((*path, key))
        found += places(item, (*path, key))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in path:
        value = value[key]
    return value


def mutate(value: Any, rng: Random) -> Any:
    """A copy of a project with one to three mistakes in it."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        found = places(value)
        if not found:
            break
        # Deep places are many; each level gets its share, else nothing else is hit.
        depth = rng.choice(sorted({len(path) for path in found}))
        path = rng.choice([path for path in found if len(path) == depth or rng.random() < 0.2])
        _change(value, path, found, rng)
    return value


def _change(value: Any, path: tuple[Any, ...], found: list[tuple[Any, ...]], rng: Random) -> None:
    holder, key = at(value, path[:-1]), path[-1]
    kind = rng.randrange(10)
    if kind < 5:
        holder[key] = hostile(rng)
    elif kind == 5:
        del holder[key]
    elif kind == 6:  # what stands elsewhere
        holder[key] = copy.deepcopy(at(value, rng.choice(found)))
    elif kind == 7 and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    elif kind == 8 and isinstance(holder, list):
        other = rng.randrange(len(holder))
        holder[key], holder[other] = holder[other], holder[key]
    elif isinstance(holder, dict):
        name = rng.choice((*HOSTILE_TEXTS, "params", "op", "shares", "repeat", "id", "dtype"))
        if rng.random() < 0.5:
            holder[name] = holder.pop(key)
        else:
            holder[name] = hostile(rng)
    else:
        holder[key] = hostile(rng)


def sprinkle(value: Any, rng: Random) -> Any:
    """A copy of a project with hostile texts where any text may stand: most of it stays valid."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 2, 3))):
        text = rng.choice(HOSTILE_TEXTS)
        kind = rng.randrange(7)
        graph = value[rng.choice([name for name in ("data", "model") if name in value])]
        node = rng.choice(graph["nodes"])
        if kind == 0:
            value[rng.choice(("name", "note"))] = text
        elif kind == 1:
            node["note"] = text
        elif kind == 2 and "op" in node and graph is value["model"]:
            node.setdefault("params", {})["name"] = text
        elif kind == 3 and "training" in value:
            callback = {"op": "keras.callbacks.EarlyStopping", "params": {"monitor": text}}
            value["training"].setdefault("callbacks", []).append(callback)
        elif kind == 4:
            _rename(value, node["id"], text)
        elif kind == 5 and "training" in value:
            metric = {"op": "keras.metrics.MeanSquaredError", "params": {"name": text}}
            value["training"].setdefault("metrics", {})[rng.choice((text, "digit"))] = [metric]
        else:
            path = {"op": "tf.data.Dataset.cache", "params": {"filename": text}}
            node |= path if node.get("op") == "tf.data.Dataset.cache" else {"note": text}
    return value


def _rename(value: Any, old: str, new: str) -> None:
    """Gives a node another id wherever it is named, as a person would."""
    for path in places(value):
        holder, key = at(value, path[:-1]), path[-1]
        if isinstance(holder[key], str) and key not in ("op", "note"):
            head, dot, port = holder[key].partition(".")
            holder[key] = f"{new}{dot}{port}" if head == old else holder[key]
    training = value.get("training", {})
    for kind in ("losses", "metrics", "loss_weights"):
        if old in training.get(kind, {}):
            training[kind][new] = training[kind].pop(old)
