"""The whole script: it compiles, ruff finds nothing in it, and each node is found in its lines."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tokenize
from io import StringIO
from pathlib import Path

import pytest

from studio.codegen.script import Script, write_script
from studio.graph.code import FUNCTIONS
from studio.graph.document import Project, owner
from studio.graph.file import load
from studio.graph.problems import ProjectError
from studio.graph.wiring import upstream, wire
from tests.conftest import ROOT
from tests.templates import NAMES, template_folder

from .cases import CASES, HOSTILE_NAMES
from .cases_wide import WIDE, wide
from .projects import chain, complete, csv, read, script, stage
from .ruff import found_by_ruff

ALL = [*(f"template: {name}" for name in NAMES), *CASES]


@pytest.fixture(scope="module")
def written(folder: Path) -> dict[str, tuple[Project, Script]]:
    """Every template and case with its script."""
    found = {}
    for name in NAMES:
        own = template_folder(name)
        project = load(own)
        found[f"template: {name}"] = project, write_script(project, own)
    for name, case in CASES.items():
        project = read(case(folder))
        found[name] = project, write_script(project, folder)
    return found


@pytest.fixture(scope="module")
def judged(written: dict[str, tuple[Project, Script]], tmp_path_factory) -> dict[str, str]:
    """What ruff, with its own defaults, says of each script; nothing for those it would leave."""
    return found_by_ruff(
        {name: made.text for name, (_, made) in written.items()}, tmp_path_factory.mktemp("ruff")
    )


@pytest.mark.parametrize("name", ALL)
def test_ruff_finds_nothing_in(name: str, judged: dict[str, str]) -> None:
    assert not judged.get(name), judged[name]


@pytest.fixture(scope="module")
def wide_judged(folder: Path, tmp_path_factory) -> dict[tuple[str, bool], list[str]]:
    """What ruff says of the scripts of each family of long names."""
    scripts = {}
    for family, length, case in wide():
        scripts[f"{family}: {length}"] = script(case(folder), folder).text
    found: dict[tuple[str, bool], list[str]] = {}
    for name, said in found_by_ruff(scripts, tmp_path_factory.mktemp("ruff")).items():
        family, _, length = name.rpartition(": ")
        found.setdefault((family, int(length) > LONGEST), []).append(said)
    return found


LONGEST = 60
"""Characters of a name past which it is one that no person gives."""


@pytest.mark.parametrize("family", WIDE)
def test_ruff_finds_nothing_at_any_length_of_the_names_of(
    family: str, wide_judged: dict[tuple[str, bool], list[str]]
) -> None:
    said = wide_judged.get((family, False), [])
    assert not said, f"{len(said)} differ, the first so:\n{said[0]}"


ABSURD = pytest.mark.xfail(
    strict=True, reason="where a call's head doesn't fit, ruff weighs parentheses around it all"
)
FAILING = (
    "named columns",
    "named columns with gaps",
    "a split",
    "data stages",
    "long numbers",
    "layers that are merged",
    "a shared layer",
    "a layer with states",
    "two outputs",
)


@pytest.mark.parametrize(
    "family", [pytest.param(each, marks=ABSURD if each in FAILING else ()) for each in WIDE]
)
def test_ruff_finds_nothing_at_absurd_lengths_of_the_names_of(
    family: str, wide_judged: dict[tuple[str, bool], list[str]]
) -> None:
    said = wide_judged.get((family, True), [])
    assert not said, f"{len(said)} differ, the first so:\n{said[0]}"


@pytest.mark.parametrize("name", ALL)
def test_it_is_plain_python_text(name: str, written: dict[str, tuple[Project, Script]]) -> None:
    text = written[name][1].text
    compile(text, "train.py", "exec", dont_inherit=True)
    assert all(line.isprintable() for line in text.split("\n"))
    custom = written[name][0].training.loop == "custom"
    call = 'main(resume="--resume" in sys.argv[1:])' if custom else "main()"
    assert text.endswith(f'\n\nif __name__ == "__main__":\n    {call}\n')
    text.encode("utf-8")


@pytest.mark.parametrize("name", ALL)
def test_it_has_the_four_functions_another_program_calls(
    name: str, written: dict[str, tuple[Project, Script]]
) -> None:
    tree = ast.parse(written[name][1].text)
    functions = {part.name: part for part in tree.body if isinstance(part, ast.FunctionDef)}
    required = {
        function: len(functions[function].args.args) - len(functions[function].args.defaults)
        for function in ("build_model", "make_datasets", "train", "main")
    }
    assert set(required.values()) == {0}
    assert all(map(ast.get_docstring, functions.values()))


@pytest.mark.parametrize("name", ALL)
def test_it_depends_on_nothing_but_what_it_uses(
    name: str, written: dict[str, tuple[Project, Script]]
) -> None:
    tree = ast.parse(written[name][1].text)
    assert ast.get_docstring(tree)
    modules = {
        part.module if isinstance(part, ast.ImportFrom) else part.names[0].name
        for part in ast.walk(tree)
        if isinstance(part, (ast.Import, ast.ImportFrom))
    }
    assert {"keras", "tensorflow"} <= modules
    standard = {"csv", "gzip", "math", "os", "pathlib", "socket", "urllib.request"}
    if written[name][0].training.loop == "custom":  # its checkpoints
        standard |= {"itertools", "json", "shutil", "sys", "time", "zipfile"}
    if written[name][0].distribution is not None:  # a folder that is thrown away
        standard |= {"atexit", "tempfile"}
    assert modules <= {"keras", "tensorflow", "numpy", "tensorflow_datasets"} | standard


def used_nodes(project: Project) -> list[tuple[str, str]]:
    """Every node that an output hangs on, as (graph, id)."""
    ends = {"data": project.data.outputs.values(), "model": project.model.outputs}
    return [
        (graph, node)
        for graph in ends
        for node in sorted(
            upstream(wire(project.graph(graph)), (end.partition(".")[0] for end in ends[graph]))
        )
    ]


@pytest.mark.parametrize("name", ALL)
def test_every_node_is_found_in_its_lines(
    name: str, written: dict[str, tuple[Project, Script]]
) -> None:
    project, made = written[name]
    lines = made.text.split("\n")
    known = {key for key in made.nodes if key[0] in ("data", "model")}
    assert known == set(used_nodes(project))
    for (graph, node_id), ranges in made.nodes.items():
        if graph == "code":
            head = ("def" if project.code[node_id].kind in FUNCTIONS else "class") + f" {node_id}("
            assert head in "\n".join(lines[ranges[0][0] - 1 : ranges[0][1]])
            continue
        node = project.graph(graph).nodes[node_id]
        op = owner(project.graph(graph), node).op.rpartition(".")[2].removeprefix("code:")
        for first, last in ranges:
            assert 1 <= first <= last < len(lines)
            text = "\n".join(lines[first - 1 : last])
            assert node_id in text or op in text, (graph, node_id)
        assert any(node_id in "\n".join(lines[first - 1 : last]) for first, last in ranges)


@pytest.mark.parametrize("name", ALL)
def test_the_lines_of_a_node_are_whole_pieces_of_code(
    name: str, written: dict[str, tuple[Project, Script]]
) -> None:
    """No bracket is opened in a node's lines and closed outside of them."""
    made = written[name][1]
    lines = made.text.split("\n")
    for node, ranges in made.nodes.items():
        for first, last in ranges:
            text = "\n".join(line.strip() for line in lines[first - 1 : last])
            brackets = [
                token.string
                for token in tokenize.generate_tokens(StringIO(text + "\n").readline)
                if token.type == tokenize.OP and token.string in "()[]{}"
            ]
            depth = 0
            for bracket in brackets:
                depth += 1 if bracket in "([{" else -1
                assert depth >= 0, (node, text)
            assert depth == 0, (node, text)


