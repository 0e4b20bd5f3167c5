"""Files of weights are looked into: what is in them, what fits, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.codegen.script import write_script
from studio.engine.stored_checkpoint import checkpoint
from studio.engine.stored_code import brought, disassembled
from studio.engine.weights_file import INNER, contents
from studio.engine.weights_fit import Fit, fit, refuse_unfit
from studio.graph.checks import check
from studio.graph.document import Call
from studio.graph.file import read
from studio.graph.override import override
from studio.graph.problems import StudioError
from tests.conftest import slow
from tests.templates import NAMES, template_folder

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings(
    "default:__array__ implementation:DeprecationWarning",
    "ignore:You are saving your model as an HDF5",
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a Python lambda, and one with a nested model, in all formats."""
    folder = tmp_path_factory.mktemp("files")
    row = keras.Input((5,), name="row")
    inner = keras.Sequential([keras.Input((5,)), keras.layers.Dense(6, name="first")], name="inner")
    norm = keras.layers.BatchNormalization(name="norm")(inner(row))
    head = keras.layers.Dense(3, name="head", dtype="float64")(norm)
    model = keras.Model(row, head)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    model.save_weights(folder / "m.weights.h5")
    tf.train.Checkpoint(model=model).write(str(folder / "m"))
    twice = keras.layers.Lambda(
        lambda x: x * Path("/tmp/owned").write_text("x"), (5,), name="twice"
    )
    model = keras.Model(row, keras.layers.Dense(2, name="last")(twice(row)))
    model.save(folder / "code.keras")
    model.save(folder / "code.h5")
    keras.backend.clear_session()
    return folder


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5", "m.h5"])
def test_all_layers_are_told(files: Path, name: str):
    found = contents(files / name)
    first = "inner" if name == "m.h5" else "inner/first"
    layers = {each.name: each for each in found.layers}
    assert set(layers) == {first, "norm", "head"}
    assert layers[first].shapes == ((5, 6), (6,)) and layers[first].dtypes == ("float32",) * 2
    assert layers["norm"].shapes == ((6,),) * 4
    assert layers["head"].dtypes == ("float64",) * 2 and layers["head"].bytes == 21 * 8
    assert found.keras == ("" if name == "m.weights.h5" else keras.__version__)
    assert (found.config is None) == (name == "m.weights.h5") and found.named
    assert not brought(found.config)


def test_a_checkpoint_is_told_alike(files: Path):
    found = {each["name"]: each for each in checkpoint({"path": str(files / "m")})}
    assert set(found) == {"inner/first", "norm", "head"}
    assert sorted(found["inner/first"]["shapes"]) == [[5, 6], [6]]
    assert found["head"]["dtypes"] == ["float64"] * 2


BUILT = ["penguins", "residual_blocks", "attention_encoder", "lstm_states", "custom_layer"]


@pytest.mark.parametrize("name", [*BUILT, *slow(*(n for n in NAMES if n not in BUILT))])
def test_what_a_template_makes_fits_it_whole(tmp_path: Path, name: str):
    folder = template_folder(name)
    project, _ = read(folder / "project.json")
    report = check(project, folder)
    names = {"__name__": "script", "__file__": str(tmp_path / "train.py")}
    text = write_script(project, folder, report=report).text
    exec(compile(text, "train.py", "exec", dont_inherit=True), names)
    model = names["build_model"]()
    for path in (tmp_path / "m.keras", tmp_path / "m.h5", tmp_path / "m.weights.h5"):
        save = model.save_weights if path.name.endswith(".weights.h5") else model.save
        save(path)
        found = fit(contents(path), project, report.shapes["model"])
        assert found.whole and found.alike and found.fits, (path.name, found)
    keras.backend.clear_session()


def penguins(tmp_path: Path, *settings: str) -> SimpleNamespace:
    """The penguins with other settings, and a file of what the template makes."""
    folder = template_folder("penguins")
    path = tmp_path / "p.weights.h5"
    model = keras.Sequential(
        [
            keras.Input((11,)),
            keras.layers.Dense(16, name="hidden"),
            keras.layers.Dense(3, name="species"),
        ]
    )
    model.save_weights(path)
    value = json.loads((folder / "project.json").read_text())
    from studio.graph.read import read_project

    project, problems = read_project(override(value, list(settings)))
    assert not problems
    return SimpleNamespace(folder=folder, path=path, project=project)


