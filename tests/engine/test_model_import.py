"""A model's file, or its architecture alone, becomes a project that builds the same model."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml
from keras import layers

from studio.codegen.model import write_model
from studio.codegen.source import Source
from studio.codegen.weight_helpers import ARRAYS, CHOOSE, OPENED
from studio.engine.model_import import import_file
from studio.graph.checks import check
from studio.graph.file import dumps, loads
from studio.graph.problems import StudioError, errors

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings(
    "default:__array__ implementation:DeprecationWarning",
    "ignore:You are saving your model as an HDF5",
)


def network() -> keras.Model:
    """Two inputs, a shared layer, a model in the model, a state that is handed on, two outputs."""
    row, other = keras.Input((6, 3), name="row"), keras.Input((6, 3), name="other")
    inner = keras.Sequential(
        [keras.Input((6, 3)), layers.Dense(4, activation="relu", name="wide"), layers.Dropout(0.1)],
        name="inner",
    )
    shared = layers.Conv1D(5, 3, padding="same", kernel_initializer="he_normal", name="shared")
    first, second = shared(inner(row)), shared(inner(other))
    memory, h, c = layers.LSTM(4, return_state=True, name="memory")(first)
    again = layers.LSTM(4, name="again")(second, initial_state=[h, c])
    joined = layers.BatchNormalization(name="norm")(
        layers.Concatenate(name="both")([memory, again])
    )
    outputs = [layers.Dense(2, name="left")(joined), layers.Dense(1, name="right")(joined)]
    return keras.Model([row, other], outputs, name="network")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, keras.Model]:
    folder = tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(4)
    model = network()
    for each in model.weights:
        each.assign(keras.random.normal(each.shape) ** 2)
    (folder / "m.json").write_text(model.to_json())
    (folder / "m.yaml").write_text(yaml.safe_dump(json.loads(model.to_json()), sort_keys=False))
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    return folder, model


@pytest.mark.parametrize("name", ["m.json", "m.yaml", "m.keras", "m.h5"])
def test_what_is_imported_is_the_model_it_was(files, name: str):
    folder, model = files
    project = import_file(folder / name)
    again, problems = loads(dumps(project))  # as it is saved and opened
    assert not problems and again == project
    report = check(project)
    assert not errors(report.problems), report.problems
    source = Source()
    write_model(source, project, "auto", report.shapes["model"], None)
    text = "\n".join("\n".join(section.lines) for section in source.sections)
    names = {"keras": keras}
    head = "import tempfile, zipfile, h5py\nfrom pathlib import Path\n"
    loading = ARRAYS.replace("{opened}", OPENED[".keras"])
    exec(f"{head}{text}\n{CHOOSE}\n{loading}", names)
    built = names["build_model"]()

    def settings(model: keras.Model) -> dict[str, dict]:
        """The configuration of each layer that isn't in a model in the model."""
        return {each.name: each.get_config() for each in model.layers if each.name != "inner"}

    assert settings(built) == settings(model)  # one that is called twice is a layer in both
    wide = model.get_layer("inner").get_layer("wide").get_config()
    assert built.get_layer("inner").wide.get_config() == wide
    names["load_weights"](built, folder / "m.keras", by="name")
    given = [np.random.default_rng(1).normal(size=(7, 6, 3)).astype("float32") for _ in range(2)]
    before = [np.asarray(each) for each in model(given)]
    after = built(given)
    after = list(after.values()) if isinstance(after, dict) else after
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, after, strict=True))


LAYER = {"module": "keras.layers", "class_name": "InputLayer", "config": {"name": "x"}}


def described(*entries: dict, kind: str = "Sequential") -> str:
    config = {"name": "m", "layers": [LAYER | {"config": {"batch_shape": [None, 3]}}, *entries]}
    return json.dumps({"module": "keras", "class_name": kind, "config": config})


LAMBDA = {"class_name": "__lambda__", "config": {"code": "4wAAAA=="}}
REFUSED = {
    "lambda.json": (
        described(
            {
                "module": "keras.layers",
                "class_name": "Lambda",
                "config": {"name": "twice", "function": LAMBDA},
            }
        ),
        r'brings code along: "twice" \(lambda lambda\)',
    ),
    "own.json": (
        described(
            {
                "module": "own",
                "class_name": "A",
                "registered_name": "own>A",
                "config": {"name": "a"},
            }
        ),
        r'brings code along: "a" \(class own>A\)',
    ),
    "unknown.json": (
        described({"module": "keras.layers", "class_name": "Dance", "config": {"name": "d"}}),
        'can\'t be imported: "Dance" is keras.layers.Dance',
    ),
    "class.json": (
        json.dumps({"class_name": "Net", "module": None, "config": {"units": 3}}),
        'holds a model of the class "Net", whose layers only its code knows',
    ),
    "list.json": ("[1]", "holds no object"),
    "empty.json": ("{}", "has no class_name"),
    "broken.json": ("{", "is no JSON"),
    "deep.json": ("[" * 100_000, "is no JSON"),
    "old.json": (
        described({"module": "keras.layers", "class_name": "Dense"}),
        "isn't as Keras 3 writes it",
    ),
    "python.yaml": ("!!python/object/apply:os.system ['touch /tmp/owned']", "is no YAML"),
    "laughs.yaml": ("a: &a [x]\nb: [*a, *a]", "it has aliases"),
    "m.txt": ("", "Name a file in"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cant_be_imported_is_named(tmp_path: Path, name: str):
    content, said = REFUSED[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(StudioError, match=said) as told:
        import_file(tmp_path / name)
    assert name in str(told.value) and len(str(told.value).splitlines()) == 1
    assert not Path("/tmp/owned").exists()