@pytest.mark.parametrize("name", ALL)
def test_its_sections_are_all_of_it(name: str, written: dict[str, tuple[Project, Script]]) -> None:
    made = written[name][1]
    titles = [title for title, _ in made.sections]
    assert titles[:3] == ["Docstring", "Imports", "Constants"]
    assert titles[-1] == "Main"
    joined = "\n".join(source for _, source in made.sections)
    assert squeezed(joined) == squeezed(made.text)


def squeezed(text: str) -> list[str]:
    """The lines with something in them."""
    return [line for line in text.split("\n") if line]


def test_the_same_project_gives_the_same_bytes_in_every_process(
    folder: Path, tmp_path: Path
) -> None:
    projects = tmp_path / "projects.json"
    cases = {name: (case(folder), str(folder)) for name, case in CASES.items()}
    templates = {
        name: (json.loads((own / "project.json").read_bytes()), str(own))
        for name in NAMES
        for own in [template_folder(name)]
    }
    projects.write_text(json.dumps(cases | templates))
    program = (
        "import hashlib, json, sys; from pathlib import Path\n"
        "from studio.codegen.script import write_script\n"
        "from studio.graph.read import read_project\n"
        "for name, (value, folder) in json.loads(Path(sys.argv[1]).read_text()).items():\n"
        "    made = write_script(read_project(value)[0], Path(folder))\n"
        "    print(name, hashlib.sha256((made.text + repr(made)).encode()).hexdigest())\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, projects],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].count("\n") == len(cases) + len(templates)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_changes_only_the_docstring_and_the_models_name(
    name: str, written: dict[str, tuple[Project, Script]], folder: Path
) -> None:
    named = ast.parse(written[f"name: {name}"][1].text)
    other = ast.parse(script(complete(chain(csv(label="y")), folder, name="plain"), folder).text)
    for tree in (named, other):
        tree.body.pop(0)
        for part in ast.walk(tree):
            if isinstance(part, ast.Call) and ast.unparse(part.func) in _MODELS:
                part.keywords = [each for each in part.keywords if each.arg != "name"]
    assert ast.dump(named) == ast.dump(other)