def fit_of(case: SimpleNamespace) -> Fit:
    report = check(case.project, case.folder)
    return fit(contents(case.path), case.project, report.shapes["model"])


def test_what_differs_is_named(tmp_path: Path):
    found = fit_of(penguins(tmp_path))
    assert found.whole and found.fits == ["hidden", "species"]
    found = fit_of(penguins(tmp_path, "model.nodes.hidden.params.units=17"))
    assert found.told("name") == [
        "hidden (11, 16) is not (11, 17)",
        "species (16, 3) is not (17, 3)",
    ]
    assert not found.alike
    found = fit_of(penguins(tmp_path, "model.nodes.hidden.params.use_bias=false"))
    assert found.told("name") == ["hidden has 2 arrays, not 1"]


WEIGHTS = "training.weights="


@pytest.mark.parametrize(
    ("more", "params", "said"),
    [
        ((), {}, ""),
        (("model.nodes.hidden.params.units=17",), {}, r"hidden \(11, 16\) is not \(11, 17\)"),
        (("model.nodes.hidden.params.units=17",), {"by": "name"}, r"fit the model: hidden"),
        (("model.nodes.hidden.params.units=17",), {"by": "name", "skip_mismatch": True}, "fit"),
        (("model.nodes.hidden.params.use_bias=false",), {"by": "name", "skip_mismatch": True}, ""),
        ((), {"path": "none.keras"}, "The weights file .* is not there"),
        ((), {"path": "ck/none"}, "The weights file .* is not there"),
    ],
)
def test_a_run_is_refused_beforehand(tmp_path: Path, more, params, said: str):
    case = penguins(tmp_path, *more)
    params = {"path": str(case.path)} | params
    from msgspec.structs import replace

    training = replace(case.project.training, weights=Call("studio.weights.load", params))
    project = replace(case.project, training=training)
    report = check(project, case.folder)
    assert bool("there" in said) == any(p.code == "weights-file" for p in report.problems)
    if not said:
        refuse_unfit(project, case.folder, report)
        return
    with pytest.raises(StudioError, match=said):
        refuse_unfit(project, case.folder, report)


# What is damaged, or from elsewhere.


