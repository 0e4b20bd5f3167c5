"""The command line: what each command prints, its exit codes, and what it never imports."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.conftest import ROOT, TEMPLATES, studio, studio_each
from tests.templates import template_folder

DIGITS = ROOT / "templates" / "digits_cnn"
COMMANDS = (
    "run",
    "validate",
    "summary",
    "script",
    "preview",
    "data",
    "speed",
    "autograph",
    "lr",
    "templates",
    "datasets",
    "cluster",
    "new",
    "runs",
    "show",
    "stop",
    "pause",
    "resume",
    "note",
    "tag",
    "history",
    "evaluate",
    "predict",
    "export",
    "serve",
    "weights",
    "freeze",
    "import",
    "diagram",
    "delete",
    "tensorboard",
)


@cache
def help_of() -> dict[str, CompletedProcess]:
    """What each command says of itself."""
    said = studio_each(*((command, "--help") for command in COMMANDS))
    return dict(zip(COMMANDS, said, strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_with_an_example(command):
    done = help_of()[command]
    assert done.returncode == 0
    assert f"example: studio {command}" in done.stdout


def test_the_help_says_what_there_is() -> None:
    done = studio("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in (*COMMANDS, "[PROJECT]", "--screenshot"))


NO_SCREEN = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        ([], NO_SCREEN, "There is no screen"),
        ([DIGITS], NO_SCREEN, "There is no screen"),
        ([], NO_SCREEN | {"DISPLAY": ":7777"}, "the window can't be opened"),
        (["rnu"], {}, 'Did you mean "run"?'),
        (["no/such/project.json"], {}, "neither a command nor a file that is there"),
        (["--theme", "dark", DIGITS], {}, "--screenshot"),
        (["--screenshot", "no/such/folder/x.png"], {}, "no folder"),
        (["--screenshot", "x.png", ROOT / "README.md"], {}, "not JSON"),
        (["--screenshot", "x.png", "--size", "wide"], {}, "1440x900"),
        (["validate", "--bogus"], {}, "usage: studio validate"),
    ],
)
def test_what_can_not_be_opened_is_a_sentence(arguments, env, said, tmp_path) -> None:
    if sys.platform in ("win32", "darwin") and env:
        pytest.skip("there is always a screen")
    done = studio(*arguments, cwd=tmp_path, env=env | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[DIGITS, "--theme", "dark"], ["--size", "1280x720"]])
def test_a_screenshot_is_a_picture_of_the_size_that_is_asked_for(arguments, tmp_path) -> None:
    path = tmp_path / "window.png"
    state = {f"XDG_{name}_HOME": str(tmp_path) for name in ("STATE", "CACHE", "CONFIG")}
    done = studio("--screenshot", path, *arguments, env=state)
    assert (done.returncode, done.stderr) == (0, "")
    content = path.read_bytes()
    size = (int.from_bytes(content[16:20]), int.from_bytes(content[20:24]))
    assert size == ((1280, 720) if "--size" in arguments else (1440, 900))
    assert not list((DIGITS).glob(".*.journal"))


QUICK = """
import json, sys
from studio.cli import main

for folder in json.loads(sys.argv[2]):
    code = main([*json.loads(sys.argv[1]), folder])
    heavy = {"tensorflow", "keras", "PySide6", "numpy", "networkx"} & set(sys.modules)
    print(end=f"\\0{code} {sorted(heavy)}\\0", flush=True)
