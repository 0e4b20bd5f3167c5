"""Inference asks what the user's own code gives where nothing declares it, and asks once."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from studio.graph.asking import CodeCall
from studio.graph.checks import check
from studio.graph.document import Code, Edge, Graph, ModelGraph, Node, Project
from studio.graph.edits import SetParam
from studio.graph.infer import Inference
from studio.graph.spec import Refused, Result, Spec, Weight

SOURCE = """class Own(keras.layers.Layer):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = scaled(units)

    def get_config(self):
        return {"units": self.units}

    def call(self, inputs):
        return inputs
"""
CODE = {
    "Own": Code("layer", SOURCE),
    "scaled": Code("function", "def scaled(x):\n    return x\n"),
    "other": Code("function", "def other(x):\n    return x\n"),
}


def project(code: dict[str, Code] = CODE, **params: Any) -> Project:
    """x -> own -> dense -> last, where own is the user's layer."""
    nodes = {
        "x": Node("x", op="keras.Input", params={"shape": [4]}),
        "own": Node("own", op="code:Own", params=params),
        "dense": Node("dense", op="keras.layers.Dense", params={"units": 2}),
        "last": Node("last", op="keras.layers.ReLU"),
    }
    edges = (Edge("x", "own"), Edge("own", "dense"), Edge("dense", "last"))
    return Project(model=ModelGraph(nodes, edges, outputs=("last",)), code=code)


class Asked:
    """Answers as a layer with `units` would, and keeps what it was asked; or nothing, yet."""

    def __init__(self, knows: bool = True):
        self.knows = knows
        self.calls: list[CodeCall] = []

    def __call__(self, call: CodeCall) -> Result | Refused | None:
        self.calls.append(call)
        if not self.knows:
            return None
        units = call.params.get("units", 3)
        if units == 0:
            return Refused("fails in line 4 of its source", "Mend the code.")
        (spec,) = call.inputs[0][1]
        weight = Weight("kernel", (spec.shape[-1], units))
        return Result(
            tuple(Spec((None, units)) for _ in range(call.params.get("times", 1))), (weight,)
        )


def shapes(inference: Inference, of: Project) -> dict[str, Any]:
    found = inference.run(of)["model"]
    return {name: found.at(name).shape for name in found.nodes if found.at(name) is not None}


def test_without_anybody_to_ask_the_shape_is_unknown_and_nothing_is_refused() -> None:
    inference = Inference()
    assert shapes(inference, project()) == {"x": (None, 4)}
    assert inference.run(project())["model"].problems == []


def test_what_is_answered_goes_on_along_the_edges() -> None:
    ask = Asked()
    inference = Inference(ask=ask)
    own, dense = {"own": (None, 5)}, {"dense": (None, 2), "last": (None, 2)}
    assert shapes(inference, project(units=5)) == {"x": (None, 4)} | own | dense
    (call,) = ask.calls
    assert (call.name, call.params) == ("Own", {"units": 5})
    assert call.inputs == (("inputs", (Spec((None, 4)),)),)
    assert list(call.code) == ["Own", "scaled"]  # with what it uses, and nothing else
    nodes = inference.run(project(units=5))["model"].nodes
    assert nodes["own"].weights == (Weight("kernel", (4, 5)),)
    assert nodes["dense"].weights[0].shape == (5, 2)


def test_the_declared_shape_wins_and_the_weights_are_those_that_were_answered() -> None:
    code = CODE | {"Own": replace(CODE["Own"], output_shape="same")}
    found = Inference(ask=Asked()).run(project(code, units=5))["model"]
    assert found.at("own") == Spec((None, 4))
    assert found.nodes["own"].weights == (Weight("kernel", (4, 5)),)


def test_what_the_code_raises_is_a_problem_of_its_node() -> None:
    (problem,) = [p for p in check(project(units=0), ask=Asked()).problems if p.code == "shape"]
    assert problem.node == "own"
    assert "fails in line 4" in problem.message
    assert problem.hint == "Mend the code."