def _zip(path: Path, parts: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _objects() -> bytes:
    """An array of objects, which NumPy pickles."""
    content = io.BytesIO()
    np.save(content, np.array([{}], object), allow_pickle=True)
    return content.getvalue()


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        with archive.open(INNER, "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(bytes(2**20))


def _external(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["layers/a/vars/0"] = np.zeros(3)
        file["layers/b/vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")
        file["layers/c/vars/0"] = h5py.SoftLink("/layers/a/vars/0")


def _outside(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/a/vars/0", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def _huge(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/a/vars/0", (2**20, 2**20), "f8", chunks=(1, 1024))


def _deep(path: Path) -> None:
    _zip(path, {"config.json": b"[" * 200_000 + b"]" * 200_000, INNER: b""})


HOSTILE = {
    "empty.keras": (lambda p: p.write_bytes(b""), "is empty"),
    "text.keras": (lambda p: p.write_text("once upon a time"), "is a text, but one that ends in"),
    "pickle.h5": (lambda p: p.write_bytes(pickle.dumps([1])), "is a pickle, which runs code"),
    "array.weights.h5": (
        lambda p: p.write_bytes(_objects()),
        "is a NumPy array",
    ),
    "torch.keras": (
        lambda p: _zip(p, {"archive/data.pkl": pickle.dumps(1)}),
        "holds a pickle, as PyTorch writes it",
    ),
    "torch.pt": (lambda p: _zip(p, {"archive/data.pkl": b""}), "is a zip file; a .keras"),
    "other.keras": (lambda p: _zip(p, {"a.txt": b"1"}), "no model of Keras: it has no config"),
    "no_weights.keras": (lambda p: _zip(p, {"config.json": b"{}"}), "has no model.weights.h5"),
    "list.keras": (_deep, "is damaged"),
    "bomb.keras": (_bomb, "would grow from .* to 314,572,800 bytes"),
    "outside.weights.h5": (_outside, "in another file, which isn't read"),
    "legacy.h5": (_external, "no legacy file of Keras"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_file_of_weights_is_one_sentence(tmp_path: Path, name: str):
    make, said = HOSTILE[name]
    make(tmp_path / name)
    with pytest.raises(StudioError, match=said) as told:
        contents(tmp_path / name)
    assert len(str(told.value).splitlines()) == 1 and name in str(told.value)


def test_links_are_not_followed_and_sizes_not_believed(tmp_path: Path):
    _external(tmp_path / "a.weights.h5")
    found = contents(tmp_path / "a.weights.h5")
    assert [each.shapes for each in found.layers] == [((3,),)] and not found.named
    _huge(tmp_path / "b.weights.h5")  # 8 TB that nothing is stored of: only its shape is read
    assert contents(tmp_path / "b.weights.h5").layers[0].count == 2**40


def test_truncated_files_are_damaged(files: Path, tmp_path: Path):
    for name in ("m.keras", "m.weights.h5", "m.h5"):
        whole = (files / name).read_bytes()
        for share in (0.02, 0.3, 0.7, 0.99):
            path = tmp_path / name
            path.write_bytes(whole[: int(len(whole) * share)])
            with pytest.raises(StudioError, match=r"damaged|has no|no "):
                contents(path)
    with zipfile.ZipFile(files / "m.keras") as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    for cut in (100, 5_000):
        _zip(tmp_path / "m.keras", parts | {INNER: parts[INNER][:cut]})
        with pytest.raises(StudioError, match="damaged"):
            contents(tmp_path / "m.keras")


def test_changed_bytes_end_in_a_sentence_or_an_answer(files: Path, tmp_path: Path):
    drawn = np.random.default_rng(5)
    for name in ("m.keras", "m.weights.h5", "m.h5"):
        whole = np.frombuffer((files / name).read_bytes(), np.uint8)
        for _ in range(60):
            other = whole.copy()
            at = drawn.integers(8, len(other), size=drawn.integers(1, 40))
            other[at] = drawn.integers(0, 256, size=len(at))
            (tmp_path / name).write_bytes(other.tobytes())
            try:
                contents(tmp_path / name)
            except StudioError as error:
                assert len(str(error).splitlines()) == 1


# Code in a file.


@pytest.mark.parametrize("name", ["code.keras", "code.h5"])
def test_a_lambda_is_shown_and_not_run(files: Path, name: str):
    (each,) = brought(contents(files / name).config)
    assert (each.kind, each.layer) == ("lambda", "twice")
    (shown,) = disassembled([each])
    assert "names it uses: Path, write_text" in shown.shown and "'/tmp/owned'" in shown.shown
    assert not Path("/tmp/owned").exists()
    assert [each.name for each in contents(files / name).layers] == ["last"]


def test_marshalled_rubbish_ends_nothing_but_its_reader():
    from studio.engine.stored_code import Brought

    code = marshal.dumps(compile("x", "x", "eval"))
    drawn = np.random.default_rng(3)
    rubbish = [b"", b"\0", marshal.dumps("text"), b"(" * 100_000, b"[\xff\xff\xff\x7f", code[:20]]
    for _ in range(4):
        other = bytearray(code)
        for at in drawn.integers(0, len(code), size=6):
            other[at] = drawn.integers(0, 256)
        rubbish.append(bytes(other))
    texts = [base64.b64encode(each).decode() for each in rubbish] + ["no base64!"]
    for shown in disassembled([Brought("lambda", "a", "lambda", text) for text in texts[:6]]):
        assert shown.shown.startswith("It can't be shown: ")
    disassembled([Brought("lambda", "a", "lambda", text) for text in texts[6:]])


def test_classes_from_elsewhere_are_named(tmp_path: Path):
    layers = [
        {
            "module": "evil.things",
            "class_name": "Layer",
            "registered_name": "own>Layer",
            "name": "a",
            "config": {
                "name": "a",
                "function": {
                    "module": "os",
                    "class_name": "function",
                    "config": "system",
                    "registered_name": "",
                },
            },
        },
        {"module": "keras.layers", "class_name": "Dense", "name": "b", "config": {"name": "b"}},
    ]
    config = {"class_name": "Sequential", "module": "keras", "config": {"layers": layers}}
    inner = io.BytesIO()
    with h5py.File(inner, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(2)
    parts = {"config.json": json.dumps(config).encode(), INNER: inner.getvalue()}
    _zip(tmp_path / "m.keras", parts)
    found = brought(contents(tmp_path / "m.keras").config)
    assert [(each.kind, each.layer, each.name) for each in found] == [
        ("class", "a", "own>Layer"),
        ("function", "a", "os.system"),
    ]