"""


@cache
def of_templates(*command: str) -> dict[str, tuple[str, str]]:
    """What one process prints of each template; its exit code, and what it had imported by then."""
    folders = json.dumps([str(template_folder(name)) for name in TEMPLATES])
    done = subprocess.run(
        [sys.executable, "-c", QUICK, json.dumps(command), folders],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    parts = done.stdout.split("\0")
    return dict(zip(TEMPLATES, zip(parts[:-1:2], parts[1::2], strict=True), strict=True))


@pytest.mark.parametrize("command", ["validate", "script", "summary"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_quick_commands_import_neither_tensorflow_nor_keras_nor_qt(command, name):
    assert of_templates(command)[name][1] == "0 []"


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_have_no_problems(name):
    printed, ended = of_templates("validate", "--json")[name]
    assert (json.loads(printed), ended) == ({"problems": []}, "0 []")


def test_files_that_a_template_gets_when_it_is_copied_are_missed_in_one_sentence():
    done = studio("validate", ROOT / "templates" / "images_from_folder")
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        'error: data.nodes[0] "digits": images reads the folder "digits", which doesn\'t exist. '
        "Put it there, or give another path.",
        "1 error.",
    ]


def test_validate_lists_all_problems_at_once_with_the_fields_that_are_promised(tmp_path):
    value = json.loads((DIGITS / "project.json").read_text())
    value["model"]["nodes"][1]["params"]["filters"] = "many"
    value["model"]["nodes"][8]["op"] = "keras.layers.Conv2d"
    value["surprise"] = 1
    path = tmp_path / "project.json"
    path.write_text(json.dumps(value))
    done = studio("validate", path, "--json")
    problems = json.loads(done.stdout)["problems"]
    assert done.returncode == 2
    assert {(p["code"], p["node"]) for p in problems} == {
        ("unknown-key", ""),
        ("bad-param", "conv1"),
        ("unknown-op", "conv4"),
    }
    for problem in problems:
        assert list(problem) == ["severity", "code", "graph", "node", "message", "hint"]
        assert problem["hint"]
    spoken = studio("validate", path)
    assert spoken.returncode == 2
    assert 'model.nodes[1] "conv1": filters is "many", but Conv2D expects' in spoken.stdout
    assert '"keras.layers.Conv2D"' in spoken.stdout
    assert "3 errors." in spoken.stdout


def test_summary_has_the_form_that_is_promised():
    done = studio("summary", DIGITS, "--json")
    found = json.loads(done.stdout)
    rows = {row["id"]: row for row in found["nodes"]}
    assert rows["conv1"] == {
        "id": "conv1",
        "op": "keras.layers.Conv2D",
        "outputs": [{"shape": [None, 8, 8, 32], "dtype": "float32"}],
        "params": 320,
        "trainable_params": 320,
        "flops": 64 * 32 * (2 * 9 + 1 + 1),  # products and sums, the bias, the relu
    }
    assert found["totals"]["params"] == 38058
    assert found["totals"]["trainable_params"] == 38058 - 64


def test_summary_goes_on_after_a_problem(tmp_path):
    value = json.loads((DIGITS / "project.json").read_text())
    value["model"]["nodes"][5]["params"]["filters"] = 16  # conv3 no longer fits the Add
    (tmp_path / "project.json").write_text(json.dumps(value))
    done = studio("summary", tmp_path, "--json")
    assert done.returncode == 2
    rows = {row["id"]: row for row in json.loads(done.stdout)["nodes"]}
    assert len(rows) == 12
    assert rows["conv3"]["outputs"] == [{"shape": [None, 8, 8, 16], "dtype": "float32"}]
    assert rows["skip"] == {
        "id": "skip",
        "op": "keras.layers.Add",
        "outputs": [],
        "params": None,
        "trainable_params": None,
        "flops": None,
    }
    spoken = studio("summary", tmp_path)
    assert '"conv1" gives (None, 8, 8, 32) float32' in spoken.stderr
    assert '"conv3" gives (None, 8, 8, 16) float32' in spoken.stderr


def test_a_model_alone_can_be_summed_up_but_not_run(tmp_path):
    value = json.loads((DIGITS / "project.json").read_text())
    (tmp_path / "project.json").write_text(
        json.dumps({key: value[key] for key in ("studio", "model")})
    )
    assert studio("validate", tmp_path).returncode == 0
    assert studio("summary", tmp_path).returncode == 0
    done = studio("script", tmp_path)
    assert done.returncode == 2
    assert "the project has no data" in done.stderr
    assert "the project has no training" in done.stderr
    assert studio("run", tmp_path).returncode == 2
    assert not (tmp_path / "runs").exists()


def test_script_writes_a_file_with_its_data_beside_it(tmp_path):
    done = studio("script", DIGITS, "-o", tmp_path / "train.py")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "train.py").read_text() == studio("script", DIGITS).stdout
    assert (tmp_path / "assets" / "data" / "digits.csv.gz").exists()


def test_a_notebook_holds_the_same_code(tmp_path):
    done = studio("script", DIGITS, "--notebook")
    notebook = json.loads(done.stdout)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    for cell in code:
        compile(cell, "cell", "exec")
    assert any("def build_model():" in cell for cell in code)
    assert code[-1] == "main()"
    assert "__file__" not in done.stdout
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


def test_a_setting_changes_a_value_for_this_once():
    done = studio("summary", DIGITS, "--json", "--set", "model.nodes.conv1.params.filters=8")
    rows = {row["id"]: row for row in json.loads(done.stdout)["nodes"]}
    assert rows["conv1"]["params"] == 80


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("epochs", "is not of the form path=value"),
        ("model.nodes.conv9.params.filters=8", "conv9"),
        ("training.epochs=0", "expected a whole number of at least 1, found 0"),
        ("training.epoch=3", '"epochs"'),
        ("name.x=3", "isn't there"),
    ],
)
def test_a_setting_that_leads_nowhere_is_told(setting, words):
    done = studio("validate", DIGITS, "--set", setting)
    assert done.returncode == 2
    assert words in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["sunspots", "images_from_folder", "tfrecord_digits"])
def test_new_makes_a_project_that_is_ready(name, tmp_path):
    done = studio("new", name, tmp_path / "mine")
    assert (done.returncode, done.stderr) == (0, "")
    made = studio("validate", tmp_path / "mine")
    assert (made.returncode, made.stdout) == (0, "No problems.\n")


def test_new_makes_nothing_where_something_is_or_of_an_unknown_name(tmp_path):
    assert studio("new", "sunspots", tmp_path / "mine").returncode == 0
    again = studio("new", "sunspots", tmp_path / "mine")
    assert again.returncode == 2
    assert "is not empty" in again.stderr
    unknown = studio("new", "sunspot", tmp_path / "other")
    assert unknown.returncode == 2
    assert '"sunspots"' in unknown.stderr
    assert not (tmp_path / "other").exists()


def test_templates_lists_each_with_what_it_shows():
    lines = studio("templates").stdout.splitlines()
    assert [line.split()[0] for line in lines] == TEMPLATES
    assert all(len(line.split(maxsplit=1)[1]) > 20 for line in lines)
    found = json.loads(studio("templates", "--json").stdout)["templates"]
    assert [each["name"] for each in found] == TEMPLATES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read: No such file"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"{", "is not JSON"),
        (b"[]", "no Studio project"),
        (b'{"studio": 99}', "newer than the newest"),
        (b'{"studio": 1, "model": []}', "model: expected an object"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "summary", "script", "run"])
def test_what_is_no_project_is_told_in_a_sentence_with_exit_code_2(
    tmp_path, command, content, words
):
    path = tmp_path / "project.json"
    if content is not None:
        path.write_bytes(content)
    done = studio(command, path)
    assert done.returncode == 2
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "runs").exists()


def test_names_of_files_are_shown_and_not_run(tmp_path):
    path = Path(tmp_path, "a\x1b[31m\n.json")
    done = studio("validate", path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


@pytest.fixture
def telling(tmp_path) -> Path:
    """A project whose own layer declares no shape, and leaves a file behind when it is run."""
    value = json.loads((ROOT / "templates" / "custom_layer" / "project.json").read_text())
    own = value["code"]["Projection"]
    del own["output_shape"]
    own["source"] += f"\n\nopen({str(tmp_path / 'ran')!r}, 'w').close()\n"
    (tmp_path / "project.json").write_text(json.dumps(value))
    return tmp_path


@pytest.mark.parametrize("command", ["validate", "summary", "script"])
def test_nothing_of_a_project_is_run_by_a_quick_command(command, telling):
    done = studio(command, telling)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (telling / "ran").exists()


def test_with_run_code_the_layers_tell_their_shapes_and_weights(telling):
    rows = json.loads(studio("summary", telling, "--json").stdout)["nodes"]
    assert [row["outputs"] for row in rows[2:]] == [[], [], []]
    done = studio("summary", telling, "--json", "--run-code")
    assert (done.returncode, done.stderr) == (0, "")
    assert (telling / "ran").exists()
    found = json.loads(done.stdout)
    space = {"__file__": str(telling / "train.py"), "__name__": "train"}
    (telling / "assets").symlink_to(ROOT / "assets")
    exec(studio("script", telling).stdout, space)
    model = space["build_model"]()
    rows = {row["id"]: row for row in found["nodes"]}
    for layer in model.layers:
        (output,) = rows[layer.name]["outputs"]
        assert tuple(output["shape"]) == layer.output.shape
        assert rows[layer.name]["params"] == layer.count_params()
    assert found["totals"]["params"] == model.count_params()


def test_with_run_code_what_a_layer_raises_is_a_problem(telling):
    path = telling / "project.json"
    path.write_text(path.read_text().replace("self.kernel)", "self.kernl)"))
    assert studio("validate", telling).returncode == 0
    done = studio("validate", telling, "--run-code", "--json")
    assert done.returncode == 2
    (problem,) = json.loads(done.stdout)["problems"]
    assert (problem["code"], problem["node"]) == ("shape", "projection")
    assert "fails in line 20 of its source" in problem["message"]
    assert "has no attribute 'kernl'" in problem["message"]


@pytest.mark.parametrize("command", ["validate", "summary", "script"])
def test_the_help_says_that_run_code_runs_the_projects_code(command):
    text = " ".join(help_of()[command].stdout.split())
    assert "--run-code run the project's own code" in text
    assert "without it nothing of a project is executed" in text
