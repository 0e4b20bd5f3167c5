"""The commands about runs, as real processes on runs that were really trained."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import ROOT, events, hear_interrupts, studio, studio_each

PENGUINS = ROOT / "templates" / "penguins"
LONG = ("--epochs", "100000", "--set", "training.callbacks=[]")


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Path:
    """A folder with two runs: one of three epochs, and a later one of two with other parameters."""
    runs = tmp_path_factory.mktemp("pair")
    for name, settings in (
        ("20260501-101500-penguins", ("--epochs", 3)),
        ("20260502-090000-penguins", ("--epochs", 2, "--set", RATE)),
    ):
        done = studio("run", PENGUINS, "--runs", runs / "new", "--json", *settings)
        assert done.returncode == 0, done.stderr
        Path(json.loads(done.stdout)["folder"]).rename(runs / name)
    (runs / "new").rmdir()
    return runs


RATE = "training.optimizer.params.learning_rate=0.5"


@pytest.fixture
def runs(pair, tmp_path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(pair, tmp_path / "runs", symlinks=True))


def test_runs_are_listed_with_what_they_reached(pair) -> None:
    done = studio("runs", "--runs", pair)
    assert (done.returncode, done.stderr) == (0, "")
    title, _, newer, older = done.stdout.splitlines()
    assert title.split()[:5] == ["run", "state", "when", "epochs", "took"]
    assert newer.startswith("20260502-090000-penguins  completed")
    assert older.startswith("20260501-101500-penguins  completed")
    assert " 3/3 " in older and " 2/2 " in newer
    listed = json.loads(studio("runs", "--runs", pair, "--json").stdout)
    assert listed["folder"] == str(pair)
    told = events(pair / "20260502-090000-penguins")
    (test,) = [each["metrics"] for each in told if each["event"] == "test"]
    metrics = listed["runs"][0]["metrics"]
    assert metrics["test_loss"] == test["loss"]
    by_loss = json.loads(studio("runs", "--runs", pair, "--sort", "val_loss", "--json").stdout)
    losses = [each["metrics"]["val_loss"] for each in by_loss["runs"]]
    assert losses == sorted(losses)
    by_hits = json.loads(studio("runs", "--runs", pair, "--sort", "accuracy", "--json").stdout)
    hits = [each["metrics"]["accuracy"] for each in by_hits["runs"]]
    assert hits == sorted(hits, reverse=True)
    text = "epochs < 3 and state:completed"
    found = json.loads(studio("runs", "--runs", pair, "--filter", text, "--json").stdout)
    assert [each["epoch"] for each in found["runs"]] == [2]
    said = studio("runs", "--runs", pair, "--filter", "learning_rate > 100").stdout
    assert said.startswith("There are no runs that fit learning_rate > 100 in ")


@pytest.mark.parametrize("place", ["", "project", "above"])
def test_runs_are_found_where_they_are_kept(runs, place) -> None:
    project = runs.parent / "birds"
    project.mkdir()
    shutil.copy(PENGUINS / "project.json", project)
    runs.rename(project / "runs")
    here = {"": project / "runs", "project": project, "above": project.parent}[place]
    env = {"PYTHONPATH": str(ROOT)}
    assert studio("runs", cwd=here, env=env).stdout.count("completed") == 2
    assert studio("show", "last", cwd=here, env=env).stdout.startswith("20260502-090000-penguins:")
    named = studio("runs", "--runs", project, cwd="/", env=env)
    assert named.stdout.count("completed") == 2


def test_where_there_are_none_is_said_with_where_was_looked(tmp_path) -> None:
    done = studio("runs", cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 2
    assert "No runs are kept here: looked for runs, " in done.stderr and "--runs" in done.stderr
    done = studio("runs", "--runs", tmp_path)
    assert (done.returncode, done.stdout) == (0, f"There are no runs in {tmp_path}.\n")


@pytest.mark.parametrize(
    "word", ["last", "20260502", "090000-penguins", "20260502-090000-penguins"]
)
def test_a_run_is_named_by_a_part_of_its_id(word, pair) -> None:
    found = json.loads(studio("show", word, "--runs", pair, "--json").stdout)
    assert found["run"] == "20260502-090000-penguins"
    assert found["folder"] == str(pair / found["run"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "20260501-101501-penguins"], 'Did you mean "20260501-101500-penguins" or'),
        (["show", "2026"], '"2026" may be 20260502-090000-penguins, 20260501-101500-penguins.'),
        (["show", "last", "last", "last"], "Two runs can be compared at once; 3 were named."),
        (["show", "a\x1b[31m"], "No run in"),
        (["stop", "last"], "goes on no longer: it is completed"),
        (["pause", "last"], "can't be paused: it is completed"),
        (["resume", "last"], "has been completed: there is nothing left to train"),
        (["runs", "--sort", "val_los"], 'Did you mean "val_loss"'),
        (["runs", "--filter", "val_los < 1"], 'Did you mean "val_loss"'),
        (["runs", "--filter", "state:failed or"], "  state:failed or\n               ^^"),
        (["tag", "last", "two words"], '"two words" can\'t be a tag'),
        (["tag", "last", "x", "--remove"], 'has no tag "x". It has no tags.'),
        (["note", "last", "x" * 10_001], "at most 10,000 characters"),
        (["delete", "last"], "Nobody can be asked here. Say --yes"),
        (["history", "last", "-o", "/no/such/folder/x.csv"], "can't be written"),
    ],
)
def test_what_can_not_be_done_is_a_sentence(arguments, said, pair) -> None:
    done = studio(*arguments, "--runs", pair, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "\x1b" not in done.stderr


def test_a_run_is_shown_with_all_that_it_left(pair) -> None:
    name = "20260501-101500-penguins"
    lines = studio("show", pair / name).stdout.splitlines()
    assert lines[0] == f"{name}: completed"
    assert lines[1].startswith("  Completed in 0:") and lines[1].endswith("3 of 3 epochs.")
    assert "  training.optimizer  optimizers.Adam(learning_rate=0.01)" in lines
    assert any(line.startswith("  artifacts/model.keras") for line in lines)
    found = json.loads(studio("show", pair / name, "--json").stdout)
    assert [each["epoch"] for each in found["history"]] == [1, 2, 3]
    assert found["parameters"]["training.epochs"] == 3 and found["parameters"]["batch_size"] == 16
    assert found["environment"]["data"]["assets:data/penguins.csv"]["bytes"] > 1000
    (tested,) = (each for each in events(pair / name) if each["event"] == "test")
    assert found["test"]["accuracy"] == tested["metrics"]["accuracy"]


def test_two_runs_are_compared(pair) -> None:
    names = ["20260501-101500-penguins", "20260502-090000-penguins"]
    done = studio("show", *names, "--runs", pair, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert [each["run"] for each in found["runs"]] == names
    assert found["parameters"] == [
        {"path": "training.epochs", "before": 3, "after": 2},
        {"path": "training.optimizer.params.learning_rate", "before": 0.01, "after": 0.5},
    ]
    assert (found["nodes"], found["data"], found["versions"]) == ([], [], [])
    for each in found["metrics"]:
        low = "loss" in each["metric"]
        wanted = (min if low else max)(each["values"])
        best = names[each["values"].index(wanted)]
        assert each["better"] == (best if len(set(each["values"])) == 2 else None)
    lines = studio("show", *names, "--runs", pair).stdout.splitlines()
    assert lines[0].split() == names
    assert "training.optimizer.params.learning_rate  0.01  0.5" in lines
    assert lines[-1] == "The same in both: nodes, data, versions."


def test_a_comparison_tells_other_data_other_versions_and_nodes(runs) -> None:
    one, other = runs / "20260501-101500-penguins", runs / "20260502-090000-penguins"
    about = json.loads((other / "environment.json").read_text())
    about["versions"]["keras"] = "3.99"
    about["data"]["assets:data/penguins.csv"]["sha256"] = "f" * 64
    (other / "environment.json").write_text(json.dumps(about))
    text = (other / "project.json").read_text().replace('"standard"', '"scaled"')
    (other / "project.json").write_text(text)
    lines = studio("show", one, other).stdout
    assert "sha256 ffffffffffff…" in lines and "3.99" in lines
    found = json.loads(studio("show", one, other, "--json").stdout)
    changes = [(each["path"], each["change"]) for each in found["nodes"]]
    assert changes == [("model.nodes.standard", "removed"), ("model.nodes.scaled", "added")]
    (other / "project.json").write_text("{")
    done = studio("show", one, other)
    assert done.returncode == 2 and "can't be read, so it can't be compared" in done.stderr


def test_a_failed_run_is_shown_with_the_end_of_its_log(runs) -> None:
    folder = runs / "20260502-090000-penguins"
    failing = "def main(*_, **__):\n    1 / 0\n\n\ndef _main("
    script = (folder / "train.py").read_text().replace("def main(", failing)
    (folder / "train.py").write_text(script)
    (folder / "events.jsonl").write_text("")
    with (folder / "log.txt").open("w") as log:
        command = [sys.executable, "-m", "studio.engine.child", folder]
        assert subprocess.run(command, stdout=log, stderr=log).returncode == 1
    done = studio("show", "last", "--runs", runs)
    assert "The training failed: " in done.stdout and "division by zero" in done.stdout
    assert "ZeroDivisionError: division by zero" in done.stdout.split("the log's end")[1]


DAMAGED = {
    "environment.json": [
        '{"data": {"x": 1}, "versions": [], "devices": [3], "platform": 7}',
        "[]",
        "\x00",
    ],
    "events.jsonl": [
        "",
        '{"event":"state"}\n{"event":"plan","epochs":"many"}\n{"event":["epoch"]}\n',
        '{"event":"epoch","time":1,"epoch":1,"metrics":{"loss":"bad","b":[null,"q"]}}\n',
        '{"event":"epoch","time":1,"epoch":1,"metrics":{"loss":true,"b":[null,"q"]}}\n',
        '{"event":"step","time":"now","step":1,"epoch":1,"metrics":{}}\n{"event":"test"}\n',
        '{"event":"epoch","epoch":"1","metrics":3}\n{"event":"step","step":[],"metrics":{}}\n',
    ],
    "about.json": ['{"note": 3}', '{"note": "\x1b", "tags": ["\x1b"]}'],
    "project.json": ['{"studio": 1, "training": {"optimizer": 3}}', "{"],
}
CASES = [(name, content) for name, all_of_it in DAMAGED.items() for content in all_of_it]


@pytest.mark.parametrize(("name", "content"), CASES)
def test_one_damaged_run_takes_nothing_from_the_others(name, content, runs) -> None:
    folder = runs / "20260502-090000-penguins"
    (folder / name).write_text(content)
    other = runs / "20260501-101500-penguins"
    listed, *shown, both = studio_each(
        ("runs", "--runs", runs),
        ("show", folder),
        ("history", folder),
        ("history", folder, "--steps"),
        ("show", folder, other),
    )
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "20260501-101500-penguins  completed" in listed.stdout
    for done in shown:
        assert (done.returncode, done.stderr) == (0, "") and "\x1b" not in done.stdout
    assert "wrong inside" not in both.stderr
    assert both.returncode == (2 if content == "{" else 0)


def test_notes_and_tags_are_kept_beside_the_run(runs) -> None:
    older = runs / "20260501-101500-penguins"
    assert studio("note", older, "small and\x1b quick").stdout.endswith("small and\\x1b quick\n")
    assert studio("tag", older, "baseline", "v1", "baseline").returncode == 0
    assert studio("tag", older, "v1", "--remove").stdout.endswith(": baseline\n")
    assert json.loads((older / "about.json").read_text()) == {
        "note": "small and\x1b quick",
        "tags": ["baseline"],
    }
    line = studio("runs", "--runs", runs).stdout.splitlines()[-1]
    assert line.endswith("baseline  small and\\x1b quick")
    shown = studio("show", older).stdout
    assert "\n  tags    baseline\n  note    small and\\x1b quick\n" in shown
    tagged = json.loads(studio("runs", "--runs", runs, "--tag", "baseline", "--json").stdout)
    assert [each["run"] for each in tagged["runs"]] == [older.name]
    assert studio("note", older, "").stdout == f"{older.name} has no note any more.\n"
    none = studio("runs", "--runs", runs, "--tag", "gone")
    assert none.stdout == f"There are no runs tagged gone in {runs}.\n"


def test_tags_that_are_given_at_once_are_all_kept(runs) -> None:
    code = "import sys; from pathlib import Path; from studio.engine.about import add_tags; "
    code += "[add_tags(Path(sys.argv[1]), [f'{sys.argv[2]}{i}']) for i in range(20)]"
    folder = runs / "20260501-101500-penguins"
    both = [subprocess.Popen([sys.executable, "-c", code, folder, word]) for word in "ab"]
    assert [each.wait() for each in both] == [0, 0]
    tags = json.loads((folder / "about.json").read_text())["tags"]
    assert sorted(tags) == sorted(f"{word}{i}" for word in "ab" for i in range(20))


def test_the_history_is_csv(runs, tmp_path) -> None:
    folder = runs / "20260501-101500-penguins"
    told = [each for each in events(folder) if each["event"] == "epoch"]
    printed = studio("history", folder).stdout
    rows = list(csv.DictReader(printed.splitlines()))
    assert list(rows[0])[:3] == ["epoch", "step", "seconds"]
    assert [float(row["val_loss"]) for row in rows] == [
        each["metrics"]["val_loss"] for each in told
    ]
    assert (folder / "artifacts" / "history.csv").read_text() == printed
    target = tmp_path / "steps.csv"
    assert studio("history", folder, "--steps", "-o", target).stdout == ""
    steps = list(csv.DictReader(target.read_text().splitlines()))
    wanted = [each for each in events(folder) if each["event"] == "step"]
    assert [int(row["step"]) for row in steps] == [each["step"] for each in wanted]
    assert [float(row["loss"]) for row in steps] == [each["metrics"]["loss"] for each in wanted]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the trash of Linux")
def test_a_deleted_run_is_in_the_trash_with_where_it_was(runs, tmp_path) -> None:
    data = tmp_path / "data"
    env = {"XDG_DATA_HOME": str(data)}
    name = "20260501-101500-penguins"
    shutil.copytree(runs / name, runs.parent / "again", symlinks=True)
    for place in (data / "Trash" / "files" / name, data / "Trash" / "files" / f"{name}.2"):
        done = studio("delete", name, "--yes", "--runs", runs, env=env)
        assert (done.returncode, done.stdout) == (0, f"{name} is in the trash: {place}\n")
        assert (place / "train.py").is_file() and not (runs / name).exists()
        info = (data / "Trash" / "info" / f"{place.name}.trashinfo").read_text().splitlines()
        assert info[:2] == ["[Trash Info]", f"Path={quote(str(runs / name))}"]
        assert info[2].startswith("DeletionDate=20") and len(info[2]) == len("DeletionDate=") + 19
        if (runs.parent / "again").exists():
            (runs.parent / "again").rename(runs / name)


@pytest.fixture
def going(tmp_path):
    """A run that would take long, once it trains, whose command has been killed."""
    runs = tmp_path / "runs"
    command = [sys.executable, "-m", "studio", "run", PENGUINS, "--runs", runs, *LONG]
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    until = time.monotonic() + 120
    while '"epoch"' not in "".join(p.read_text() for p in runs.glob("*/events.jsonl")):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    process.kill()
    process.wait()
    (folder,) = runs.iterdir()
    yield folder
    studio("stop", folder)


def test_a_run_that_goes_on_is_followed_left_kept_and_stopped(going) -> None:
    listed = json.loads(studio("runs", "--runs", going.parent, "--json").stdout)["runs"]
    assert [each["state"] for each in listed] == ["running"]
    refused = studio("delete", going, "--yes")
    assert refused.returncode == 2 and "goes on (it is running). Stop it first" in refused.stderr
    follower = subprocess.Popen(
        [sys.executable, "-m", "studio", "show", going, "--follow"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=hear_interrupts,
    )
    assert follower.stdout.readline().startswith("epoch ")
    follower.send_signal(2)
    out, _ = follower.communicate(timeout=30)
    assert follower.returncode == 130
    assert out.endswith(f"goes on: studio show {going.name} --follow shows it again.\n")
    assert events(going)[-1]["event"] != "state"
    done = studio("stop", going, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["run"], told["state"], told["folder"]) == (going.name, "stopped", str(going))
    assert told["metrics"]["val_loss"] >= 0
    assert (going / "checkpoints" / "stopped.keras").exists()
    assert (going / "artifacts" / "history.csv").read_text().count("\n") >= 2
    ended = studio("show", going, "--follow", "--json")
    assert json.loads(ended.stdout)["state"] == "stopped" and ended.returncode == 130


def test_a_run_is_paused_resumed_stopped_and_resumed(tmp_path) -> None:
    settings = (*LONG, "--set", "training.loop=custom")
    done = studio("run", PENGUINS, "--runs", tmp_path, "--queue", "--json", *settings)
    folder = Path(json.loads(done.stdout)["folder"])
    until = time.monotonic() + 90
    while not any(each["event"] == "epoch" for each in events(folder)):
        assert time.monotonic() < until
        time.sleep(0.1)
    done = studio("pause", "last", "--runs", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{folder.name} waits in epoch ")
    assert json.loads(studio("runs", "--runs", tmp_path, "--json").stdout)["runs"][0]["state"] == (
        "paused"
    )
    done = studio("resume", "last", "--runs", tmp_path, "--detach")
    assert done.stdout.startswith(f"{folder.name} goes on: ")
    refused = studio("resume", "last", "--runs", tmp_path)
    assert refused.returncode == 2 and "goes on already" in refused.stderr
    assert studio("stop", "last", "--runs", tmp_path).returncode == 0
    stopped = [each for each in events(folder) if each["event"] == "epoch"][-1]["epoch"]
    done = studio("resume", folder, "--detach", "--json")
    assert json.loads(done.stdout)["run"] == folder.name
    while [each for each in events(folder) if each["event"] == "epoch"][-1]["epoch"] <= stopped:
        assert time.monotonic() < until
        time.sleep(0.1)
    done = studio("stop", folder, "--keep-best")
    assert done.returncode == 0 and " Its model is that of epoch " in done.stdout
    rows = studio("history", folder).stdout.splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == list(range(1, len(rows) + 1))
