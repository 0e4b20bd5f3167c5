"""Ready-made models as nodes: the script builds what a person would, frozen, shared, in blocks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from studio.codegen.script import write_script
from studio.engine.files import place_files
from studio.graph.checks import check
from studio.graph.problems import StudioError
from studio.graph.summary import summary
from tests.codegen.projects import Json, chain, model_graph, node, npz, read, training
from tests.codegen.ruff import found_by_ruff
from tests.codegen.test_styles import by_name, outputs, run
from tests.conftest import slow

SIZE = 32
BASE = {"include_top": False, "weights": None, "pooling": "avg"}
SMALL = {"alpha": 0.35, **BASE}
V2 = "keras.applications.MobileNetV2"
IMAGE = node("image", "keras.Input", shape=[SIZE, SIZE, 3])
DIGIT = node("digit", "keras.layers.Dense", units=5)


def project(model: Json, **parts: Any) -> Json:
    """A project around a model of one image and one output."""
    data = chain(npz("images.npz", features="x", label="y"))
    return {
        "studio": 1,
        "name": "pictures",
        "data": data,
        "model": model,
        "training": training(*model["outputs"]),
        **parts,
    }


def row(*nodes: Json) -> Json:
    """A model whose nodes stand one behind the other."""
    edges = [[a["id"], b["id"]] for a, b in pairwise(nodes)]
    return model_graph(list(nodes), edges, nodes[-1]["id"])


def halves(*second: str) -> Json:
    """A model that puts one base on both halves of the image, from the inputs of `second`."""
    cut = {"data_format": "channels_last"}
    left = node("left", "keras.layers.Cropping2D", cropping=[[0, 0], [0, 32]], **cut)
    right = node("right", "keras.layers.Cropping2D", cropping=[[0, 0], [32, 0]], **cut)
    wide = node("image", "keras.Input", shape=[SIZE, 64, 3])
    both = node("both", "keras.layers.Concatenate")
    nodes = [wide, left, right, node("base", V2, **SMALL), {"id": "again", "shares": "base"}]
    edges = [
        ["image", "left"],
        ["image", "right"],
        ["left", "base"],
        *[[e, "again"] for e in second],
    ]
    edges += [["base", "both"], ["again", "both"], ["both", "digit"]]
    return model_graph([*nodes, both, DIGIT], edges, "digit")


BLOCK = {
    "nodes": [
        {"id": "x", "op": "keras.Input"},
        node("base", V2, **SMALL | {"trainable": {"$": "trains"}}),
        node("wide", "keras.layers.Dense", units=4),
    ],
    "edges": [["x", "base"], ["base", "wide"]],
    "inputs": ["x"],
    "outputs": ["wide"],
    "parameters": {"trains": True},
}
FROZEN = project(row(IMAGE, node("base", V2, **SMALL, trainable=False), DIGIT))
PROJECTS: dict[str, Json] = {
    "frozen": FROZEN,
    "a name that Keras would read": project(
        row(IMAGE, node("base", "keras.applications.EfficientNetV2B0", **BASE), DIGIT)
    ),
    "shared": project(halves("right")),
    "in a block": project(
        row(IMAGE, node("eye", "block:eye", trains=False), DIGIT), blocks={"eye": BLOCK}
    ),
    "in a block in a block": project(
        row(IMAGE, node("eye", "block:outer"), DIGIT),
        blocks={
            "outer": {
                "nodes": [{"id": "x", "op": "keras.Input"}, node("inner", "block:eye")],
                "edges": [["x", "inner"]],
                "inputs": ["x"],
                "outputs": ["inner"],
            },
            "eye": BLOCK,
        },
    ),
}


def images(value: Json) -> np.ndarray:
    shape = value["model"]["nodes"][0]["params"]["shape"]
    return np.random.default_rng(5).normal(size=(2, *shape)).astype("float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pictures")


def scripts(value: Json, folder: Path) -> dict[str, str]:
    """The script in every style that the model can have."""
    x = images(value)
    np.savez(folder / "images.npz", x=x, y=np.zeros((len(x), 5), "float32"))
    names = [each["id"] for each in value["model"]["nodes"]]
    plain = "blocks" not in value and "again" not in names
    styles = ("sequential", "functional", "subclass")[0 if plain else 1 :]
    return {style: write_script(read(value), folder, style).text for style in styles}


# The others are held to by their lines, and by what these two have in them.
SAVED = ("shared", "in a block in a block")
COUNTED = ("a name that Keras would read", "in a block in a block")


def some(*names: str) -> list[Any]:
    """All names of projects; those that are not among these take long."""
    return [*names, *slow(*[name for name in PROJECTS if name not in names])]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", some(*SAVED))
def test_all_styles_give_the_same_numbers_and_are_saved_whole(name, folder, tmp_path) -> None:
    x = images(PROJECTS[name])
    first: Any = None
    for style, code in scripts(PROJECTS[name], folder).items():
        model = run(code)["build_model"]()
        given = outputs(model, x)
        if first is None:
            first, wanted = model, given
        for key, weight in by_name(model).items():
            weight.assign(by_name(first)[key])
        np.testing.assert_array_equal(outputs(model, x), wanted)
        assert len(model.trainable_weights) == len(first.trainable_weights)
        model.save(tmp_path / f"{style}.keras")
        loaded = keras.models.load_model(tmp_path / f"{style}.keras")
        np.testing.assert_array_equal(outputs(loaded, x), wanted)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", some(*COUNTED))
def test_the_summary_counts_what_keras_counts(name, folder) -> None:
    code = scripts(PROJECTS[name], folder)["functional"]
    model = run(code)["build_model"]()
    parsed = read(PROJECTS[name])
    totals = summary(parsed, check(parsed, folder).shapes["model"])["totals"]
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert (totals["params"], totals["trainable_params"]) == (model.count_params(), trained)


@pytest.mark.filterwarnings("default")
def test_a_frozen_base_and_a_head_are_the_model_that_a_person_writes(folder) -> None:
    model = run(scripts(FROZEN, folder)["functional"])["build_model"]()
    base = keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), **SMALL)
    base.trainable = False
    image = keras.Input((SIZE, SIZE, 3))
    by_hand = keras.Model(image, keras.layers.Dense(5)(base(image)))
    by_hand.set_weights(model.get_weights())
    x = images(FROZEN)
    np.testing.assert_array_equal(outputs(model, x), outputs(by_hand, x))
    assert len(model.trainable_weights) == len(by_hand.trainable_weights) == 2


LINES = {
    ("frozen", "functional"): [
        "    base_model = keras.applications.MobileNetV2(",
        "    base_model.trainable = False",
        "    base = base_model(image)",
        "        input_shape=(32, 32, 3),",
    ],
    ("frozen", "subclass"): [
        "        self.base.trainable = False",
        "        base = self.base(image)",
    ],
    ("frozen", "sequential"): ["    base_model.trainable = False", "            base_model,"],
    ("a name that Keras would read", "functional"): ['    base_model.name = "base"'],
    ("shared", "functional"): ["    base = base_model(left)", "    again = base_model(right)"],
    ("in a block", "functional"): [
        "        input_shape=x.shape[1:],",
        '        name=f"{name}_base",',
        "    base_model.trainable = trains",
    ],
    ("in a block", "subclass"): ["            input_shape=(32, 32, 3),"],
}


@pytest.mark.parametrize(("name", "style"), LINES)
def test_the_script_says(name, style, folder) -> None:
    code = scripts(PROJECTS[name], folder)[style].splitlines()
    for line in LINES[name, style]:
        assert code.count(line) == 1, "\n".join(code)


def test_every_style_is_as_ruff_would_leave_it(folder, tmp_path) -> None:
    written = {
        f"{name} {style}": code
        for name, value in PROJECTS.items()
        for style, code in scripts(value, folder).items()
    }
    said = found_by_ruff(written, tmp_path)
    assert not said, next(iter(said.values()))


@pytest.mark.filterwarnings("default")
def test_weights_of_a_file_travel_with_the_run(folder, tmp_path) -> None:
    saved = keras.applications.MobileNetV2(input_shape=(48, 48, 3), **SMALL)
    saved.save_weights(folder / "own.weights.h5")
    base = node("base", V2, **SMALL | {"weights": "own.weights.h5"})
    value = project(row(IMAGE, base, DIGIT))
    code = scripts(value, folder)["functional"]
    place_files(read(value), folder, tmp_path)
    module: dict[str, Any] = {"__name__": "script", "__file__": str(tmp_path / "train.py")}
    exec(compile(code, "train.py", "exec"), module)
    loaded = module["build_model"]().get_layer("base")
    for own, given in zip(loaded.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(own, given)


def test_a_block_class_is_not_made_for_images_of_two_sizes(folder) -> None:
    nodes = [
        IMAGE,
        node("large", "keras.layers.UpSampling2D"),
        node("eye", "block:eye"),
        node("other", "block:eye"),
        node("both", "keras.layers.Add"),
        DIGIT,
    ]
    edges = [["image", "large"], ["image", "eye"], ["large", "other"], ["eye", "both"]]
    edges += [["other", "both"], ["both", "digit"]]
    value = read(project(model_graph(nodes, edges, "digit"), blocks={"eye": BLOCK}))
    np.savez(folder / "images.npz", x=images(FROZEN), y=np.zeros((2, 5), "float32"))
    assert "eye(large, name=" in write_script(value, folder, "functional").text
    with pytest.raises(StudioError, match=r"\(32, 32, 3\) and \(64, 64, 3\)"):
        write_script(value, folder, "subclass")


def test_a_shared_base_takes_images_of_one_size(folder) -> None:
    value = halves("image")
    problems = check(read({"studio": 1, "model": value})).problems
    said = [problem.sentence() for problem in problems if problem.node == "again"]
    assert any("built for images of (32, 32, 3)" in each for each in said), said