_MODELS = ("keras.Sequential", "keras.Model")


def test_a_data_node_that_leads_to_no_output_is_not_written(folder: Path) -> None:
    data = chain(csv(label="y"))
    data["nodes"] += [stage("lost", "shuffle", buffer_size=77), {**csv(), "id": "unread"}]
    data["edges"].append(["rows", "lost"])
    made = script(complete(data, folder), folder)
    assert "lost" not in made.text
    assert "77" not in made.text
    assert "unread" not in made.text
    assert not {("data", "lost"), ("data", "unread")} & set(made.nodes)


def test_a_layer_that_leads_to_no_output_is_not_written(
    written: dict[str, tuple[Project, Script]],
) -> None:
    made = written["model: a node that leads to no output"][1]
    assert "lost" not in made.text
    assert ("model", "lost") not in made.nodes


@pytest.mark.parametrize("part", ["data", "model", "training"])
def test_a_project_that_lacks_a_part_is_refused_with_a_sentence(part: str, folder: Path) -> None:
    value = complete(chain(csv(label="y")), folder)
    del value[part]
    with pytest.raises(ProjectError) as refused:
        script(value, folder)
    assert any(p.code == "missing-part" and p.graph == part for p in refused.value.problems)


def test_a_project_with_an_error_is_refused_with_all_of_them(folder: Path) -> None:
    value = complete(chain(csv(label="y")), folder)
    value["model"]["nodes"][-1]["params"] = {"units": 0, "unit": 1}
    with pytest.raises(ProjectError) as refused:
        script(value, folder)
    assert {problem.node for problem in refused.value.problems} == {"answer"}
    assert len(refused.value.problems) == 2