def test_other_tensors_than_the_source_shows_are_refused() -> None:
    code = CODE | {"Own": Code("layer", SOURCE.replace("units=3,", "units=3, times=1,"))}
    (problem,) = Inference(ask=Asked()).run(project(code, times=2))["model"].problems
    assert "gives 2 tensors, but its source shows 1" in problem.message


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (lambda p: p, 1),
        (lambda p: SetParam("model", "dense", "units", 9).apply(p), 1),
        (lambda p: SetParam("model", "x", "name", "y").apply(p), 1),
        (lambda p: SetParam("model", "own", "units", 9).apply(p), 2),
        (lambda p: SetParam("model", "x", "shape", [7]).apply(p), 2),
        (lambda p: replace(p, code=p.code | {"other": Code("function", "def other(): pass")}), 1),
        (lambda p: replace(p, code=p.code | {"scaled": Code("function", "def scaled(): 0")}), 2),
        (lambda p: replace(p, code=p.code | {"Own": Code("layer", SOURCE + "# more\n")}), 2),
        (lambda p: replace(p, code=p.code | {"Own": replace(p.code["Own"], output_shape=[1])}), 1),
    ],
    ids=range(9),
)
def test_an_unchanged_call_of_unchanged_code_is_asked_once(change, asked) -> None:
    """Also back again, and in another order."""
    ask = Asked()
    inference = Inference(ask=ask)
    first = project()
    for each in (first, change(first), first, change(first)):
        fresh = shapes(Inference(ask=Asked()), each)
        assert shapes(inference, each) == fresh
    assert len(ask.calls) == asked


def test_an_answer_that_comes_later_touches_only_the_nodes_that_hang_on_it() -> None:
    ask = Asked(knows=False)
    inference = Inference(ask=ask)
    assert shapes(inference, project()) == {"x": (None, 4)}
    ask.knows = True
    assert shapes(inference, project()) == {"x": (None, 4)}
    inference.again("other")
    assert inference.run(project())["model"].inferred == 0
    inference.again("Own")
    found = inference.run(project())["model"]
    assert found.inferred == 3  # own, dense, last
    assert found.at("last").shape == (None, 2)
    assert inference.run(project())["model"].inferred == 0


def test_what_was_answered_can_be_forgotten() -> None:
    ask = Asked()
    inference = Inference(ask=ask)
    inference.run(project())
    inference.again("Own")
    inference.run(project())
    assert len(ask.calls) == 1
    inference.again("Own", forget=True)
    inference.run(project())
    assert len(ask.calls) == 2


def test_code_in_a_block_is_asked_with_the_blocks_parameters_and_again() -> None:
    from studio.graph.document import Block

    inner = Graph(
        {
            "i": Node("i", op="keras.Input"),
            "own": Node("own", op="code:Own", params={"units": {"$": "n"}}),
        }
    )
    block = Block(
        inner.nodes, (Edge("i", "own"),), inputs=("i",), outputs=("own",), parameters={"n": 6}
    )
    outer = project()
    nodes = outer.model.nodes | {"own": Node("own", op="block:b", params={"n": 8})}
    whole = replace(outer, blocks={"b": block}, model=replace(outer.model, nodes=nodes))
    ask = Asked()
    inference = Inference(ask=ask)
    assert shapes(inference, whole)["own"] == (None, 8)
    assert [call.params for call in ask.calls] == [{"units": 8}]
    inference.again("Own")
    assert inference.run(whole)["model"].inferred == 1


def test_edits_of_code_are_inferred_again_where_nobody_is_asked_too() -> None:
    inference = Inference()
    assert "own" not in shapes(inference, project())
    declared = CODE | {"Own": replace(CODE["Own"], output_shape=[None, {"param": "units"}])}
    assert shapes(inference, project(declared, units=5))["own"] == (None, 5)
    assert "own" not in shapes(inference, project(units=5))
